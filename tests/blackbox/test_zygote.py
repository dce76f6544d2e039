#!/usr/bin/python3
"""The zygote, of which rooms' processes are made: what becomes of rooms, old and new, when something becomes of it."""
import re
import signal

from raw import Raw
from server import SOON, UNBOUNDED, WRAPPER, ServerCase, main, wait_until


class Zygote(ServerCase):
    flags = (*UNBOUNDED, "--pool-size", "1")

    def setUp(self):
        self.server.wait_for_pool()
        self.before = self.server.descriptors()
        self.zygote = self.server.one("zygote")

    def tearDown(self):
        self.server.assert_back_at(self.before)
        super().tearDown()

    def pair(self, room):
        one, two = Raw(self.server), Raw(self.server)
        for client in one, two:
            self.addCleanup(client.close)
        one.join(room, "one")
        two.join(room, "two")
        one.hear("user-joined")
        return one, two

    def talk(self, one, two):
        one.say("offer", data=1)
        two.hear("offer", data=1)

    def leave(self, *clients):
        for client in clients:
            client.close()

    def fill_rooms(self, count):
        """Rooms more than were ready before."""
        return [client for i in range(count) for client in self.pair(f"new-{i}")]

    def wait_for_another(self):
        def is_there():
            found = self.server.roles()["zygote"]
            return len(found) == 1 and found[0].pid != self.zygote.pid
        wait_until(is_there, SOON, self.server.output)

    def test_it_is_killed(self):
        """Rooms go on; what is not made yet is made of another."""
        pair = self.pair("old")
        self.zygote.kill()
        self.talk(*pair)
        fresh = self.fill_rooms(3)
        self.wait_for_another()
        self.talk(*pair)
        self.leave(*pair, *fresh)

    def test_it_is_stopped(self):
        """The keeper does not wait for one that somebody has stopped."""
        pair = self.pair("old")
        self.zygote.kill(signal.SIGSTOP)
        fresh = self.fill_rooms(3)
        self.wait_for_another()
        self.talk(*pair)
        self.leave(*pair, *fresh)

    def test_a_room_crashes(self):
        """Who guesses where things lie in a room, and guesses wrong, learns nothing of those that are made later."""
        if self.server.ends_loudly():
            self.skipTest("a sanitizer or a wrapper says so")
        pair = self.pair("guessed")
        self.server.one("room").kill(signal.SIGSEGV)
        self.wait_for_another()
        self.talk(*pair)
        self.leave(*pair)

    def test_a_room_is_killed(self):
        """That is no guess."""
        pair = self.pair("killed")
        room = self.server.one("room")
        room.kill()
        wait_until(lambda: not room.alive() or self.server.roles()["room"] != [room], SOON, self.server.output)
        self.talk(*pair)
        self.assertEqual(self.server.one("zygote").pid, self.zygote.pid)
        self.leave(*pair)

    def test_not_too_many_are_alike(self):
        """LIMIT_ZYGOTE_ROOMDS of one, and then another."""
        with Raw(self.server) as client:
            for i in range(257):
                client.join(f"room-{i}", "one")
                client.say("leave")
                client.hear("left")
        self.wait_for_another()

    def test_layout(self):
        """Rooms of one zygote share their layout; those of another have one of their own."""
        if WRAPPER or self.server.is_sanitized():
            self.skipTest("a sanitizer or a wrapper chooses the layout itself")

        def layout(process):
            with open(f"/proc/{process.pid}/maps", encoding="ascii") as maps:
                return re.search(r"([0-9a-f]+)-.*roomd", maps.read())[1]

        pair = self.pair("first")
        first = layout(self.server.one("room"))
        self.server.one("zygote").kill()
        self.leave(*pair)
        fresh = self.fill_rooms(3)
        self.assertTrue({layout(p) for p in self.server.roles()["room"]} - {first})
        self.leave(*fresh)


if __name__ == "__main__":
    main()
