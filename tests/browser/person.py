"""
person - somebody at the demo page, in a headless Chromium of their own with a fresh profile. Camera and microphone are
fake ones, or there are none. The camera is a small and slow one: what encoders and decoders need has to be there for as
many people as a test has.

All traffic stays on loopback. Chromium is ended through its own driver.
"""
import pathlib
import re
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "blackbox"))

from selenium import webdriver  # noqa: E402
from selenium.webdriver.chrome.options import Options  # noqa: E402
from selenium.webdriver.chrome.service import Service  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402

from server import SOON  # noqa: E402
from server import wait_until as server_wait_until  # noqa: E402

FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-default-apps", "--disable-sync",
    "--disable-extensions", "--window-size=1024,768",
    # Names for local addresses need multicast, which a closed test machine may not have; and nobody sees the toolbars.
    # Pages of the past are not kept, no process is started for pages to come, nor one for sound: half of a test's work.
    "--disable-features=WebRtcHideLocalIpsWithMdns,PreloadTopChromeWebUI,WebUIOmniboxPopup,WebUIOmniboxAimPopup,"
    "WebUIOmniboxFullPopup,BackForwardCache,SpareRendererForSitePerProcess,AudioServiceOutOfProcess",
)
FAKE_MEDIA = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
CAMERA_SIZE = 320, 240
CAMERA_RATE = 10  # frames a second

# A video frame from elsewhere, through negotiation, ICE, DTLS and a decoder, on a machine with other things to do.
CONNECTED = 3 * SOON

# What a page's console may say: that a socket cannot be opened right now; and Chromium, on a page of one server, may
# still be after the icon of the page before, which was another server's.
EXPECTED_IN_CONSOLE = re.compile(
    r"WebSocket connection to|^(http://[^/]+/)\S* - Loading the image '(?!\1)http://127\.0\.0\.1:\d+/icon\.svg'")


def wait_until(condition, seconds, what):
    """Each look at a page is work for two processes, and what it waits for takes tenths of a second."""
    return server_wait_until(condition, seconds, what, pause=0.05, pause_max=0.2)


def write_camera(path):
    """A second of what the camera sees, again and again: grey bars that move."""
    width, height = CAMERA_SIZE
    with open(path, "wb") as file:
        file.write(f"YUV4MPEG2 W{width} H{height} F{CAMERA_RATE}:1 Ip A1:1 C420jpeg\n".encode())
        for frame in range(CAMERA_RATE):
            line = bytes((x + frame * width // CAMERA_RATE) % 256 for x in range(width))
            file.write(b"FRAME\n" + line * height + b"\x80" * (width * height // 2))


class Person:
    def __init__(self, media=True, more=(), insecure=False):
        self.profile = tempfile.mkdtemp(prefix="video-signaling-chromium-")
        options = Options()
        if media:
            write_camera(f"{self.profile}/fake-camera.y4m")
            more = *FAKE_MEDIA, f"--use-file-for-fake-video-capture={self.profile}/fake-camera.y4m", *more
        options.binary_location = shutil.which("chromium") or "chromium"
        for flag in (*FLAGS, *more, f"--user-data-dir={self.profile}"):
            options.add_argument(flag)
        options.accept_insecure_certs = insecure
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        try:
            service = Service(shutil.which("chromedriver") or "chromedriver")
            self.driver = webdriver.Chrome(service=service, options=options)
        except BaseException:
            shutil.rmtree(self.profile, ignore_errors=True)
            raise
        self.driver.set_script_timeout(CONNECTED)
        self._new_document_scripts = []

    def quit(self):
        self.driver.quit()
        shutil.rmtree(self.profile, ignore_errors=True)

    # Going places

    def open(self, url):
        self.driver.get(url)

    def go_away(self):
        """Leaves the page as one does who closes the tab, and forgets what was prepared for it."""
        self.driver.get("about:blank")
        for identifier in self._new_document_scripts:
            self.driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", {"identifier": identifier})
        self._new_document_scripts = []
        self.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})

    def prepare(self, script):
        """Runs a script in each page opened from now on, before the page's own."""
        reply = self.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": script})
        self._new_document_scripts.append(reply["identifier"])

    def enter(self, server, room, name):
        """As by a link that joins at once."""
        self.driver.get("about:blank")  # or it would only be a change of the fragment
        base = getattr(server, "base", None) or f"http://127.0.0.1:{server.port}"
        self.open(f"{base}/#room={room}&name={name}&auto=1")

    # Seeing things

    def element(self, identifier):
        return self.driver.find_element(By.ID, identifier)

    def text(self, identifier):
        return self.element(identifier).text

    def type(self, identifier, words):
        self.element(identifier).clear()
        self.element(identifier).send_keys(words)

    def focus(self):
        return self.run("return document.activeElement.id")

    def press(self, identifier):
        self.element(identifier).click()

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def wait_for_text(self, identifier, words, seconds=CONNECTED):
        wait_until(lambda: words in self.text(identifier), seconds,
                   lambda: f"{words!r} in #{identifier}; it says {self.text(identifier)!r}")

    def wait_for_status(self, words, seconds=CONNECTED):
        self.wait_for_text("status", words, seconds)

    def tiles(self):
        """{name: what is said beside it}"""
        return dict(self.run("""
            return [...document.querySelectorAll('#tiles .tile')].map((tile) =>
              [tile.querySelector('.name').textContent, tile.querySelector('.notes').textContent])"""))

    # Watching the others

    def received(self):
        """{name: {"decoded": video frames decoded, "shown": seconds shown, "width": pixels}} of those in a call."""
        return self.run("""
            const { call } = await import('/page.js');
            const received = {};
            for (const { name, peer } of call.members.values()) {
              const stats = [...(await peer.pc.getStats()).values()];
              const inbound = stats.find((one) => one.type === 'inbound-rtp' && one.kind === 'video');
              const video = [...document.querySelectorAll('#tiles .tile')]
                .find((tile) => tile.querySelector('.name').textContent === name)?.querySelector('video');
              if (video) // else it went while we waited
                received[name] = { decoded: inbound?.framesDecoded ?? 0, shown: video.currentTime, width: video.videoWidth };
            }
            return received;""")

    def next_frame(self, name):
        """Waits until the browser puts another frame of that person on the screen; returns its number of this call."""
        return self.driver.execute_async_script("""
            const done = arguments[arguments.length - 1];
            const tile = [...document.querySelectorAll('#tiles .tile')]
              .find((tile) => tile.querySelector('.name').textContent === arguments[0]);
            tile.querySelector('video').requestVideoFrameCallback((_, { presentedFrames }) => done(presentedFrames));
            """, name)

    def wait_for_picture_of(self, *names, frames=10):
        """Waits until these and no others are on the page, each with a moving picture."""
        seen = {}

        def moving():
            now = self.received()
            if set(now) != set(names):
                return False
            for name, one in now.items():
                first = seen.setdefault(name, one)
                if one["decoded"] < first["decoded"] or one["shown"] < first["shown"]:  # a new connection counts anew
                    seen[name] = first = one
                if one["decoded"] < first["decoded"] + frames or one["shown"] <= first["shown"] or not one["width"]:
                    return False
            return True

        wait_until(moving, CONNECTED, lambda: f"a moving picture of {names}; {self.received()}, {self.text('status')!r}")
        for name in names:
            self.next_frame(name)

    def complaints(self):
        """What the console says since the last time, without what it may say."""
        return [one["message"] for one in self.driver.get_log("browser")
                if not EXPECTED_IN_CONSOLE.search(one["message"])]
