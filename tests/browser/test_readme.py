#!/usr/bin/python3
"""The README's front end, as it stands there, on pages of its own: two people see each other, and again after a loss."""
import pathlib
import re
import shutil
import tempfile

from browser_case import BrowserCase
from network import Network
from person import CONNECTED, wait_until
from server import TREE, main

PAGE = """<!doctype html><title>README</title><link rel="icon" href="/icon.svg">
<video id="%s" autoplay playsinline></video><p id="words" role="status"></p><script type="module" src="/%s.js"></script>"""


def blocks():
    """The README's JavaScript, in order: meet.js, plain, (React,) bare."""
    text = (TREE / "README.md").read_text(encoding="utf-8")
    section = text[text.index("\n## In your front end"):].split("\n## ")[1]
    return re.findall(r"^```js\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)


class ReadmeTest(BrowserCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.mkdtemp(prefix="video-signaling-readme-")
        cls.addClassCleanup(shutil.rmtree, folder)
        www = pathlib.Path(folder, "www")
        shutil.copytree(TREE / "broker/www", www)
        for name, text in zip(("meet", "plain", "bare"), blocks(), strict=True):
            (www / f"{name}.js").write_text(text, encoding="utf-8")
        (www / "plain.html").write_text(PAGE % ("other", "plain"), encoding="utf-8")
        (www / "bare.html").write_text(PAGE % ("remote", "bare"), encoding="utf-8")
        pathlib.Path(folder).chmod(0o755)  # for whomever the server runs as
        cls.flags = "--www", str(www)
        super().setUpClass()

    def wait_for_picture(self, person, identifier):
        """Of frames that are yet to come."""
        frames = f"return document.getElementById('{identifier}').getVideoPlaybackQuality().totalVideoFrames"
        before = person.run(frames)
        wait_until(lambda: person.run(frames) > before + 10, CONNECTED, lambda: person.text("words"))

    def test_with_the_module(self):
        with Network(self.server.port) as network:
            self.doctor.open(f"http://127.0.0.1:{self.server.port}/plain.html")
            self.patient.open(f"http://127.0.0.1:{network.port}/plain.html")
            for person in self.doctor, self.patient:
                self.wait_for_picture(person, "other")
            network.down = True
            network.cut()
            self.patient.wait_for_text("words", "Reconnecting…")
            network.down = False
            network.cut()
            for person in self.doctor, self.patient:
                wait_until(lambda: person.text("words") == "", CONNECTED, lambda: person.text("words"))
                self.wait_for_picture(person, "other")

    def test_a_bare_websocket(self):
        for person in self.doctor, self.patient:
            person.open(f"http://127.0.0.1:{self.server.port}/bare.html")
        for person in self.doctor, self.patient:
            self.wait_for_picture(person, "remote")


if __name__ == "__main__":
    main()
