#!/usr/bin/python3
"""Nothing personal leaks: no data, SDP or name in any log at any level, in a title, or in an error to anybody else."""
import unittest

from raw import BINARY, CLOSE, PING, TEXT, Raw, close_payload, frame, say, text, upgrade_request
from server import Server, main

DATA = "secret-9c41-data"
NAME = "secret-9c41-name"


class Privacy(unittest.TestCase):
    def everything_that_can_be_said(self, server):
        room, one_label, two_label = f"{NAME}-room", f"{NAME}-one", f"{NAME}-two"
        with Raw(server) as one, Raw(server, path=f"/ws/{room}?token={DATA}", extra=(f"Cookie: session={DATA}",
                )) as two:
            for message in (text(f'{{"action":"dance","data":"{DATA}"}}'), text(DATA), text(f'{{"{DATA}":1'),
                            frame(BINARY, DATA.encode()),
                            say("join", room_id=f"{NAME}\n", sender=NAME), say("offer", data=DATA)):
                one.send(message)
                one.hear("error")
                self.assertNotIn(DATA, one.last_text)
            two.say("join", room_id=f"{NAME}-wrong", sender=NAME)
            two.hear_error("room-mismatch")
            one.say("join", room_id=room, sender=one_label, data=DATA, token=DATA)
            one.hear("joined")
            two.join(room, two_label)
            one.hear("user-joined")
            one.say("offer", data={"type": "offer", "sdp": f"v=0 {DATA}"})
            two.hear("offer")
            for message in (say("offer", data=DATA, target=f"{NAME}-nobody"),
                            text(f'{{"action":"offer","data":"{DATA}'),
                            say("join", room_id=room, sender=NAME),
                            text(f'{{"action":"offer","data":"{DATA}","data":1}}'), frame(BINARY, DATA.encode())):
                two.send(message)
                two.hear("error")
                self.assertNotIn(DATA, two.last_text)
            two.send(frame(PING, DATA.encode()))
            two.frame()
            titles = " ".join(process.title for process in server.tree())
            self.assertNotIn("9c41", titles)
            two.send(frame(CLOSE, close_payload(4000, DATA)))
            two.hear_close(4000, 1000)
            one.hear("user-left")
        for last in (frame(TEXT, DATA.encode() + b"\xff"), frame(3, DATA.encode()), frame(CLOSE, close_payload(999,
            DATA)),
                     frame(TEXT, DATA, mask=None), say("ping", data=DATA) * 3000, text(DATA) * 30):
            with Raw(server) as client:
                client.join(room, one_label)
                client.send_lenient(last)
                client.hear_gone()
        for request in (f"GET /{DATA} HTTP/1.1\r\nHost: {DATA}\r\nCookie: {DATA}\r\n\r\n", f"{DATA}\r\n\r\n",
                f"GET /ws?token={DATA} HTTP/1.1\r\n\r\n"):
            with Raw(server, upgrade=False) as client:
                client.send_lenient(request.encode())
                client.end_lenient()
                client.hear_gone()

    def log_at(self, *flags):
        with Server("--log-level", "trace", *flags) as server:
            self.everything_that_can_be_said(server)
            server.stop()
            return server.output()

    def test_hashed(self):
        self.assertNotIn("9c41", self.log_at("--log-names", "hashed"))

    def test_none(self):
        self.assertNotIn("9c41", self.log_at("--log-names", "none"))

    def test_plain(self):
        """Names as the operator chose, data never."""
        log = self.log_at("--log-names", "plain")
        self.assertNotIn(DATA, log)
        self.assertIn(NAME, log, "at this level a room's name is worth a line: else the tests above are blind")

    def test_default_is_hashed(self):
        self.assertNotIn("9c41", self.log_at())

    def test_names_that_would_garble_a_terminal(self):
        """assert_output_is_clean(), which stop() calls, is the check."""
        with Server("--log-level", "trace", "--log-names", "plain") as server:
            for name in ("caf\u00e9", 'a "quoted" name', "back\\slash", "\u0627\u0644", "a\u00a0b", "x=y z=w",
                    "\U0001f600"):
                with Raw(server) as client:
                    client.join(name, name)
            for path in ("/ws/%1b%5b31m", "/%1b%5b31m", "/\x1b[31m"):
                with Raw(server, upgrade=False) as client:
                    client.send_lenient(upgrade_request(path))
                    client.hear_gone()


if __name__ == "__main__":
    main()
