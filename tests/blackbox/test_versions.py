#!/usr/bin/python3
"""
An upgrade to programs that speak another version to each other. Run by tests/full/versions, which builds them:

  VIDEO_SIGNALING_NEXT  the program of the other version
"""
import os
import pathlib
import shutil
import signal
import tempfile
import unittest

from operator_client import Operated
from raw import Closed, Raw
from server import BINARY, SOON, UNBOUNDED, main, wait_until
from test_upgrade import PROGRAMS, Talk, assert_talk, pair

NEXT = os.environ.get("VIDEO_SIGNALING_NEXT")


@unittest.skipUnless(NEXT, "there is no other version: tests/full/versions builds one")
class Versions(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="video-signaling-test-")
        self.addCleanup(shutil.rmtree, self.folder)
        os.chmod(self.folder, 0o755)
        self.install(BINARY)
        self.server = Operated(*UNBOUNDED)
        self.server.command = lambda: [f"{self.folder}/video-signaling", *self.server.flags]
        self.server.start()
        self.addCleanup(self.server.kill)

    def install(self, program):
        for name in PROGRAMS:
            shutil.copy(pathlib.Path(program).parent / name, f"{self.folder}/{name}.new")
            os.rename(f"{self.folder}/{name}.new", f"{self.folder}/{name}")

    def brokers(self):
        return {p.pid for p in self.server.roles()["broker"] if p.state not in "ZX"}

    def upgrade(self, program):
        self.install(program)
        before = self.brokers()
        self.server.send_signal(signal.SIGHUP)
        wait_until(lambda: len(now := self.brokers()) == 1 and not now & before, SOON,
                   lambda: f"another broker: {self.server.tree()} {self.server.output()}")
        wait_until(self.serves, SOON, self.server.output)

    def serves(self):
        try:
            return self.server.once("status")["state"] == "serving"
        except (ConnectionError, TypeError):
            return False

    def test_there_and_back(self):
        old = [pair(self, self.server, f"old {i}") for i in range(20)]
        with Talk(old):
            self.upgrade(NEXT)
            new = pair(self, self.server, "new")
            late = Raw(self.server)
            late.say("join", room_id="old 3", sender="late")
            late.hear_error("draining")
            late.join("new", "late")
            late.close()
            for client in new:
                client.hear("user-joined")
                client.hear("user-left")
            states = {room["room"]: room["state"] for room in self.server.rooms()}
            self.assertEqual((states["old 3"], states["new"]), ("foreign", "open"))
        a, b = old.pop()
        a.close()
        b.hear("user-left", client_id=a.client_id)
        b.say("leave")
        try:
            b.hear("left")
            b.hear_gone()  # nobody here understands that it is to go back to the lobby
        except Closed:
            pass
        wait_until(lambda: "old 19" not in {room["room"] for room in self.server.rooms()}, SOON, "it has ended")
        again = pair(self, self.server, "old 19")
        assert_talk(*again, 1)
        with Talk([*old, new, again]):
            self.upgrade(BINARY)
            states = {room["room"]: room["state"] for room in self.server.rooms()}
            self.assertEqual(states["new"], "foreign")
            # What is understood again is joined again.
            self.assertEqual(states["old 3"], "open")
        for client in (c for p in [*old, new, again] for c in p):
            client.close()
        self.server.wait_for_pool()
        self.server.assert_output_is_clean()
        self.server.stop()


if __name__ == "__main__":
    main()
