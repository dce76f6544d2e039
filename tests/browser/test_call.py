#!/usr/bin/python3
"""Calls between real browsers through the demo page: video moves both ways, whatever happens on the way."""
from browser_case import BrowserCase
from killing import kill_at_rest, room_process
from person import CONNECTED, wait_until
from server import FULL, Server, main

KILLS = 1000 if FULL else 10

# Every signal takes its time, in order. Whoever comes in waits 1.5 s for the other's offer: so both have made one
# before they see the other's.
SLOW_SIGNALS = """
    window.sent = [];
    const send = WebSocket.prototype.send;
    WebSocket.prototype.send = function (text) {
      const { action } = JSON.parse(text);
      window.sent.push(action);
      if (!['offer', 'answer', 'ice-candidate'].includes(action)) return send.call(this, text);
      setTimeout(() => send.call(this, text), 2000);
    };"""

RESTART = """
    const { call } = await import('/page.js');
    for (const { peer } of call.members.values()) peer.restart();
    window.restarted = performance.now();"""

CALM = """
    const { call } = await import('/page.js');
    return [...call.members.values()].every(({ peer: { pc } }) =>
      pc.signalingState === 'stable' && pc.connectionState === 'connected')
      && performance.now() > (window.restarted ?? 0) + 4000;"""


class BusyServer(Server):
    """To which clients come back as soon as it listens."""

    def wait_for_pool(self, *_):
        pass


class CallTest(BrowserCase):
    def test_video_moves_both_ways(self):
        self.meet()

    def test_one_hangs_up_and_comes_back(self):
        self.patient.prepare("""
            window.opened = 0;
            window.WebSocket = class extends WebSocket { constructor(...given) { super(...given); window.opened++; } };""")
        self.meet()
        self.patient.press("hang-up")
        self.patient.wait_for_status("You left the room.")
        self.doctor.wait_for_status("Patient hung up.")
        self.assertEqual(self.doctor.tiles(), {})
        opened = "return window.opened"
        self.assertEqual(self.patient.run(opened), 1)
        self.patient.press("join")  # name and room are still there, and so is the connection to the server
        self.assert_they_talk()
        self.assertEqual(self.patient.run(opened), 1)

    def test_one_closes_the_page_and_opens_it_again(self):
        self.meet()
        self.patient.driver.get("about:blank")
        self.doctor.wait_for_status("Patient hung up.")
        self.patient.enter(self.server, self.room, "Patient")
        self.assert_they_talk()

    def test_the_rooms_process_is_killed_again_and_again(self):
        """At rest: no socket drops, no call is made anew, and what is said next arrives."""
        for person in (self.doctor, self.patient):
            person.prepare("""
                window.opened = 0;
                window.WebSocket = class extends WebSocket { constructor(...given) { super(...given); window.opened++; } };
                window.calls = 0;
                window.RTCPeerConnection = class extends RTCPeerConnection {
                  constructor(...given) { super(...given); window.calls++; } };""")
        self.meet()
        calls = [person.run("return window.calls") for person in (self.doctor, self.patient)]
        process = None
        for i in range(KILLS):
            process = room_process(self.server, process)
            kill_at_rest(process)
            if i % 5 == 4:
                self.patient.press("microphone")
                said = "muted" if i % 10 == 4 else ""
                wait_until(lambda said=said: self.doctor.tiles() == {"Patient": said}, CONNECTED, self.doctor.tiles)
        self.assert_they_talk()
        for person, before in zip((self.doctor, self.patient), calls):
            self.assertEqual(person.run("return [window.opened, window.calls]"), [1, before])

    def test_mute_and_camera_off_are_told_and_undone(self):
        self.meet()
        self.patient.press("microphone")
        self.patient.press("camera")
        wait_until(lambda: self.doctor.tiles() == {"Patient": "muted · camera off"}, CONNECTED, self.doctor.tiles)
        self.doctor.wait_for_picture_of("Patient")  # a drawn one
        self.assertEqual(self.patient.text("microphone"), "Unmute")
        self.assertEqual(self.patient.text("camera"), "Camera on")
        live = """
            const { media } = await import('/page.js');
            return media.stream.getTracks().map(({ kind, enabled, label }) => [kind, enabled, label.includes('fake')]);"""
        self.assertNotIn(["video", True, True], self.patient.run(live), "the camera is still in use")
        self.patient.press("microphone")
        self.patient.press("camera")
        wait_until(lambda: self.doctor.tiles() == {"Patient": ""}, CONNECTED, self.doctor.tiles)
        self.assertIn(["video", True, True], self.patient.run(live))
        self.assert_they_talk()

    def test_three_people(self):
        """The third has neither camera nor microphone: a drawn picture stands in."""
        interpreter = self.another_person(media=False)
        self.meet()
        interpreter.enter(self.server, self.room, "Interpreter")
        interpreter.wait_for_picture_of("Doctor", "Patient")
        self.doctor.wait_for_picture_of("Patient", "Interpreter")
        self.patient.wait_for_picture_of("Doctor", "Interpreter")
        self.assertIn("no camera or microphone was found", interpreter.text("media-note"))
        drawn = {"Patient": "", "Interpreter": "muted · camera off"}
        wait_until(lambda: self.doctor.tiles() == drawn, CONNECTED, self.doctor.tiles)
        self.doctor.press("hang-up")
        interpreter.wait_for_picture_of("Patient")
        self.patient.wait_for_picture_of("Interpreter")

    def test_both_call_at_once(self):
        """Who gives way depends on the client_ids: several times, so that either side is the polite one."""
        self.doctor.prepare(SLOW_SIGNALS)
        self.patient.prepare(SLOW_SIGNALS)
        for attempt in range(6 if FULL else 2):
            with self.subTest(attempt=attempt):
                self.room += "-again"
                self.meet()
                for person in self.doctor, self.patient:
                    sent = person.run("return window.sent")
                    self.assertIn("offer", sent)
                    # Nobody answered before both had called.
                    if "answer" in sent:
                        self.assertLess(sent.index("offer"), sent.index("answer"))
        # And in the middle of a call.
        self.look_for_a_new_way(self.doctor, self.patient)

    def look_for_a_new_way(self, *who):
        for person in who:
            person.run(RESTART)
        for person in self.doctor, self.patient:
            wait_until(lambda: person.run(CALM), CONNECTED, "a connection that is calm again")
        self.assert_they_talk()

    def test_each_looks_for_a_new_way(self):
        """Whoever called first, and whoever answered."""
        self.meet()
        first = "const { call } = await import('/page.js'); return [...call.members.values()][0].peer.pc"
        for person in self.doctor, self.patient:
            person.run(f"window.first = await (async () => {{ {first}; }})()")
        for who in self.doctor, self.patient, self.doctor:
            self.look_for_a_new_way(who)
        for person in self.doctor, self.patient:
            self.assertTrue(person.run(f"return window.first === await (async () => {{ {first}; }})()"), "it is another call")

    def test_an_answer_does_not_fit(self):
        """The other side would suddenly be the server of DTLS: Chromium refuses that, and both start again."""
        self.patient.prepare("""
            const send = WebSocket.prototype.send;
            WebSocket.prototype.send = function (text) {
              const spoil = window.spoil && JSON.parse(text).action === 'answer';
              if (spoil) window.spoil = false;
              send.call(this, spoil ? text.replaceAll('a=setup:active', 'a=setup:passive') : text);
            };""")
        self.meet()
        self.patient.run("window.spoil = true")
        self.look_for_a_new_way(self.doctor)
        self.assertFalse(self.patient.run("return window.spoil"))
        complaint, = self.doctor.complaints()
        self.assertIn("SSL role", complaint)

    def test_the_server_goes_and_comes_back(self):
        with Server() as server:
            self.meet(server)
            port = server.port
        for person in self.doctor, self.patient:
            person.wait_for_status("The connection to the server was lost. Reconnecting…")
        # Pictures do not pass through the server: the call goes on without it.
        self.doctor.wait_for_picture_of("Patient")
        self.patient.wait_for_picture_of("Doctor")
        with BusyServer(port=port) as server:
            self.assert_they_talk()
            for person in self.doctor, self.patient:
                person.press("hang-up")

    def test_one_socket_is_cut(self):
        self.patient.prepare("""
            window.WebSocket = class extends WebSocket {
              constructor(...given) { super(...given); (window.sockets ??= []).push(this); }
            };""")
        self.meet()
        self.patient.run("window.sockets.at(-1).close(4900, 'cut by the test')")
        wait_until(
            lambda: self.patient.run("""
                const { call: { signaling } } = await import('/page.js');
                return window.sockets.length > 1 && signaling.state === 'joined';"""),
            CONNECTED, "the room again",
        )
        self.assert_they_talk()


if __name__ == "__main__":
    main()
