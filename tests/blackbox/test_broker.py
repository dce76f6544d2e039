#!/usr/bin/python3
"""
The rooms outlive the broker: killed, stopped for good, again and again, it is replaced, and nobody who sits in a room
notices. What is checked is the clients' view, that of the operators, and that nothing is left over.

With --full, ten times as often.
"""
import contextlib
import os
import pathlib
import random
import signal
import threading
import time
import unittest

import server
from killing import room_process, room_processes, stop, wait_dead
from operator_client import Operated
from raw import Closed, Raw
from server import SOON, UNBOUNDED, WRAPPER, Process, main, raise_descriptor_limit, wait_until

MANY = 10 if server.FULL else 1


def kill_broker(running, broker=None):
    """Kills it, and waits for another."""
    broker = broker or running.one("broker")
    broker.kill()
    wait_dead(broker)
    wait_until(lambda: [p for p in running.roles()["broker"] if p.pid != broker.pid and p.state not in "ZX"], SOON,
               lambda: f"another broker: {running.tree()}")
    return broker


class BrokerCase(unittest.TestCase):
    def setUp(self):
        self.server = Operated(*UNBOUNDED).start()
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

    def room(self, room_id, *senders):
        clients = []
        for sender in senders:
            newcomer = self.connect()
            newcomer.join(room_id, sender)
            for client in clients:
                client.hear("user-joined", sender=sender)
            clients.append(newcomer)
        return clients

    def assert_talk(self, clients, mark=0):
        for client in clients:
            client.say("offer", data={"mark": mark})
            for other in clients:
                if other is not client:
                    other.hear("offer", client_id=client.client_id, data={"mark": mark})
        for client in clients:
            client.assert_alive()

    def patiently(self, ask):
        """What ask() returns, from whichever broker is there."""
        def asked():
            try:
                return ask()
            except (ConnectionError, FileNotFoundError, TypeError):
                return None
        return wait_until(asked, SOON, "an answer")

    def ask(self, command, **fields):
        return self.patiently(lambda: self.server.once(command, **fields))

    def rooms(self):
        return self.patiently(self.server.rooms)


class Killed(BrokerCase):
    def test_nobody_notices(self):
        a, b = self.room("r1", "a", "b")
        c, d, e = self.room("raum zwei \u00e9", "c", "d", "e")
        for i in range(5 * MANY):
            broker = wait_until(lambda: self.server.roles()["broker"], SOON, "a broker")[0]
            broker.kill()
            self.assert_talk([a, b], i)  # there may be no broker now
            kill_broker(self.server, broker)
            self.assert_talk([c, d, e], i)
        late = self.connect()
        joined = late.join("r1", "late")
        self.assertEqual(sorted(p["client_id"] for p in joined["participants"]), sorted([a.client_id, b.client_id]))
        for client in (a, b):
            client.hear("user-joined", client_id=late.client_id)
        self.assert_talk([a, b, late])

    def test_everything_is_known_again(self):
        a, b = self.room("known", "a", "b")
        for _ in range(3):
            a.say("offer", data=1)
            b.hear("offer")
        # What has been heard may still be about to be taken out of the queue.
        before = wait_until(lambda: (shown := self.ask("show", room=self.rooms()[0]["room"]))
                            and not any(m["queued"] for m in shown["members"]) and shown, SOON, "nothing queued")
        status = self.ask("status")
        kill_broker(self.server)
        after = self.ask("show", room=self.rooms()[0]["room"])
        again = self.ask("status")
        strip = lambda m: {k: v for k, v in m.items() if not k.endswith(("_ms", "_us"))}
        self.assertEqual([strip(m) for m in before["members"]], [strip(m) for m in after["members"]])
        for key in ("number", "messages", "bytes", "pid"):
            self.assertEqual(before.get(key), after.get(key))
        self.assertEqual(status["totals"], {**again["totals"], "roomds_started": status["totals"]["roomds_started"]})
        self.assertEqual(status["connections"]["now"], again["connections"]["now"])
        self.assertEqual(status["members"], again["members"])
        self.assertGreaterEqual(again["uptime_ms"], status["uptime_ms"])

    def test_leaving_works_as_ever(self):
        a, b = self.room("leave", "a", "b")
        kill_broker(self.server)
        a.say("leave")
        a.hear("left", room_id="leave")
        b.hear("user-left", client_id=a.client_id, reason="leave")
        a.join("other", "a")
        a.say("leave")
        a.hear("left")
        joined = a.join("leave", "a2")
        self.assertEqual(len(joined["participants"]), 1)
        b.hear("user-joined")
        self.assert_talk([a, b])

    def test_who_leaves_while_there_is_no_broker(self):
        """The keeper is stopped meanwhile, so that there is none for a while."""
        a, b, c = self.room("without", "a", "b", "c")
        keeper = self.server.one("keeper")
        broker = self.server.one("broker")
        keeper.kill(signal.SIGSTOP)
        try:
            broker.kill()
            wait_dead(broker)
            a.say("leave")
            a.hear("left")
            b.hear("user-left", client_id=a.client_id, reason="leave")
            c.hear("user-left", client_id=a.client_id)
            b.close()
            c.hear("user-left", client_id=b.client_id, reason="disconnect")
            c.assert_alive()
        finally:
            keeper.kill(signal.SIGCONT)
        a.join("without", "a again")  # its connection waited with the room's process, and so did what it says now
        c.hear("user-joined", client_id=a.client_id)
        self.assert_talk([a, c])
        self.assertEqual(self.rooms()[0]["members"], 2)

    def test_the_last_leaves_while_there_is_no_broker(self):
        a = self.room("last", "a")[0]
        keeper = self.server.one("keeper")
        broker = self.server.one("broker")
        keeper.kill(signal.SIGSTOP)
        try:
            broker.kill()
            wait_dead(broker)
            a.close()
        finally:
            keeper.kill(signal.SIGCONT)
        self.server.wait_for_pool()

    def test_joins_meanwhile_are_answered(self):
        a, b = self.room("busy", "a", "b")
        for i in range(3 * MANY):
            self.server.one("broker").kill()
            late = self.connect_patiently("busy", f"late {i}")
            self.assertEqual({p["client_id"] for p in late.joined["participants"]}, {a.client_id, b.client_id})
            for client in (a, b):
                client.hear("user-joined", client_id=late.client_id)
            self.assert_talk([a, b, late], i)
            late.close()
            for client in (a, b):
                client.hear("user-left", client_id=late.client_id)

    def connect_patiently(self, room_id, sender):
        """As a client does that comes back when its connection breaks."""
        end = time.monotonic() + SOON
        while True:
            try:
                client = self.connect()
                client.joined = client.join(room_id, sender)
                return client
            except (Closed, ConnectionError, AssertionError):
                self.assertLess(time.monotonic(), end)

    def test_who_waits_for_the_process_of_a_room(self):
        """A join and the broker's end in the same moment: it is answered, or its connection ends; there are never two
        rooms of one name."""
        for i in range(5 if WRAPPER else 20 * MANY):
            first = self.connect()
            first.say("join", room_id=f"moment {i}", sender="first")
            time.sleep(random.random() * 0.002)
            kill_broker(self.server)
            second = self.connect_patiently(f"moment {i}", "second")
            try:
                first.hear("joined")
                first.hear("user-joined", client_id=second.client_id)
                self.assertEqual(len(second.joined["participants"]), 1)
            except (Closed, ConnectionError):
                self.assertEqual(second.joined["participants"], [])
            first.close()
            second.close()

    def test_with_a_room_of_its_own(self):
        """A room's process dies while there is no broker: that room's members are reset, and nobody else."""
        a, b = self.room("poor", "a", "b")
        lost = room_process(self.server)
        c, d = self.room("lucky", "c", "d")
        keeper = self.server.one("keeper")
        broker = self.server.one("broker")
        keeper.kill(signal.SIGSTOP)
        try:
            broker.kill()
            wait_dead(broker)
            lost.kill()
            wait_dead(lost)
        finally:
            keeper.kill(signal.SIGCONT)
        a.hear_gone()
        b.hear_gone()
        self.assert_talk([c, d])
        again = self.connect_patiently("poor", "again")
        self.assertEqual(again.joined["participants"], [])

    def test_a_healed_room(self):
        """The next broker heals as well as the one before."""
        a, b = self.room("heal", "a", "b")
        kill_broker(self.server)
        for i in range(3):
            wait_until(lambda: [room["state"] for room in self.rooms()] == ["open"], SOON, "its broker knows it")
            process = room_process(self.server)
            process.kill()
            wait_dead(process)
            self.assert_talk([a, b], i)
            kill_broker(self.server)
            self.assert_talk([a, b], i)

    def test_bounds_go_on(self):
        """Who is counted against what is known again."""
        a, b = self.room("bounds", "a", "b")
        kill_broker(self.server)
        status = wait_until(lambda: (s := self.ask("status")) and s["members"] == 2 and s, SOON, "two members")
        self.assertEqual(status["connections"]["now"], 2)
        self.assertEqual(status["lobby"]["now"], 0)
        a.close()
        b.hear("user-left")
        wait_until(lambda: self.ask("status")["connections"]["now"] == 1, SOON, "one connection")

    def test_draining_and_log_level_go_on(self):
        self.room("drain", "a")
        self.ask("drain")
        self.ask("log", level="debug")
        kill_broker(self.server)
        status = self.ask("status")
        self.assertEqual((status["state"], status["log_level"]), ("draining", "debug"))
        client = self.connect()
        client.say("join", room_id="new", sender="x")
        client.hear_error("draining")


class BetweenSteps(BrokerCase):
    """What tests/model/restart.pml found: a broker that dies between two steps, with a room in an unlucky state."""

    def tearDown(self):
        self.assertNotIn("roomd-misbehaved", self.server.stderr())
        super().tearDown()

    def broker_that_has_asked(self, room):
        """Kills the broker; the next one has asked the room's process who sits there, and not heard it: both are
        stopped. (The process is let go on for moments, lest the keeper take it for lost; should it answer in one of
        them, the test shows less.)"""
        before = self.server.one("broker")
        stop(room)
        before.kill()
        wait_dead(before)
        end = time.monotonic() + SOON
        while not self.answers():
            self.assertLess(time.monotonic(), end)
            room.kill(signal.SIGCONT)
            stop(room)
        broker = self.server.one("broker")
        self.assertTrue(stop(broker))
        return broker

    def answers(self):
        try:
            return self.server.once("status")
        except (ConnectionError, FileNotFoundError, TypeError):
            return None

    def test_the_last_has_left(self):
        """The count says that nobody is there; the process does not say it again."""
        a = self.room("empty", "a")[0]
        process = room_process(self.server)
        broker = self.server.one("broker")
        self.assertTrue(stop(broker))
        a.close()
        wait_until(lambda: not process.has_members() if WRAPPER else "0 members" in Process.read(process.pid).title, SOON,
                   "nobody there")
        kill_broker(self.server, broker)
        wait_dead(process)
        self.server.wait_for_pool()

    @unittest.skipIf(WRAPPER, "a broker starts more slowly than a room may be stopped")
    def test_an_answer_to_another(self):
        """One broker asked, died, and did not hear the answer: the next one hears it, and its own."""
        a, b = self.room("asked", "a", "b")
        process = room_process(self.server)
        for i in range(3):
            broker = self.broker_that_has_asked(process)
            process.kill(signal.SIGCONT)
            self.assert_talk([a, b], i)
            self.assert_talk([a, b], i)  # the turn before this is over, and with it the answer
            kill_broker(self.server, broker)
            self.assertEqual(self.rooms()[0]["members"], 2)
            self.assert_talk([a, b], i)
        self.assertEqual([p.pid for p in room_processes(self.server)], [process.pid])

    def test_two_join_while_it_heals(self):
        """One whose ADOPT was lost, and one that came after it, are both in the roster."""
        a = self.room("heal", "a")[0]
        process = room_process(self.server)
        keeper = self.server.one("keeper")
        keeper.kill(signal.SIGSTOP)
        try:
            self.assertTrue(stop(process))
            b, c = self.connect(), self.connect()
            b.say("join", room_id="heal", sender="b")
            wait_until(lambda: self.rooms()[0]["members"] == 2, SOON, "b, who has no answer")
            process.kill()
            wait_until(lambda: self.rooms()[0]["state"] == "healing", SOON, "it heals")
            c.say("join", room_id="heal", sender="c")
            wait_until(lambda: self.rooms()[0]["members"] == 3, SOON, "c, who waits")
        finally:
            keeper.kill(signal.SIGCONT)
        clients = {"a": a, "b": b, "c": c}
        for name in "bc":
            while (heard := clients[name].hear())["action"] != "joined":
                pass
            clients[name].client_id = heard["client_id"]
        wait_until(lambda: self.rooms()[0]["state"] == "open", SOON, "it is healed")
        kill_broker(self.server)
        self.assertEqual(self.rooms()[0]["members"], 3)
        for client in clients.values():
            self.drain(client)
        self.assert_talk(list(clients.values()))

    def drain(self, client):
        """Hears whatever has come up to now, but for the end."""
        client.say("ping", data="drained")
        while client.hear()["action"] != "pong":
            pass


class Crowd(BrokerCase):
    def setUp(self):
        raise_descriptor_limit()
        self.server = Operated(*UNBOUNDED, "--max-members", "512").start()
        self.addCleanup(self.server.kill)
        self.clients = []

    broker_that_has_asked = BetweenSteps.broker_that_has_asked
    answers = BetweenSteps.answers

    @unittest.skipIf(WRAPPER, "a broker starts more slowly than a room may be stopped")
    def test_killed_in_the_middle_of_the_count(self):
        """The answer does not go into the channel at once; the process dies before it is all said: who was not counted
        is reset, and the others hear that."""
        first = self.room("crowd", "first")[0]
        process = room_process(self.server)
        rest = {}
        for i in range(400):
            client = self.connect()
            client.join("crowd", f"member {i}")
            rest[client.client_id] = client
        for _ in rest:
            first.hear("user-joined")
        broker = self.broker_that_has_asked(process)
        process.kill(signal.SIGCONT)
        first.assert_alive()
        first.assert_alive()
        process.kill()
        wait_dead(process)
        broker.kill(signal.SIGCONT)
        wait_until(lambda: (rooms := self.rooms()) and rooms[0]["state"] == "open", SOON, "it is healed")
        members = self.rooms()[0]["members"]
        self.assertGreater(members, 0)
        for _ in range(401 - members):
            lost = first.hear("user-left", reason="disconnect")
            rest.pop(lost["client_id"]).hear_gone()
        first.assert_alive()
        self.assertEqual(len(rest) + 1, members)


class ManyRooms(BrokerCase):
    ROOMS, KILLS = (10, 2) if WRAPPER else (200, 10 * MANY)

    def test_all_rooms_talk(self):
        """Every pair exchanges numbered signals without a pause, while the broker is killed."""
        rooms = [self.room(f"room {i}", "a", "b") for i in range(self.ROOMS)]
        stop = threading.Event()
        failed = []

        def talk(part):
            number = 0
            while not stop.is_set() and not failed:
                number += 1
                try:
                    for a, b in part:
                        a.say("offer", data=number)
                        b.say("answer", data=number)
                    for a, b in part:
                        b.hear("offer", data=number)
                        a.hear("answer", data=number)
                except BaseException as problem:  # pylint: disable=broad-except
                    failed.append(problem)

        threads = [threading.Thread(target=talk, args=(rooms[i::4],)) for i in range(4)]
        for thread in threads:
            thread.start()
        took = []
        try:
            for _ in range(self.KILLS):
                began = time.monotonic()
                kill_broker(self.server)
                wait_until(lambda: len(self.rooms()) == self.ROOMS, SOON, "all rooms in the list")
                took.append(time.monotonic() - began)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        self.assertEqual(failed, [])
        took.sort()
        print(f"{len(took)} brokers killed; all rooms are known again after p50 {took[len(took) // 2]:.3f} s,"
              f" max {took[-1]:.3f} s")


@unittest.skipIf(WRAPPER or os.geteuid() != 0, "a wrapper has files of its own, and only root may look")
class SpareRosters(BrokerCase):
    """The file of a room that has ended, in which it stood who was there, is the next room's."""

    def rosters(self):
        """{inode: content} of those that the keeper has."""
        found = {}
        for file in pathlib.Path(f"/proc/{self.server.keeper.pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                if "/memfd:roster" in os.readlink(file):
                    found[file.stat().st_ino] = file.read_bytes()
        return found

    def pass_room(self, number):
        """A room of two comes and goes; returns the file of its roster."""
        labels = f"first-of-{number}", f"second-of-{number}"
        pair = self.room(f"room-{number}", *labels)
        found = [inode for inode, content in self.rosters().items() if labels[1].encode() in content]
        for client in pair:
            client.close()
        self.server.wait_for_pool()
        return found[0]

    def test_again_and_blank(self):
        files = [self.pass_room(number) for number in range(20)]
        self.assertLess(len(set(files)), 20)
        for content in self.rosters().values():
            self.assertFalse(content.strip(b"\0"))

    def test_broker_is_killed(self):
        """A room in a file that another had before is known to the next broker, to which the spare ones are of no use."""
        for number in range(8):
            self.pass_room(number)
        before = self.rosters()
        rooms = [self.room(f"again-{number}", "a", "b") for number in range(6)]
        kill_broker(self.server)
        for mark, clients in enumerate(rooms):
            self.assert_talk(clients, mark)
            self.assertEqual({m["label"] for m in self.ask("show", room=f"again-{mark}")["members"]}, {"a", "b"})
        wait_until(lambda: len(self.rosters()) <= 6 + self.server.pool_size, SOON, self.rosters)
        self.assertTrue(before.keys() & self.rosters().keys(), "none was used again")
        late = self.connect()
        late.join("again-0", "late")

    def test_not_too_many(self):
        """As many as there may be spare ones, and no more, stay of a crowd of rooms that has gone."""
        clients = [client for number in range(2 * server.SPARE_ROSTERS) for client in self.room(f"crowd-{number}", "a")]
        for client in clients:
            client.close()
        self.server.wait_for_pool()
        self.assertLessEqual(len(self.rosters()), server.SPARE_ROSTERS + self.server.pool_size)
        self.assert_talk(self.room("afterwards", "a", "b"))


class CrashLoop(BrokerCase):
    def test_rooms_are_never_given_up(self):
        """A broker that dies soon after it began is replaced ever later; the rooms go on, and are known at the end."""
        a, b = self.room("loop", "a", "b")
        for i in range(4):
            kill_broker(self.server)
            self.assert_talk([a, b], i)
        lines = [line for line in self.server.stderr().splitlines() if "broker-lost" in line]
        delays = [int(line.rpartition("restart_in_ms=")[2]) for line in lines]
        self.assertEqual(len(delays), 4)
        self.assertTrue(all(delays), delays)
        self.assertEqual(self.rooms()[0]["members"], 2)


if __name__ == "__main__":
    main()
