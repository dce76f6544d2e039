#!/usr/bin/python3
"""Calls, and networks that are lost, in Firefox: with Chromium at the other side, and with another Firefox."""
import contextlib
import http.server
import threading

import test_call
import test_network
from firefox_person import FirefoxPerson
from person import CONNECTED, Person, wait_until
from server import main


class NoContent(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):  # pylint: disable=arguments-differ
        pass


@contextlib.contextmanager
def nothing_to_see():
    """The address of what a browser may go to and stay where it is."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), NoContent) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()
            thread.join()


class CallFromFirefoxTest(test_call.CallTest):
    kinds = Person, FirefoxPerson
    test_no_camera = test_three_people = None  # nothing new
    test_mute_and_camera_off_are_told_and_undone = None  # it knows Chromium's cameras by name

    def test_one_follows_a_link_that_leads_away_from_nothing(self):
        """Firefox closes the connection with 1001, as for a page that goes away. This one stays, like one with a download."""
        self.patient.prepare("""
            window.WebSocket = class extends WebSocket {
              constructor(...given) {
                super(...given);
                (window.closes ??= []);
                this.addEventListener('close', ({ code }) => window.closes.push(code));
              } };""")
        self.meet()
        who_we_are = "const { call: { signaling } } = await import('/page.js'); return [signaling.state, signaling.clientId];"
        before = self.patient.run(who_we_are)
        with nothing_to_see() as address:
            self.patient.run("setTimeout((address) => { location.href = address; }, 0, arguments[0])", address)
            wait_until(lambda: self.patient.run("return window.closes") == [1001], CONNECTED, "a close by Firefox")
            wait_until(lambda: self.patient.run(who_we_are) == before, CONNECTED, "the seat again")
            self.assert_they_talk()


class CallFromChromiumTest(test_call.CallTest):
    kinds = FirefoxPerson, Person
    test_no_camera = test_three_people = test_mute_and_camera_off_are_told_and_undone = None
    test_an_answer_does_not_fit = None  # to Firefox it does


class NetworkInFirefoxTest(test_network.NetworkTest):
    kinds = FirefoxPerson, FirefoxPerson


class NetworkToChromiumTest(test_network.NetworkTest):
    kinds = Person, FirefoxPerson


if __name__ == "__main__":
    main()
