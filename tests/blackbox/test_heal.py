#!/usr/bin/python3
"""
A room outlives its process: killed at any moment, in any way, it goes on in another one. Who is between two frames
notices nothing; of everyone else the connection is closed, and the others are told. What is checked is the clients'
view, and that processes and descriptors are afterwards what they were before.

With --full, ten times as often.
"""
import asyncio
import json
import random
import signal
import time
import unittest

import server
from client import AsyncCase
from killing import (
    is_waiting, kill_at_rest, make_spin, make_swell, may_spin, may_swell, room_process, room_process_of, room_processes, stop, stop_at_rest,
    wait_dead, wait_idle,
)
from raw import CONTINUATION, TEXT, Closed, Raw, frame, say
from server import PATIENCE, SOON, UNBOUNDED, Server, ServerCase, WRAPPER, main, wait_until
from stepping import Stepped, may_step
from storm import Storm

MANY = 10 if server.FULL else 1

# By how many ways a process is ended where it does not matter.
# A sanitizer answers the other two itself, with a report.
DEADLY = (signal.SIGKILL,) if Server.ends_loudly() else (signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT)


def others_than(clients, one):
    return [c for c in clients if c is not one]


def room(running, room_id, *senders, **options):
    """Clients that sit in the room and have heard of each other."""
    clients = []
    for sender in senders:
        newcomer = Raw(running, **options)
        newcomer.join(room_id, sender)
        for client in clients:
            client.hear("user-joined", sender=sender)
        clients.append(newcomer)
    return clients


class HealCase(ServerCase):
    flags = UNBOUNDED

    def setUp(self):
        self.before = self.server.descriptors_at_rest()
        self.clients = []

    def tearDown(self):
        for client in self.clients:
            client.close()
        self.server.assert_back_at(self.before, 10 * PATIENCE)
        super().tearDown()

    def room(self, room_id, *senders, **options):
        clients = room(self.server, room_id, *senders, **options)
        self.clients += clients
        return clients

    def kill(self, number=signal.SIGKILL, process=None):
        """Not in the middle of its work: so it may be done any number of times."""
        process = process or room_process(self.server)
        kill_at_rest(process, number)
        return process

    def assert_talk(self, clients, mark=0):
        """Everyone is heard by all others, and nothing else is on the way."""
        for client in clients:
            client.say("offer", data={"mark": mark})
            for other in others_than(clients, client):
                other.hear("offer", client_id=client.client_id, data={"mark": mark})
        for client in clients:
            client.assert_alive()


class AtRest(HealCase):
    def test_nobody_notices(self):
        """More often than would poison a room that dies in its work."""
        clients = self.room("rest", "a", "b", "c")
        took = []
        process = None
        for i in range(100 * MANY):
            process = room_process(self.server, process)
            stop_at_rest(process)
            process.kill(random.choice(DEADLY))
            process.kill(signal.SIGCONT)
            if i % 2:
                wait_dead(process)  # else the signal may come before the death
            began = time.monotonic()
            sender = clients[i % 3]
            sender.say("offer", data={"mark": i})
            for other in others_than(clients, sender):
                other.hear("offer", client_id=sender.client_id, data={"mark": i})
            took.append(time.monotonic() - began)
        self.assert_talk(clients)
        took.sort()
        print(f"{len(took)} kills; next signal after p50 {took[len(took) // 2] * 1000:.1f} ms, "
              f"p99 {took[len(took) * 99 // 100] * 1000:.1f} ms, max {took[-1] * 1000:.1f} ms", flush=True)

    def test_all_goes_on_as_before(self):
        """Joins, targets, labels, leaves, refusals: the heir knows all that its predecessor knew."""
        a, b = self.room("as-before", "a", "b")
        self.kill()
        (c,) = self.room_member("as-before", "c")
        for client in (a, b):
            client.hear("user-joined", client_id=c.client_id, sender="c")
        self.kill()
        a.say("offer", target="c", data=1)
        c.hear("offer", client_id=a.client_id, data=1)
        a.say("offer", target=b.client_id, data=2)
        b.hear("offer", client_id=a.client_id, sender="a", data=2)
        self.kill()
        b.say("join", room_id="other", sender="b")
        b.hear_error("already-in-room")
        b.say("leave")
        b.hear("left", client_id=b.client_id)
        for client in (a, c):
            client.hear("user-left", client_id=b.client_id, reason="leave")
        self.kill()
        b.join("as-before", "b-again")
        for client in (a, c):
            client.hear("user-joined", client_id=b.client_id)
        self.kill()
        c.close()
        for client in (a, b):
            client.hear("user-left", client_id=c.client_id, reason="disconnect")
        self.assert_talk([a, b])

    def room_member(self, room_id, sender):
        client = Raw(self.server)
        client.join(room_id, sender)
        self.clients.append(client)
        return [client]

    def test_while_it_heals(self):
        """What members do in the very moment: speak, leave, close, join."""
        for i in range(10 * MANY):
            a, b, c, d = self.room(f"moment-{i}", "a", "b", "c", "d")
            e = Raw(self.server)
            self.clients.append(e)
            room_process(self.server).kill(random.choice(DEADLY))
            b.say("leave")
            c.close()
            d.say("offer", data=i)
            e.say("join", room_id=a.room_id, sender="e")
            b.hear_until = None
            heard = {}
            while len(heard) < 4:
                message = a.hear()
                heard[message["action"], message["sender"]] = message
            self.assertEqual(set(heard), {("user-left", "b"), ("user-left", "c"), ("offer", "d"), ("user-joined", "e")})
            while (message := b.hear())["action"] != "left":
                self.assertIn(message["action"], ("offer", "user-left", "user-joined"))
            b.assert_alive()
            joined = e.hear("joined", room_id=a.room_id)
            self.assertLessEqual({"a", "d"}, {p["sender"] for p in joined["participants"]})
            for client in (a, b, d, e):
                client.close()
            self.server.assert_back_at(self.before, 10 * PATIENCE)

    def test_everyone_has_left_meanwhile(self):
        for i in range(5 * MANY):
            clients = self.room(f"deserted-{i}", "a", "b")
            process = room_process(self.server)
            stop_at_rest(process)
            for client in clients:
                client.close()
            self.kill(process=process)
            self.server.assert_back_at(self.before, 10 * PATIENCE)

    def test_a_killer_that_does_not_tire(self):
        """Heirs are killed too, ready or not."""
        clients = self.room("relentless", "a", "b")
        warm = {p.pid for p in self.server.roles()["warm"]}
        killed = 0
        began = time.monotonic()
        while time.monotonic() - began < 2 or (killed <= 10 and time.monotonic() - began < 3 * SOON):
            for process in self.server.tree():
                if process.pid in warm or self.server.role(process) not in ("warm", "room") or not stop(process):
                    continue
                if is_waiting(process):
                    process.kill(signal.SIGKILL)
                    killed += 1
                else:
                    process.kill(signal.SIGCONT)
        self.assertGreater(killed, 10)
        self.assert_talk(clients)

    def test_several_rooms_at_once(self):
        rooms = [self.room(f"several-{i}", "a", "b") for i in range(8)]
        for _ in range(3 * MANY):
            processes = wait_until(lambda: len(p := room_processes(self.server)) == 8 and p, SOON, self.server.tree)
            for process in processes:
                stop_at_rest(process)
            for process in processes:
                process.kill(random.choice(DEADLY))
                process.kill(signal.SIGCONT)
            for process in processes:
                wait_dead(process)
            for clients in rooms:
                self.assert_talk(clients)

    def test_warm_ones(self):
        """The pool is filled again, and no room is the worse for it."""
        clients = self.room("warm", "a", "b")
        for process in self.server.roles()["warm"]:
            process.kill(random.choice(DEADLY))
        self.assert_talk(clients)
        for client in clients:
            client.close()
        self.server.wait_for_pool(20 * PATIENCE)


class Streams(HealCase):
    """Killed in the middle of a frame."""

    def test_frames_in(self):
        """A message comes in two pieces, and the process is lost between them."""
        a, b = self.room("in", "a", "b")
        data = {"sdp": "ä€😀" * 200}
        whole = say("offer", data=data)
        payload = json.dumps({"action": "offer", "data": data}, ensure_ascii=False).encode()
        half = len(payload) // 2
        fragments = frame(TEXT, payload[:half], fin=False) + frame(CONTINUATION, payload[half:])
        process = None
        for message in (whole, fragments):
            for at in (1, 2, 3, 5, 8, 20, len(message) // 2, half + 8, half + 10, half + 20, len(message) - 1):
                process = room_process(self.server, process)
                a.send(message[:at])
                if at % 2:
                    wait_idle(process)  # else it may not have read that yet
                self.kill(random.choice(DEADLY), process)
                a.send(message[at:])
                b.hear("offer", client_id=a.client_id, data=data)
        self.assert_talk([a, b])

    def test_frames_out(self):
        """A reader does not read, so a frame is half written when the process is lost; later it finds everything."""
        a = self.room("out", "a")[0]
        b = Raw(self.server, receive_bytes=4096)
        self.clients.append(b)
        b.join("out", "b")
        a.hear("user-joined")
        process = None
        for _ in range(5 * MANY):
            sent = 0
            for _ in range(4):
                process = room_process(self.server, process)
                for _ in range(random.randint(1, 5)):
                    a.say("offer", data={"n": sent, "pad": "x" * random.randint(1, 60000)})
                    sent += 1
                a.assert_alive()
                self.kill(random.choice(DEADLY), process)
            a.assert_alive()
            for i in range(sent):
                self.assertEqual(b.hear("offer", client_id=a.client_id)["data"]["n"], i)
        self.assert_talk([a, b])

    def test_slow_reader_is_closed_by_the_heir(self):
        """The bound counts what the predecessor owed."""
        a = self.room("too-slow", "a")[0]
        b = Raw(self.server, receive_bytes=4096)
        self.clients.append(b)
        b.join("too-slow", "b")
        a.hear("user-joined")
        process = None
        for i in range(10000):
            if i % 10 == 5:
                process = room_process(self.server, process)
                self.kill(process=process)
            a.say("offer", data="x" * 60000)
            a.say("ping", data=i)
            message = a.hear()
            if message["action"] == "user-left":
                break
        self.assertEqual((message["client_id"], message["reason"]), (b.client_id, "slow"))
        b.hear_gone()
        a.hear("pong")
        self.assert_talk([a])

    def test_kept_waiting(self):
        """Signals said while there is no process arrive in order."""
        a, b = self.room("waiting", "a", "b")
        for _ in range(5 * MANY):
            process = room_process(self.server)
            stop_at_rest(process)
            for i in range(50):
                a.say("ice-candidate", data=i)
                b.say("ice-candidate", data=i)
            self.kill(process=process)
            for i in range(50):
                a.hear("ice-candidate", data=i)
                b.hear("ice-candidate", data=i)
            room_process(self.server, process)


class Talk(AsyncCase):
    """Killed while everyone talks, in the middle of work and out of it."""

    async def test_storm(self):
        loop = asyncio.get_running_loop()
        with Server(*UNBOUNDED) as running:
            running.assert_works()
            before = running.descriptors_at_rest()
            killed = 0
            for _ in range(5):  # (a busy machine kills slowly)
                storm = Storm(running, rooms=8, members=3, seed=random.randrange(1 << 30))
                problems = await storm.run(12 * MANY, ("kill",))
                print(storm, flush=True)
                self.assertEqual(problems, [], f"{storm} {running.output()[-3000:]}")
                killed += storm.counts["killed in work"]
                if killed > 2:
                    break
            self.assertGreater(killed, 2)
            await loop.run_in_executor(None, running.assert_back_at, before, 10 * PATIENCE)
            running.assert_works()


class Handoff(HealCase):
    """Lost while somebody is on the way in or out."""

    def test_adopt_lost(self):
        """It was stopped, so it has not seen the newcomer whom the broker has sent."""
        for i in range(5 * MANY):
            a = self.room(f"adopt-{i}", "a")[0]
            process = room_process(self.server)
            stop_at_rest(process)
            b, c = Raw(self.server), Raw(self.server)
            self.clients += [b, c]
            b.say("join", room_id=a.room_id, sender="b")
            # What is behind the join is not lost with it.
            c.send(say("join", room_id=a.room_id, sender="c") + say("offer", data=i) + say("ping", data=i))
            time.sleep(0.02)
            self.kill(process=process)
            for client, sender in ((b, "b"), (c, "c")):
                joined = client.hear("joined", room_id=a.room_id, sender=sender)
                client.client_id = joined["client_id"]
            a.hear("user-joined", sender="b")
            a.hear("user-joined", sender="c")
            a.hear("offer", sender="c", data=i)
            b.hear("user-joined", sender="c")
            b.hear("offer", sender="c", data=i)
            c.hear("pong", data=i)
            self.assert_talk([a, b, c])
            self.close_all(a, b, c)

    def close_all(self, *clients):
        for client in clients:
            client.close()
        self.server.assert_back_at(self.before, 10 * PATIENCE)

    def test_first_adopt_lost(self):
        """The same with nobody in the room yet."""
        for i in range(5 * MANY):
            self.server.wait_for_pool(20 * PATIENCE)
            warm = self.server.roles()["warm"]
            for process in warm:
                stop(process)
            a = Raw(self.server)
            self.clients.append(a)
            a.say("join", room_id=f"first-{i}", sender="a")
            time.sleep(0.02)
            for process in warm:
                self.kill(process=process)
            a.client_id = a.hear("joined", room_id=f"first-{i}", sender="a")["client_id"]
            self.assert_talk([a])
            self.close_all(a)
        self.server.wait_for_pool(20 * PATIENCE)

    def test_leave_not_seen(self):
        """It was stopped when somebody left: the heir lets it go."""
        for i in range(5 * MANY):
            a, b = self.room(f"leave-{i}", "a", "b")
            process = room_process(self.server)
            stop_at_rest(process)
            b.send(say("leave") + say("ping", data=i))
            self.kill(process=process)
            b.hear("left", room_id=a.room_id, client_id=b.client_id)
            b.hear("pong", data=i)
            a.hear("user-left", client_id=b.client_id, reason="leave")
            b.join(a.room_id, "b")
            a.hear("user-joined", client_id=b.client_id)
            self.assert_talk([a, b])
            self.close_all(a, b)

    def test_return_not_heard(self):
        """What it has said to the broker before it died is heard before the heir begins."""
        broker = self.server.one("broker")
        self.addCleanup(broker.kill, signal.SIGCONT)
        for i in range(5 * MANY):
            a, b, c = self.room(f"return-{i}", "a", "b", "c")
            process = room_process(self.server)
            stop(broker)
            b.send(say("leave") + say("ping", data=i))
            b.hear("left", client_id=b.client_id)
            c.close()
            for client, reason in ((b, "leave"), (c, "disconnect")):
                a.hear("user-left", client_id=client.client_id, reason=reason)
            wait_idle(process)
            process.kill()
            a.say("ping", data=i)
            time.sleep(0.02)
            broker.kill(signal.SIGCONT)
            a.hear("pong", data=i)
            b.hear("pong", data=i)
            b.join(a.room_id, "b")
            a.hear("user-joined", client_id=b.client_id)
            self.assert_talk([a, b])
            self.close_all(a, b)

    def test_last_one_leaves(self):
        """The room is about to end when its process does."""
        broker = self.server.one("broker")
        self.addCleanup(broker.kill, signal.SIGCONT)
        for i in range(5 * MANY):
            (a,) = self.room(f"last-{i}", "a")
            process = room_process(self.server)
            stop(broker)
            a.say("leave")
            a.hear("left")
            wait_idle(process)
            process.kill()
            broker.kill(signal.SIGCONT)
            a.join(a.room_id, "a")
            self.assert_talk([a])
            self.close_all(a)


class Stuck(HealCase):
    def test_stopped(self):
        """For a moment: harmless. For longer: it is lost."""
        clients = self.room("stopped", "a", "b")
        process = room_process(self.server)
        for _ in range(3):
            began = time.monotonic()
            stop_at_rest(process)
            time.sleep(0.3)
            process.kill(signal.SIGCONT)
            took = time.monotonic() - began
            self.assert_talk(clients)
            if took < 0.8:  # (on a busy machine the moment may have been a long one)
                self.assertEqual(room_process(self.server).pid, process.pid)
            process = room_process(self.server)
        stop_at_rest(process)
        clients[0].say("offer", data="stopped")
        clients[1].hear("offer", data="stopped")
        self.assertNotEqual(room_process(self.server, process).pid, process.pid)
        self.assert_talk(clients)

    def test_stopped_rooms(self):
        """Many at once, and the broker does not wait for any."""
        rooms = [self.room(f"stopped-{i}", "a", "b") for i in range(8)]
        processes = wait_until(lambda: len(p := room_processes(self.server)) == 8 and p, SOON, self.server.tree)
        for process in processes:
            stop(process)
        lobby = Raw(self.server)
        self.clients.append(lobby)
        lobby.assert_alive()
        for clients in rooms:
            clients[0].say("offer", data="stopped")
        for clients in rooms:
            clients[1].hear("offer", data="stopped")
            self.assert_talk(clients)

    def test_stopped_warm_ones(self):
        for process in self.server.roles()["warm"]:
            stop(process)
        a = Raw(self.server)
        self.clients.append(a)
        a.join("stopped-warm", "a")
        self.assert_talk([a])
        a.close()
        self.server.wait_for_pool(20 * PATIENCE)

    @unittest.skipUnless(may_spin(), "only root may make a process spin, and only without a wrapper")
    def test_spinning(self):
        clients = self.room("spinning", "a", "b", "c")
        process = room_process(self.server)
        wait_idle(process)
        make_spin(process)
        began = time.monotonic()
        clients[0].say("offer", data="spin")
        for client in clients[1:]:
            client.hear("offer", data="spin", timeout=3 * SOON)  # (two seconds of a CPU that others want too)
        print(f"a room that spins goes on after {time.monotonic() - began:.1f} s", flush=True)
        self.assertNotEqual(room_process(self.server, process).pid, process.pid)
        self.assert_talk(clients)


    @unittest.skipUnless(may_swell(), "only root may make a process swell, and only without a wrapper")
    def test_swelling(self):
        """It dies of the first call for memory."""
        if "process=roomd layers=none" in self.server.output():
            self.skipTest("this build has no sandbox")
        clients = self.room("swelling", "a", "b", "c")
        process = room_process(self.server)
        wait_idle(process)
        make_swell(process)
        clients[0].say("offer", data="swell")
        for client in clients[1:]:
            client.hear("offer", data="swell")
        self.assertNotEqual(room_process(self.server, process).pid, process.pid)
        self.assertRegex(self.server.output(), "roomd-killed.* signal=31")
        self.assert_talk(clients)


@unittest.skipUnless(may_step() and not WRAPPER, "only root may end a process at a chosen step, and only without a wrapper")
class Poison(HealCase):
    """Lost three times within ten seconds, in the middle of its work."""

    # Between the end of its waiting and the first byte of what it hands on, which takes some thousands.
    STEPS = 1000

    def kill_at_work(self, sender):
        """Ends its room's process in the middle of what the sender has it do."""
        process = room_process_of(self.server, sender)
        wait_idle(process)
        stepped = Stepped(process)
        sender.say("offer", data="x")
        self.assertEqual(stepped.step(self.STEPS), self.STEPS)
        stepped.kill()
        wait_dead(process)

    def test_dies_of_its_work(self):
        innocent = self.room("innocent", "a", "b")
        spared = room_process(self.server)
        # Whose message was being handed on may be closed, so each has to be another.
        *others, third, second, first = self.room("poison", *(f"m{i}" for i in range(6)))
        self.kill_at_work(first)
        self.kill_at_work(second)
        self.kill_at_work(third)
        self.assertEqual([self.end_of(client) for client in others], [1011] * 3, self.server.output()[-3000:])
        self.assertIn(self.end_of(third), (1011, None, "end", "reset"))
        late = Raw(self.server)
        self.clients.append(late)
        late.say("join", room_id="poison", sender="late")
        late.hear_error("internal")
        self.assert_talk(innocent)
        self.assertEqual(room_process(self.server).pid, spared.pid)
        late.join("another", "late")
        self.assert_talk([late])
        if server.FULL:
            time.sleep(61)
            (again,) = self.room("poison", "again")
            self.assert_talk([again])

    @staticmethod
    def end_of(client):
        """Reads all that there is. Returns the close code, or how the connection ended."""
        try:
            while True:
                client.hear(timeout=2 * SOON)
        except Closed as closed:
            return closed.code or client.ended


if __name__ == "__main__":
    main()
