"""
machine - what is asked of a booted root (root.py) with the package in it, again and again; and the rooms that talk there
meanwhile (talk.py).
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from root import CACHE, TREE, run, wait_until

SERVICE, DIRECT = "video-signaling.service", "video-signaling-direct.service"
SOCKET, PROXY = "video-signaling.socket", "video-signaling-proxy.socket"
CONFIG = "/etc/video-signaling/video-signaling.conf"
MEET, TALK = TREE / "packaging/debian/tests/meet", TREE / "tests/packaging/talk.py"
PORT = "3000"
OLD, NEW = "1.0.0", "1.0.1"
SOON = 60


def step(text):
    print(f"ok: {text}", flush=True)


def packages():
    """A directory with both versions: VIDEO_SIGNALING_DEBS, or they are built."""
    folder = os.environ.get("VIDEO_SIGNALING_DEBS")
    if folder:
        return pathlib.Path(folder)
    folder = CACHE / "debs"
    run(str(TREE / "packaging/build-deb"), "--no-lint", "--version", OLD, str(folder),
        env={**os.environ, "DEB_BUILD_OPTIONS": "nocheck"})
    # The next version is the same with another number: its files are others all the same.
    old = next(folder.glob(f"video-signaling_{OLD}_*.deb"))
    with tempfile.TemporaryDirectory() as inside:
        run("dpkg-deb", "-R", str(old), f"{inside}/deb")
        control = pathlib.Path(f"{inside}/deb/DEBIAN/control")
        control.write_text(control.read_text().replace(f"Version: {OLD}\n", f"Version: {NEW}\n"))
        run("dpkg-deb", "--root-owner-group", "-b", f"{inside}/deb", str(old).replace(OLD, NEW))
    return folder


def deb(version):
    return f"/packages/video-signaling_{version}_$(dpkg --print-architecture).deb"


class Machine:
    def __init__(self, root):
        self.root = root

    def meet(self, port=PORT):
        said = run(*self.root.outside(sys.executable, str(MEET), "127.0.0.1", port)).stdout
        assert said == "met\n", said

    def processes(self):
        """{title: [pid, ...]} of the service's user."""
        found = {}
        for line in self.root.sh("ps -u video-signaling -o pid=,args=", check=False).stdout.splitlines():
            pid, _, title = line.strip().partition(" ")
            if pid.isdigit():
                found.setdefault(title.strip(), []).append(pid)
        return found

    def keeper(self, unit=SERVICE):
        return self.root.show(unit, "MainPID")

    def broker(self):
        """The one broker's pid, or None while there is another number of them."""
        found = self.processes().get("video-signaling: broker", [])
        return found[0] if len(found) == 1 else None

    def status(self, unit=SERVICE):
        return self.root.show(unit, "StatusText")

    def wait_active(self, unit=SERVICE):
        wait_until(lambda: self.root.show(unit, "ActiveState", "SubState") == ["active", "running"], SOON,
                   lambda: self.root.sh(f"systemctl status {unit}", check=False).stdout)

    def wait_serving(self, unit=SERVICE):
        wait_until(lambda: self.status(unit) == "Serving" and self.broker(), SOON,
                   lambda: f"{self.status(unit)}, {self.processes()}")

    def wait_pool(self):
        wait_until(lambda: len(self.processes().get("roomd: warm", [])) == 4, SOON, self.processes)

    def wait_nobody(self):
        wait_until(lambda: not self.processes(), SOON, self.processes)

    def rooms(self):
        return json.loads(self.root.sh("roomctl status --json").stdout)["rooms"]["now"]

    def kill_keeper(self, unit=SERVICE):
        """As by a crash. Returns when the next one serves."""
        before = self.keeper(unit)
        self.root.sh(f"kill -9 {before}")
        wait_until(lambda: self.keeper(unit) not in ("0", before), SOON, "another keeper")
        self.wait_active(unit)

    def upgrade(self, version, unit=SERVICE):
        """Returns when the keeper is of that version, in the same process, and another broker serves."""
        keeper, broker = self.keeper(unit), self.broker()
        self.root.sh(f"dpkg -i {deb(version)}")
        wait_until(lambda: self.broker() not in (None, broker), SOON, self.processes)
        self.wait_serving(unit)
        assert self.keeper(unit) == keeper, "it was restarted"
        for pid in keeper, self.broker():
            program = self.root.sh(f"readlink /proc/{pid}/exe").stdout
            assert "deleted" not in program, program
        return broker

    def configure(self, text):
        self.root.sh(f"cp {CONFIG} /tmp/saved.conf; printf '%s\\n' '{text}' >>{CONFIG}")

    def restore(self):
        self.root.sh(f"cp /tmp/saved.conf {CONFIG}")


def own_lines(text):
    """What is in the journal of the service beside the words of systemd itself on its starts and ends."""
    return [line for line in text.splitlines()
            if not re.match(r"((Start|Stopp?)(ing|ed)|Reload(ing|ed)) video-signaling|video-signaling\S*.service: "
                            r"(Deactivated successfully|Consumed|Scheduled restart job)", line)]


class Talking:
    """`with Talking(root) as talk: ...`: rooms talk meanwhile. Raises if one of them or a new connection was harmed."""

    def __init__(self, root, rooms=200, port=PORT, harmless=True):
        self.root, self.rooms, self.port, self.harmless, self.said = root, rooms, port, harmless, {}

    def __enter__(self):
        self.process = subprocess.Popen(
            self.root.outside(sys.executable, str(TALK), "127.0.0.1", self.port, str(self.rooms)),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "talking\n"
        return self

    def __exit__(self, kind, *_):
        text = self.process.communicate()[0]
        assert self.process.returncode == 0, text
        self.said = json.loads(text)
        if kind or not self.harmless:
            return
        assert not self.said["lost"] and not self.said["wrong"] and self.said["refused"] == 0, self.said
        assert self.said["exchanges"] > self.rooms and self.said["answered"] and self.said["joined"], self.said

    def __str__(self):
        s = self.said
        return (f"{s['exchanges']} exchanges of {self.rooms} rooms, {len(s['lost'])} lost; of {s['answered']} requests and "
                f"{s['joined']} joins {s['refused']} were refused, {s['reset']} reset before they were in a room")
