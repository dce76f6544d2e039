#!/usr/bin/python3
"""
SIGHUP: the settings are read again and another broker takes over, and no client of any kind notices: those in rooms,
in the lobby, in the middle of a message or of a request, and those that come in that very moment.

With --full, ten times as often.
"""
import itertools
import os
import pathlib
import signal
import threading
import time
import unittest

import server
from operator_client import Operated
from raw import TEXT, Closed, Raw, frame, say, upgrade_request
from server import PATIENCE, SOON, UNBOUNDED, main, wait_until

MANY = 10 if server.FULL else 1

# Who has not finished a request or not joined waits through several reloads.
UNHURRIED = ("--request-timeout-ms", str(int(10000 * PATIENCE)), "--join-timeout-ms", str(int(60000 * PATIENCE)))


class ReloadCase(unittest.TestCase):
    def setUp(self):
        self.server = Operated(*UNBOUNDED, *UNHURRIED)
        self.config = pathlib.Path(self.server.directory.name, "server.conf")
        self.config.write_text("# nothing\n", encoding="utf-8")
        self.server.flags += ["--config", str(self.config)]
        os.chmod(self.server.directory.name, 0o755)
        self.server.start()
        self.addCleanup(self.server.kill)
        self.clients = []

    def tearDown(self):
        for client in self.clients:
            client.close()
        if self.server.keeper:
            self.server.wait_for_pool()
            self.server.assert_output_is_clean()
            self.server.stop()

    def connect(self, path="/ws"):
        client = Raw(self.server, path)
        self.clients.append(client)
        return client

    def pair(self, room_id):
        a, b = self.connect(), self.connect()
        a.join(room_id, "a")
        b.join(room_id, "b")
        a.hear("user-joined")
        return a, b

    def assert_talk(self, a, b, mark):
        a.say("offer", data=mark)
        b.hear("offer", client_id=a.client_id, data=mark)
        b.say("answer", data=mark)
        a.hear("answer", client_id=b.client_id, data=mark)

    def brokers(self):
        return [p for p in self.server.roles()["broker"] if p.state not in "ZX"]

    def reload(self):
        """Has another broker take over, and waits until it has and the one before is gone."""
        before = {p.pid for p in self.brokers()}
        self.server.send_signal(signal.SIGHUP)
        wait_until(lambda: len(now := self.brokers()) == 1 and now[0].pid not in before, SOON,
                   lambda: f"another broker: {self.server.tree()}")
        wait_until(lambda: self.status()["state"] == "serving", SOON, "it serves")

    def status(self):
        def asked():
            try:
                return self.server.once("status")
            except (ConnectionError, TypeError):
                return None
        return wait_until(asked, SOON, "an answer")



class OtherRooms(ReloadCase):
    """Rooms are made while the settings for rooms change."""

    def make_rooms(self, stop):
        while not stop.is_set() and not self.problems:
            try:
                with Raw(self.server) as client:
                    client.join(f"room-{next(self.numbers)}", "one")
            except (OSError, AssertionError, Closed) as problem:
                self.problems.append(problem)

    def test_smaller_and_larger(self):
        """What the broker before still makes is of its kind; what the next makes, of its own."""
        self.numbers = itertools.count()
        self.problems = []
        stop = threading.Event()
        makers = [threading.Thread(target=self.make_rooms, args=(stop,)) for _ in range(4)]
        for maker in makers:
            maker.start()
        try:
            for members in [2, 500, 3, 64] * MANY:
                self.config.write_text(f"max_members = {members}\n", encoding="utf-8")
                self.reload()
        finally:
            stop.set()
            for maker in makers:
                maker.join()
        self.assertEqual(self.problems, [])
        self.assertGreater(next(self.numbers), 4)
        self.assertEqual(self.server.stderr().count("-lost"), 0)


class Clients(ReloadCase):
    def test_nobody_notices(self):
        a, b = self.pair("r1")
        lobby = self.connect()
        lobby.assert_alive()
        named = self.connect("/ws/r2")
        half = self.connect()
        message = say("join", room_id="r3", sender="half")
        half.send(message[:17])
        fragments = self.connect()
        fragments.send(frame(TEXT, b'{"action":"ping",', fin=False))
        left = self.connect()
        left.join("r4", "left")
        left.say("leave")
        left.hear("left")
        slow = Raw(self.server, upgrade=False)
        self.clients.append(slow)
        request = upgrade_request("/ws")
        slow.send(request[:20])
        for i in range(3 * MANY):
            self.reload()
            self.assert_talk(a, b, i)
            lobby.assert_alive()
        half.send(message[17:])
        half.hear("joined", room_id="r3")
        fragments.send(frame(0, b'"data":7}'))
        fragments.hear("pong", data=7)
        named.say("join", room_id="elsewhere", sender="x")
        named.hear_error("room-mismatch")
        named.join("r2", "x")
        left.join("r4", "again")
        slow.send(request[20:])
        self.assertEqual(slow.response_head().status, 101)
        slow.join("r1", "slow")
        for client in (a, b):
            client.hear("user-joined", client_id=slow.client_id)
        self.assertEqual(self.status()["connections"]["now"], 8)

    def test_nobody_is_refused(self):
        """Clients connect, join, talk and leave without a pause."""
        stop = threading.Event()
        failed = []
        done = [0, 0]

        def visit(number):
            while not stop.is_set() and not failed:
                try:
                    a = Raw(self.server)
                    b = Raw(self.server)
                    room_id = f"visit {number} {done[number]}"
                    a.join(room_id, "a")
                    b.join(room_id, "b")
                    a.hear("user-joined")
                    self.assert_talk(a, b, done[number])
                    a.say("leave")
                    a.hear("left")
                    b.hear("user-left", reason="leave")
                    a.join(room_id, "a")
                    b.hear("user-joined")
                    a.close()
                    b.hear("user-left", reason="disconnect")
                    b.close()
                    done[number] += 1
                except BaseException as problem:  # pylint: disable=broad-except
                    failed.append(problem)

        threads = [threading.Thread(target=visit, args=(i,)) for i in range(2)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(8 * MANY):
                self.reload()
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        if failed:
            raise failed[0]
        self.assertTrue(all(done), done)

    def test_two_at_once(self):
        a, b = self.pair("twice")
        for _ in range(5):
            self.server.send_signal(signal.SIGHUP)
            time.sleep(0.01)
        self.reload()
        self.assert_talk(a, b, 1)

    def test_the_next_broker_dies_on_the_way(self):
        a, b = self.pair("unlucky")
        lobby = self.connect()
        [before] = self.brokers()
        before.kill(signal.SIGSTOP)
        self.server.send_signal(signal.SIGHUP)
        following = wait_until(lambda: [p for p in self.brokers() if p.pid != before.pid], SOON, "another broker")[0]
        following.kill()
        wait_until(lambda: not following.alive(), SOON, "it is gone")
        before.kill(signal.SIGCONT)
        self.assert_talk(a, b, 1)
        wait_until(lambda: self.status()["state"] == "serving", SOON, "somebody serves")
        self.assert_talk(a, b, 2)
        self.server.wait_for_pool = lambda: None
        lobby.close()


    def test_again_after_the_next_broker_died(self):
        """With the one before still asked to hand over: the second reload waits for what becomes of that."""
        a, b = self.pair("unlucky twice")
        [before] = self.brokers()
        before.kill(signal.SIGSTOP)
        self.server.send_signal(signal.SIGHUP)
        following = wait_until(lambda: [p for p in self.brokers() if p.pid != before.pid], SOON, "another broker")[0]
        time.sleep(0.5 * PATIENCE)  # it is equipped by now, and the other one has been asked
        following.kill()
        wait_until(lambda: "reload-failed" in self.server.stderr(), SOON, self.server.output)
        self.server.send_signal(signal.SIGHUP)
        time.sleep(0.5 * PATIENCE)
        self.assertIsNone(self.server.keeper.poll(), self.server.output())
        before.kill(signal.SIGCONT)
        self.assert_talk(a, b, 1)
        wait_until(lambda: self.status()["state"] == "serving", SOON, "somebody serves")
        self.assert_talk(a, b, 2)
        self.server.wait_for_pool = lambda: None


class Settings(ReloadCase):
    def test_what_changes(self):
        a, b = self.pair("old rules")
        self.config.write_text("max_members = 2\nmessage_bytes_max = 4096\npool_size = 2\nlog_level = debug\n",
                               encoding="utf-8")
        self.reload()
        self.server.pool_size = 2
        settings = self.server.once("settings")["settings"]
        self.assertEqual((settings["max_members"], settings["log_level"]), (2, "debug"))
        self.assert_talk(a, b, 1)
        c = self.connect()
        c.join("old rules", "c")  # a room keeps the rules that it was opened under
        big = self.connect()
        big.join("new rules", "x")
        big.say("ping", data="x" * 5000)
        big.hear_close(1009)

    def test_a_broken_file_changes_nothing(self):
        a, b = self.pair("r")
        [before] = self.brokers()
        self.config.write_text("max_members = 2\nprot = 4000\n", encoding="utf-8")
        self.server.send_signal(signal.SIGHUP)
        wait_until(lambda: "reload-refused" in self.server.stderr(), SOON, self.server.output)
        [line] = [line for line in self.server.stderr().splitlines() if "reload-refused" in line]
        self.assertIn("server.conf:2", line)
        self.assertIn("did you mean port?", line)
        self.assert_talk(a, b, 1)
        self.assertEqual([p.pid for p in self.brokers()], [before.pid])

    def test_what_can_not_change_is_said(self):
        self.config.write_text("user = nobody\nmax_rooms = 7\n", encoding="utf-8")
        self.reload()
        self.assertRegex(self.server.stderr(), "warn +keeper: reload-not-live setting=user advice=")
        self.assertEqual(self.status()["rooms"]["max"], 7)


if __name__ == "__main__":
    main()
