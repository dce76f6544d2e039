#!/usr/bin/python3
"""The zygote, of which rooms' processes are made: what becomes of rooms, old and new, when something becomes of it."""
import os
import re
import signal
import subprocess
import threading
import unittest

from operator_client import Operated
from raw import Raw
from server import Process, SOON, UNBOUNDED, WRAPPER, Server, ServerCase, main, may_trace, wait_until


class Zygote(ServerCase):
    flags = (*UNBOUNDED, "--pool-size", "1")

    def setUp(self):
        self.before = self.server.descriptors_at_rest()
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
        """Rooms go on; what is not made yet is made of another; the operator is told."""
        pair = self.pair("old")
        self.zygote.kill()
        wait_until(lambda: "zygote-killed signal=9" in self.server.output(), SOON, self.server.output)
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

    def test_stack(self):
        """A room has a stack of its own, below which nothing can be touched, and nothing of the zygote's."""
        if WRAPPER or self.server.is_sanitized():
            self.skipTest("those fork as everyone does")
        pair = self.pair("two")
        maps = self.server.one("room").maps()
        self.assertNotIn("[stack]", maps)
        self.assertRegex(maps, r"---p .*\n.* rw-p 00000000 00:00 0")
        self.leave(*pair)

    def test_policy(self):
        """Rooms interrupt nobody; whoever is to be let in may interrupt them."""
        pair = self.pair("two")
        for role, policy in ("room", os.SCHED_BATCH), ("broker", os.SCHED_OTHER), ("keeper", os.SCHED_OTHER):
            self.assertEqual(os.sched_getscheduler(self.server.one(role).pid), policy, role)
        self.leave(*pair)

    def test_layout(self):
        """Rooms of one zygote share their layout; those of another have one of their own."""
        if WRAPPER or self.server.is_sanitized():
            self.skipTest("a sanitizer or a wrapper chooses the layout itself")

        def layout(process):
            return re.search(r"([0-9a-f]+)-.*roomd", process.maps())[1]

        pair = self.pair("first")
        first = layout(self.server.one("room"))
        self.server.one("zygote").kill()
        self.leave(*pair)
        fresh = self.fill_rooms(3)
        self.assertTrue({layout(p) for p in self.server.roles()["room"]} - {first})
        self.leave(*fresh)


class ChosenPolicy(unittest.TestCase):
    def test_it_stays(self):
        """Who has everything run only when nothing else does has the rooms run so, too."""
        server = Server(*UNBOUNDED)

        def start():
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
            server.start()

        starter = threading.Thread(target=start)  # a policy is a thread's, and may not be given up again
        starter.start()
        starter.join()
        with server, Raw(server) as client:
            client.join("room", "one")
            self.assertEqual(os.sched_getscheduler(server.one("room").pid), os.SCHED_IDLE)


class StartsAtOnce(unittest.TestCase):
    """Two rooms are made for each processor: more would be felt by rooms that talk."""

    def starting(self, processors):
        """How many roomds such a broker asks for at once, when it wants eight."""
        everywhere = os.sched_getaffinity(0)
        os.sched_setaffinity(0, processors)
        try:
            server = Operated(*UNBOUNDED, "--pool-size", "8").start()
        finally:
            os.sched_setaffinity(0, everywhere)
        with server:
            clients = [Raw(server) for _ in range(8)]
            keeper = server.one("keeper")
            keeper.kill(signal.SIGSTOP)  # who is asked for stays away
            try:
                for i, client in enumerate(clients):
                    client.join(f"room-{i}", "one")
                pool = server.once("status")["pool"]
            finally:
                keeper.kill(signal.SIGCONT)
            self.assertEqual(pool["warm"], 0)
            for client in clients:
                client.close()
            server.wait_for_pool()
            return pool["starting"]

    def test_on_one_processor(self):
        self.assertEqual(self.starting({min(os.sched_getaffinity(0))}), 2)

    def test_on_all(self):
        processors = os.sched_getaffinity(0)
        self.assertEqual(self.starting(processors), min(8, 2 * len(processors)))


@unittest.skipIf(WRAPPER, "a wrapper forks otherwise")
@unittest.skipUnless(may_trace(), "strace is missing, or may not trace here")
class StartThatFails(unittest.TestCase):
    """A room waits for its process, and the fork fails."""

    def setUp(self):
        self.server = Server(*UNBOUNDED, "--pool-size", "0").start()
        self.addCleanup(self.server.kill)

    def inject(self, what, process, *flags, stand_in=":syscall=getpid"):
        strace = subprocess.Popen(["strace", *flags, "-qq", "-o", "/dev/null", "-e", f"trace={what.split(':')[0]}",
                                   "-e", f"inject={what}{stand_in}", "-p", str(process.pid)])
        self.addCleanup(strace.wait)
        self.addCleanup(strace.kill)

        def is_traced():
            with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
                return f"TracerPid:\t{strace.pid}\n" in status.read()
        wait_until(is_traced, SOON, "strace attached")

    def let_forks_fail(self, which):
        """Of those from now on; strace's "1" or "1..2"."""
        self.inject(f"clone:error=EAGAIN:when={which}", self.server.one("zygote"))

    def ask_for_room(self, room):
        client = Raw(self.server)
        self.addCleanup(client.close)
        client.say("join", room_id=room, sender="one")
        return client

    def assert_failures(self, count):
        self.assertEqual(self.server.stderr().count("pool-failed"), count)

    def test_once(self):
        """That may be an accident: the next attempt serves whoever waits."""
        self.let_forks_fail("1")
        self.ask_for_room("room").hear("joined")
        self.assert_failures(1)

    def test_twice_in_a_row(self):
        """Nobody is kept waiting for what does not come; what comes later is served."""
        self.let_forks_fail("1..2")
        client = self.ask_for_room("room")
        client.hear_error("internal")
        self.assert_failures(2)

        def is_served():
            client.say("join", room_id="room", sender="one")
            return client.hear()["action"] == "joined"
        wait_until(is_served, SOON, "served again")
        self.assert_failures(2)

    def test_says_why(self):
        """What a start fails for is said; it is no crash."""
        self.inject("epoll_create1:error=EMFILE", self.server.one("zygote"), "-f")
        self.ask_for_room("room").hear_error("internal")
        self.assertIn("roomd: Too many open files", self.server.stderr())
        self.assertIn("roomd-failed", self.server.stderr())
        self.assertNotIn("roomd-killed", self.server.stderr())

    def needs_sandbox(self):
        if "process=roomd layers=none" in self.server.output():
            self.skipTest("it has no sandbox here")

    def lose_seccomp(self):
        """From now on no zygote gets its list of system calls."""
        self.needs_sandbox()
        self.inject("seccomp:error=ENOMEM", self.server.one("keeper"), "-f")
        self.server.one("zygote").kill()

    def test_sandbox_that_is_missing_later(self):
        """Who requires it gets no room without it, though the first had it."""
        self.needs_sandbox()
        self.server.stop()
        self.server = Server(*UNBOUNDED, "--pool-size", "0", "--sandbox", "require").start()
        self.addCleanup(self.server.kill)
        self.lose_seccomp()
        self.ask_for_room("room").hear_error("internal")
        self.assertIn("sandbox process=roomd missing=seccomp", self.server.stderr())

    def kill_room_without_seccomp(self):
        """Returns a member of a room whose heirs have no list of system calls, which it had itself."""
        client = self.ask_for_room("room")
        client.hear("joined")
        room = self.server.one("room")
        self.lose_seccomp()
        wait_until(lambda: "zygote-killed" in self.server.stderr(), SOON, self.server.output)
        room.kill()
        return client

    def test_sandbox_that_is_missing_in_an_heir(self):
        """It goes on, and that is said once."""
        client = self.kill_room_without_seccomp()
        client.assert_alive()
        self.server.one("room").kill()
        client.assert_alive()
        self.assertEqual(self.server.stderr().count("sandbox process=roomd missing=seccomp"), 1)

    def test_sandbox_that_an_heir_must_have(self):
        """Who requires it keeps no room without it, and does not try for ever."""
        self.needs_sandbox()
        self.server.stop()
        self.server = Server(*UNBOUNDED, "--pool-size", "0", "--sandbox", "require").start()
        self.addCleanup(self.server.kill)
        self.kill_room_without_seccomp().hear_close(1011)
        self.assertEqual(self.server.stderr().count("sandbox process=roomd missing=seccomp"), 3)
        self.assertEqual(self.server.stderr().count("room-poisoned"), 1)

    def test_list_that_kills_the_zygote(self):
        """An operator is told what it is. (strace makes it a call that there is not.)"""
        self.needs_sandbox()
        self.inject("clone:error=EAGAIN", self.server.one("zygote"), stand_in="")
        self.ask_for_room("room").hear("joined")
        self.assertIn("zygote-killed signal=31", self.server.stderr())

    def test_title_that_stays(self):
        """On a kernel that does not have it moved, a room keeps the zygote's stack, and shows its title there."""
        keeper = self.server.one("keeper")
        self.inject("prctl:error=EINVAL:when=4", keeper, "-f")
        self.server.one("zygote").kill()
        self.ask_for_room("room").hear("joined")
        room = self.server.one("room")
        self.assertIn("[stack]", room.maps())
        wait_until(lambda: Process.read(room.pid).title == "roomd: 1 member", SOON, self.server.output)


if __name__ == "__main__":
    main()
