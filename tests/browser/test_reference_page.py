#!/usr/bin/python3
"""Pages of the reference system's kind, unchanged: two of them, and one with somebody at the demo page."""
import functools
import http.server
import pathlib
import threading
import urllib.parse

from browser_case import BrowserCase
from person import CONNECTED, wait_until
from server import main

# In the reference page: it makes a connection for each offer that comes, and one when it calls.
COUNTED_CONNECTIONS = """
    window.connections = 0;
    window.RTCPeerConnection = class extends RTCPeerConnection {
      constructor(...given) { super(...given); window.connections++; }
    };"""


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class ReferencePageTest(BrowserCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Another origin than the signaling server's, as a front end has.
        handler = functools.partial(QuietHandler, directory=pathlib.Path(__file__).resolve().parent)
        cls.front_end = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        thread = threading.Thread(target=cls.front_end.serve_forever)
        thread.start()
        for clean_up in thread.join, cls.front_end.server_close, cls.front_end.shutdown:  # the last comes first
            cls.addClassCleanup(clean_up)

    def visit(self, person, sender):
        query = urllib.parse.urlencode(
            {"server": f"ws://127.0.0.1:{self.server.port}/ws", "room": self.room, "sender": sender})
        person.open(f"http://127.0.0.1:{self.front_end.server_port}/reference_page.html?{query}")
        person.wait_for_status("joined")

    def wait_for_picture(self, person, seconds=CONNECTED):
        """Waits until frames of the other arrive and are shown."""
        def frames():
            return person.run(
                "return document.getElementById('remote').getVideoPlaybackQuality().totalVideoFrames") > 10
        wait_until(frames, seconds, lambda: f"a moving picture; {person.text('status')!r}")

    def complaints_about_icons(self, person):
        return [one for one in person.complaints() if "favicon.ico" not in one]

    def tearDown(self):
        for person in self.doctor, self.patient:
            self.assertEqual(self.complaints_about_icons(person), [])
        super().tearDown()

    def test_two_of_them(self):
        self.visit(self.doctor, "doctor-123")
        self.visit(self.patient, "patient-456")
        self.doctor.wait_for_status("patient-456 joined")
        self.doctor.press("call")
        self.wait_for_picture(self.doctor)
        self.wait_for_picture(self.patient)
        self.patient.press("leave")
        self.doctor.wait_for_status("patient-456 left")

    def meet_at_the_demo_page(self):
        """Whoever is in the room calls whoever comes: doctor, at the demo page, the patient."""
        self.patient.prepare(COUNTED_CONNECTIONS)
        self.doctor.enter(self.server, self.room, "Doctor")
        self.doctor.wait_for_status("You are the first here")
        self.visit(self.patient, "patient-456")
        self.wait_for_picture(self.patient)
        self.doctor.wait_for_picture_of("patient-456")

    def wait_for_another_picture(self):
        self.wait_for_picture(self.patient)
        self.doctor.wait_for_picture_of("patient-456")

    def test_it_calls_the_demo_page(self):
        self.meet_at_the_demo_page()
        # It calls by itself, with another connection: a new session.
        self.patient.run("document.getElementById('remote').srcObject = null")
        self.patient.press("call")
        self.wait_for_another_picture()
        self.assertEqual(self.patient.run("return window.connections"), 2, "it was called again, and is one for one call")
        self.patient.press("leave")
        self.doctor.wait_for_status("patient-456 hung up.")

    def test_it_calls_who_has_just_come(self):
        """Before the demo page would call it."""
        self.patient.prepare(COUNTED_CONNECTIONS)
        self.visit(self.patient, "patient-456")
        self.doctor.enter(self.server, self.room, "Doctor")
        self.patient.wait_for_status("Doctor joined")
        self.patient.press("call")
        self.wait_for_another_picture()

    def test_it_answers_with_another_connection(self):
        """The demo page looks for a new way, and the other side makes a new connection for that: so must it."""
        self.meet_at_the_demo_page()
        self.patient.run("document.getElementById('remote').srcObject = null")
        self.doctor.run("""
            const { call } = await import('/page.js');
            for (const { peer } of call.members.values()) peer.restart();""")
        self.wait_for_another_picture()

    def test_the_demo_page_calls_it(self):
        self.visit(self.patient, "patient-456")
        self.doctor.enter(self.server, self.room, "Doctor")
        # It does not call by itself, so the demo page does after a while.
        self.wait_for_picture(self.patient)
        self.doctor.wait_for_picture_of("patient-456")
        self.doctor.press("hang-up")
        self.patient.wait_for_status("Doctor left")


if __name__ == "__main__":
    main()
