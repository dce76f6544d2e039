#!/usr/bin/python3
"""
A real TURN server (coturn) and two real browsers that may use nothing but its relay: they connect with the credentials
that `joined` brings, and not with others.
"""
import base64
import hashlib
import hmac
import os
import sys
import tempfile
import time
import unittest

from person import CONNECTED, Person
from server import Server, main
from turn import PROGRAM, Turn

SECRET = "north-star-7"

# Joins, and connects to whoever else is there with the given change to its ice_servers; resolves with what became of
# it: "connected", or an error.
MEET = """
    const [room, name, change, patience, done] = arguments;
    const ws = new WebSocket(`ws://${location.host}/ws`);
    const send = (message) => ws.send(JSON.stringify(message));
    const finish = (result) => { setTimeout(() => { done(result); }, 300); };
    const errors = [];
    setTimeout(() => finish('nothing: ' + errors.join(', ')), patience);
    let pc;
    const start = () => {
      pc = new RTCPeerConnection({ iceServers: window.iceServers, iceTransportPolicy: 'relay' });
      pc.onicecandidate = ({ candidate }) => candidate && send({ action: 'ice-candidate', data: candidate });
      pc.onicecandidateerror = ({ errorCode }) => { errors.push(errorCode); if (errorCode === 401) finish('refused'); };
      pc.ondatachannel = ({ channel }) => { channel.onmessage = ({ data }) => { channel.send('back: ' + data); finish('connected'); }; };
    };
    ws.onopen = () => send({ action: 'join', room_id: room, sender: name });
    ws.onmessage = async ({ data: text }) => {
      const { action, data, ice_servers, participants } = JSON.parse(text);
      if (action === 'joined') {
        window.iceServers = new Function('servers', change)(ice_servers);
        if (participants.length === 0) send({ action: 'ice-servers' });
      } else if (action === 'ice-servers') {
        window.iceServers = new Function('servers', change)(ice_servers);
        window.renewed = true;
      } else if (action === 'user-joined') {
        start();
        const channel = pc.createDataChannel('chat');
        channel.onopen = () => channel.send('hello');
        channel.onmessage = ({ data }) => finish(data === 'back: hello' ? 'connected' : data);
        await pc.setLocalDescription();
        send({ action: 'offer', data: pc.localDescription });
      } else if (action === 'offer') {
        start();
        await pc.setRemoteDescription(data);
        await pc.setLocalDescription();
        send({ action: 'answer', data: pc.localDescription });
      } else if (action === 'answer') await pc.setRemoteDescription(data);
      else if (action === 'ice-candidate') await pc?.addIceCandidate(data);
    };
"""

AS_IT_IS = "return servers;"
ALTERED = "return servers.map((one) => ({ ...one, credential: one.credential.replace(/^./, (c) => c === 'A' ? 'B' : 'A') }));"
RENAMED = "return servers.map((one) => ({ ...one, username: one.username.replace(/:.*/, ':somebody-else') }));"
LONGER = "return servers.map((one) => ({ ...one, username: one.username.replace(/^[0-9]/, '9') }));"


class TurnTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.turn = Turn(SECRET)
        cls.addClassCleanup(cls.turn.close)
        folder = tempfile.TemporaryDirectory(prefix="video-signaling-test-")
        cls.addClassCleanup(folder.cleanup)
        cls.secret = f"{folder.name}/turn-secret"
        with open(cls.secret, "w", encoding="ascii", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(SECRET)
        cls.people = [Person(media=False, more=("--allow-loopback-in-peer-connection",)) for _ in range(2)]
        for person in cls.people:
            cls.addClassCleanup(person.quit)

    def meet(self, server, change, patience_s=CONNECTED):
        """What became of it for each of the two."""
        room = f"room-{time.monotonic()}"
        for person in self.people:
            person.open(f"http://127.0.0.1:{server.port}/live")
            person.driver.set_script_timeout(patience_s + 30)
        first, second = self.people
        # The first waits in the background: its script is started without waiting for its end.
        start = "window.result = null; const meet = function () {" + MEET + "};" \
                "meet(arguments[0], arguments[1], arguments[2], arguments[3], (result) => { window.result = result; });"
        for person, name in (first, "first"), (second, "second"):
            person.run(start, room, name, change, patience_s * 1000)
            if person is first:
                self.wait(lambda: first.run("return window.renewed"), "fresh servers")
        self.wait(lambda: all(person.run("return window.result") for person in self.people), "an end", patience_s + 10)
        results = [person.run("return window.result") for person in self.people]
        for person in self.people:
            person.complaints()
            person.open("about:blank")
        return results

    def wait(self, condition, what, seconds=CONNECTED):
        end = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), end, f"{what}; the TURN server says: {self.turn.log()[-3000:]}")
            time.sleep(0.05)

    def server(self, *flags):
        return Server("--ice-servers", self.turn.url, "--turn-secret-file", self.secret, *flags)

    def test_good_credentials(self):
        with self.server() as server:
            self.assertEqual(self.meet(server, AS_IT_IS), ["connected", "connected"], self.turn.log()[-3000:])

    def test_the_demo_page_uses_them(self):
        """It, too, with nothing but the relay: a picture each way."""
        relay = "const Real = RTCPeerConnection; window.RTCPeerConnection = class extends Real {" \
                " constructor(configuration) { super({ ...configuration, iceTransportPolicy: 'relay' }); }" \
                " setConfiguration(configuration) { super.setConfiguration({ ...configuration, iceTransportPolicy: 'relay' }); } };"
        doctor, patient = self.people
        with self.server() as server:
            for person in self.people:
                person.prepare(relay)
            try:
                doctor.enter(server, "relayed", "Doctor")
                doctor.wait_for_status("You are the first here")
                patient.enter(server, "relayed", "Patient")
                doctor.wait_for_picture_of("Patient")
                patient.wait_for_picture_of("Doctor")
            finally:
                for person in self.people:
                    person.go_away()

    def test_altered_ones(self):
        with self.server() as server:
            for change in ALTERED, RENAMED, LONGER:
                with self.subTest(change):
                    self.assertEqual(self.meet(server, change), ["refused", "refused"], self.turn.log()[-3000:])

    def test_expired_ones(self):
        """Made with the secret, and good but for their time; the same with time left are good."""
        made = "return servers.map((one) => ({ ...one, username: '%s', credential: '%s' }));"
        with self.server() as server:
            for seconds, result in (-60, "refused"), (600, "connected"):
                name = f"{int(time.time()) + seconds}:somebody"
                mac = base64.b64encode(hmac.new(SECRET.encode(), name.encode(), hashlib.sha1).digest()).decode()
                self.assertEqual(self.meet(server, made % (name, mac)), [result, result], self.turn.log()[-3000:])


if __name__ == "__main__":
    if not PROGRAM:
        print("coturn is not installed")
        sys.exit(77)
    main()
