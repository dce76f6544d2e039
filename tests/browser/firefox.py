"""
firefox - drives a headless Firefox of one's own by WebDriver BiDi: as much of selenium's driver as person.py needs, because
Debian has Firefox, and nothing that drives it.
"""
import asyncio
import concurrent.futures
import json
import pathlib
import shutil
import subprocess
import tempfile
import threading
import time

import websockets

PREFERENCES = {
    "media.navigator.streams.fake": True, "media.navigator.permission.disabled": True, "media.autoplay.default": 0,
    "media.block-autoplay-until-in-foreground": False,
    # Names for local addresses need multicast; and a closed test machine may have no other address than the loopback's.
    "media.peerconnection.ice.obfuscate_host_addresses": False, "media.peerconnection.ice.loopback": True,
    # It needs nothing from elsewhere.
    "app.normandy.enabled": False, "app.update.enabled": False, "browser.aboutwelcome.enabled": False,
    "browser.newtabpage.enabled": False, "browser.region.update.enabled": False,
    "browser.safebrowsing.downloads.remote.enabled": False, "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False, "browser.shell.checkDefaultBrowser": False,
    "datareporting.healthreport.uploadEnabled": False, "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.getAddons.cache.enabled": False, "extensions.systemAddon.update.enabled": False,
    "media.gmp-manager.updateEnabled": False, "media.gmp-manager.url": "", "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False, "network.prefetch-next": False, "services.settings.server": "data:,",
    "toolkit.telemetry.enabled": False,
}


class FirefoxError(Exception):
    pass


class Firefox:
    def __init__(self, seconds):
        self._seconds = seconds
        self._profile = pathlib.Path(tempfile.mkdtemp(prefix="video-signaling-firefox-"))
        lines = (f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in PREFERENCES.items())
        (self._profile / "user.js").write_text("".join(lines), encoding="utf-8")
        self._process = subprocess.Popen(
            [shutil.which("firefox-esr") or "firefox", "--headless", "--no-remote", "--remote-debugging-port=0",
             "--profile", self._profile],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._answers = {}
        self._log = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._socket = None
        try:
            self._socket = self._do(self._connect(self._address()))
            self._do(self._listen())
            self.call("session.new", {"capabilities": {}})
            self.call("session.subscribe", {"events": ["log.entryAdded"]})
            self._context = self.call("browsingContext.getTree", {})["contexts"][0]["context"]
        except BaseException:
            self.quit()
            raise

    def _address(self):
        end = time.monotonic() + self._seconds
        while True:
            try:
                server = json.loads((self._profile / "WebDriverBiDiServer.json").read_text())
                return f"ws://127.0.0.1:{server['ws_port']}/session"
            except (OSError, ValueError):
                if self._process.poll() is not None or time.monotonic() > end:
                    raise
                time.sleep(0.1)

    def _do(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(self._seconds)

    async def _connect(self, address):
        return await websockets.connect(address, max_size=None, ping_interval=None)

    async def _listen(self):
        self._listener = asyncio.ensure_future(self._hear())

    async def _hear(self):
        async for text in self._socket:
            message = json.loads(text)
            if message["type"] == "event":
                self._log.append(message["params"])
            else:
                self._answers.pop(message["id"]).set_result(message)

    def call(self, method, parameters):
        answer = concurrent.futures.Future()
        number = id(answer)
        self._answers[number] = answer
        self._do(self._socket.send(json.dumps({"id": number, "method": method, "params": parameters})))
        message = answer.result(self._seconds)
        if message["type"] == "error":
            raise FirefoxError(f"{message['error']}: {message['message']}")
        return message["result"]

    # As selenium has it

    def get(self, url):
        self.call("browsingContext.navigate", {"context": self._context, "url": url, "wait": "complete"})

    def execute_script(self, script, *arguments):
        """In the page itself, whose modules are those that the script imports."""
        result = self.call("script.callFunction", {
            "functionDeclaration": f"async (given) => JSON.stringify(await (async function () {{ {script} }})"
                                   ".apply(null, JSON.parse(given)) ?? null)",
            "arguments": [{"type": "string", "value": json.dumps(arguments)}],
            "awaitPromise": True, "target": {"context": self._context}, "userActivation": True})
        if result["type"] == "exception":
            raise FirefoxError(result["exceptionDetails"]["text"])
        return json.loads(result["result"]["value"])

    def execute_async_script(self, script, *arguments):
        return self.execute_script(
            f"const given = [...arguments]; return new Promise((resolve) => (function () {{ {script} }})(...given, resolve));",
            *arguments)

    def add_preload_script(self, script):
        return self.call("script.addPreloadScript", {"functionDeclaration": f"() => {{ {script} }}"})["script"]

    def remove_preload_script(self, identifier):
        self.call("script.removePreloadScript", {"script": identifier})

    def take_log(self):
        """What errors and warnings the pages had, and what they said on the console, since the last time."""
        taken, self._log = self._log, []
        return [one["text"] or "" for one in taken if one["level"] in ("error", "warn")]

    def screenshot(self):
        """Returns a PNG in base64."""
        return self.call("browsingContext.captureScreenshot", {"context": self._context})["data"]

    def quit(self):
        try:
            if self._socket:
                self.call("browser.close", {})
                self._process.wait(self._seconds)
        except (OSError, FirefoxError, subprocess.TimeoutExpired, concurrent.futures.TimeoutError, websockets.WebSocketException):
            pass
        finally:
            if self._process.poll() is None:
                self._process.kill()
            self._process.wait()
            if self._socket:
                self._do(self._socket.close())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()
            shutil.rmtree(self._profile, ignore_errors=True)
