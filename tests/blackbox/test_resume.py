#!/usr/bin/python3
"""
A member that asked for it keeps its seat when its connection is lost, comes back to it with a secret, and misses nothing:
each signal comes once and in order, in both directions, wherever the line broke and whatever became of the room's process
or the broker meanwhile.

With --full, 10,000 cuts instead of a thousand or so, and a thousand clients that are lost at once instead of 200.
"""
import asyncio
import random
import signal
import time
import unittest

import server
from client import AsyncCase
from killing import room_process, room_processes, stop, stop_at_rest, wait_dead, wait_idle
from raw import CLOSE, PING, PONG, TEXT, Closed, Raw, close_payload, frame, say
from returning import Returning, Room, hold
from server import FULL, PATIENCE, SOON, UNBOUNDED, WRAPPER, Server, ServerCase, main, raise_descriptor_limit, wait_until
from test_metrics import Metered


def join(running, room_id, sender, resume=True, **options):
    """A connection that has joined a room, with what its `joined` said."""
    client = Raw(running, **options)
    client.say("join", room_id=room_id, sender=sender, resume=resume)
    client.joined = client.hear("joined", room_id=room_id, sender=sender, success=True)
    client.client_id = client.joined["client_id"]
    client.resume = client.joined.get("resume")
    return client


def resume(running, secret, seq, **options):
    """A new connection that has asked for a seat."""
    client = Raw(running, **options)
    client.say("resume", resume=secret, seq=seq)
    return client


def resumed(running, before, seq, **options):
    """A new connection that has the seat of the one before."""
    client = resume(running, before.resume, seq, **options)
    client.joined = client.hear("resumed", client_id=before.client_id, success=True)
    client.client_id, client.resume = before.client_id, client.joined["resume"]
    return client


class ResumeCase(ServerCase):
    flags = UNBOUNDED
    rooms = 0

    def setUp(self):
        self.clients = []
        ResumeCase.rooms += 1
        self.room = f"room-{ResumeCase.rooms}"

    def tearDown(self):
        for client in self.clients:
            client.close()
        super().tearDown()

    def keep(self, client):
        self.clients.append(client)
        return client

    def join(self, sender, resume=True, **options):
        return self.keep(join(self.server, self.room, sender, resume, **options))

    def resumed(self, before, seq):
        return self.keep(resumed(self.server, before, seq))

    def refused(self, secret, seq=0, code="unknown-resume"):
        client = self.keep(resume(self.server, secret, seq))
        client.hear_error(code)
        return client

    def pair(self, resume=True):
        """Two members who know of each other; the first may resume."""
        a = self.join("a")
        b = self.join("b", resume)
        a.hear("user-joined", sender="b")
        return a, b

    def assert_suspended(self, witness, client):
        message = witness.hear("user-suspended", client_id=client.client_id, room_id=self.room)
        self.assertLessEqual(set(message), {"seq", "action", "room_id", "client_id", "sender"})


class Seat(ResumeCase):
    def test_joined(self):
        a = self.join("a")
        self.assertRegex(a.resume, r"^[0-9a-f]{32}\.[0-9a-f]{32}$")
        self.assertEqual((a.joined["resume_ms"], a.joined["n"]), (30000, 0))
        for other in (False, None):
            b = self.join("b", other)
            self.assertEqual(set(b.joined), {"action", "room_id", "client_id", "sender", "success", "participants"})

    def test_only_who_may_resume_is_told_numbers(self):
        a, b = self.pair(resume=False)
        b.say("offer", data=1)
        a.hear("offer", seq=2)
        a.say("offer", data={"x": 1})
        self.assertNotIn("seq", b.hear("offer"))
        a.say("ping", data=1)
        a.hear("pong", seq=3)
        a.say("nonsense")
        self.assertEqual(a.hear("error", code="unknown-action")["seq"], 4)

    def test_back(self):
        a, b = self.pair()
        a.abort()
        self.assert_suspended(b, a)
        for i in range(5):
            b.say("offer", target=(None, "a", a.client_id)[i % 3], data={"i": i})
        again = self.resumed(a, 1)
        self.assertEqual(again.joined["participants"], [{"client_id": b.client_id, "sender": "b"}])
        self.assertNotIn("seq", again.joined)
        for i in range(5):
            again.hear("offer", seq=2 + i, client_id=b.client_id, data={"i": i})
        b.hear("user-resumed", client_id=a.client_id, seq=2)
        again.say("offer", data="here")
        b.hear("offer", client_id=a.client_id, sender="a", data="here")

    def test_every_way_to_lose_a_connection(self):
        a, b = self.pair()
        ways = (lambda c: c.abort(), lambda c: c.close(), lambda c: c.send(frame(CLOSE, close_payload(1001))),
                lambda c: c.send(frame(CLOSE)), lambda c: c.send(frame(TEXT, b"half a frame")[:7]) or c.close())
        for way in ways:
            way(a)
            self.assert_suspended(b, a)
            a = self.resumed(a, 1)
            b.hear("user-resumed", client_id=a.client_id)

    def test_silence(self):
        with Server("--ping-interval-ms", "300", "--ping-timeout-ms", "900", *UNBOUNDED) as running:
            a, b = join(running, "r", "a", answer_pings=False), join(running, "r", "b")
            a.hear("user-joined")
            b.hear("user-suspended", client_id=a.client_id)
            resumed(running, a, 1)
            b.hear("user-resumed", client_id=a.client_id)

    def test_the_ways_to_end_a_seat(self):
        a, b = self.pair()
        a.say("leave")
        a.hear("left", seq=2)
        b.hear("user-left", client_id=a.client_id, reason="leave")
        self.refused(a.resume)
        a.join(self.room, "anew")  # the connection is of use still
        b.hear("user-joined")
        with Server("--bad-messages-max", "1") as running:
            a, b = join(running, "r", "a"), join(running, "r", "b")
            a.hear("user-joined")
            for _ in range(2):
                a.say("nonsense")
            b.hear("user-left", client_id=a.client_id, reason="flood")
            client = resume(running, a.resume, 1)
            client.hear_error("unknown-resume")

    def test_time_is_over(self):
        with Server("--resume-ms", "300", *UNBOUNDED) as running:
            a, b = join(running, "r", "a"), join(running, "r", "b")
            a.abort()
            b.hear("user-suspended")
            b.hear("user-left", client_id=a.client_id, reason="timeout")
            resume(running, a.resume, 1).hear_error("unknown-resume")
            b.abort()
            running.wait_for_pool()  # nobody is connected: the room goes

    def test_a_page_goes_away(self):
        """Browsers close with 1001 then, and no script can. Firefox also does when the page stays, which is back at once."""
        away = frame(CLOSE, close_payload(1001))
        with Server("--resume-ms", "3600000", *UNBOUNDED) as running:
            a, b = join(running, "r", "a"), join(running, "r", "b")
            a.hear("user-joined")
            a.send(away)
            b.hear("user-suspended")
            a = resumed(running, a, 1)
            b.hear("user-resumed")
            a.send(away)
            b.hear("user-suspended")
            room_process(running).kill(signal.SIGKILL)  # its heir knows
            b.hear("user-left", client_id=a.client_id, reason="leave", timeout=2 * SOON)
            resume(running, a.resume, 1).hear_error("unknown-resume")
        with Server("--resume-ms", "2000", *UNBOUNDED) as running:
            b = join(running, "r", "b")
            for way, reason in (
                    (lambda: a.send(away), "leave"),
                    (lambda: a.send(frame(CLOSE, close_payload(1000))), "timeout"),
                    (lambda: a.send(frame(CLOSE, close_payload(3001))), "timeout"),
                    (lambda: a.send(away) or resumed(running, a, 0).abort(), "timeout")):
                a = join(running, "r", "a")
                way()
                b.hear("user-joined")
                heard = b.hear("user-suspended")
                while heard["action"] != "user-left":
                    heard = b.hear()
                self.assertEqual((heard["client_id"], heard["reason"]), (a.client_id, reason))

    def test_never(self):
        with Server("--resume-ms", "0", *UNBOUNDED) as running:
            a, b = join(running, "r", "a"), join(running, "r", "b")
            self.assertIsNone(a.resume)
            self.assertNotIn("seq", a.hear("user-joined"))
            a.abort()
            b.hear("user-left", reason="disconnect")

    def test_it_counts_as_a_member(self):
        with Server("--max-members", "2", *UNBOUNDED) as running:
            a, b = join(running, "r", "a"), join(running, "r", "b", False)
            a.hear("user-joined")
            a.abort()
            b.hear("user-suspended")
            c = Raw(running)
            c.say("join", room_id="r", sender="c")
            c.hear_error("room-full")
            again = resumed(running, a, 1)  # who comes back does not find it full
            b.hear("user-resumed")
            again.assert_alive()

    def test_who_comes_meanwhile_is_told(self):
        a, b = self.pair()
        a.abort()
        self.assert_suspended(b, a)
        c = self.join("c", False)
        self.assertEqual({p["sender"] for p in c.joined["participants"]}, {"a", "b"})
        self.assert_suspended(c, a)
        b.hear("user-joined", sender="c")
        again = self.resumed(a, 1)
        again.hear("user-joined", sender="c", seq=2)
        for client in (b, c):
            client.hear("user-resumed", client_id=a.client_id)

    def test_the_old_connection_hangs_still(self):
        a, b = self.pair()
        again = self.resumed(a, 1)
        a.hear_close(4003)
        b.assert_alive()  # and was told nothing
        b.say("offer", data=1)
        again.hear("offer", seq=2)
        third = self.resumed(again, 2)
        again.hear_close(4003)
        third.assert_alive()

    def test_not_from_within(self):
        a, b = self.pair()
        a.say("resume", resume=a.resume, seq=1)
        a.hear("error", code="already-in-room")
        client = self.keep(Raw(self.server, path="/ws/other"))
        client.say("resume", resume=a.resume, seq=1)
        client.hear_error("room-mismatch")
        client.say("ack", seq=1)
        client.hear_error("not-in-room")
        self.resumed(a, 2)  # it was not used up by that
        c = self.join("c", False)
        c.say("ack", seq=0)
        c.hear_error("unknown-resume")


class Exact(ResumeCase):
    def test_what_is_sent_twice_counts_once(self):
        a, b = self.pair()
        for n in (1, 2, 2, 1, 3):
            b.say("offer", data={"n": n}, n=n)
        for n in (1, 2, 3):
            a.hear("offer", data={"n": n}, seq=1 + n)
        b.say("offer", n=4)
        b.hear("error", code="missing-field")
        b.say("offer", n=4)  # it was answered
        b.say("ping", data=1, n=5)
        b.hear("pong", data=1)
        b.abort()
        self.assert_suspended(a, b)
        again = self.resumed(b, 2)
        self.assertEqual(again.joined["n"], 5)
        for n in (5, 6):
            again.say("ping", data=n, n=n)
        again.hear("pong", data=6)

    def test_bad_numbers(self):
        a, b = self.pair(resume=False)
        for n in (0, -1, 1.5, "1", None, [], 1 << 60):
            a.say("ping", n=n)
            self.assertEqual(a.hear("error")["code"], "invalid-field")
            b.say("ping", n=n)  # to whom it means nothing
            b.hear("pong")

    def test_confirming(self):
        a, b = self.pair()
        a.say("ack", seq=2)
        a.hear("error", code="invalid-field")
        for i in range(200):
            b.say("offer", data=i)
            a.hear("offer", data=i, seq=3 + i)
            if i % 50 == 0:
                a.say("ack", seq=3 + i)
        a.say("ack", seq=10)  # an old one means nothing
        a.abort()
        self.assert_suspended(b, a)
        self.resumed(a, 202).assert_alive()

    def test_who_never_confirms_is_not_harmed(self):
        a, b = self.pair()
        for i in range(500):
            b.say("offer", data=i)
            a.hear("offer", data=i)
        again = self.resumed(a, 501 - 64)
        for i in range(64):
            again.hear("offer", seq=501 - 63 + i)

    def test_what_is_not_there_any_more(self):
        a, b = self.pair()
        for i in range(100):
            b.say("offer", data=i)
            a.hear("offer", data=i)
        for client in (a, b):
            client.say("ping")
            client.hear("pong")
        client = self.refused(a.resume, 10)
        b.hear("user-left", client_id=a.client_id, reason="timeout")  # its ghost is not in its way
        a.hear_close(4003)
        client.join(self.room, "a")
        b.hear("user-joined")

    def test_more_than_was_sent(self):
        a, b = self.pair()
        self.refused(a.resume, 2)
        b.hear("user-left", client_id=a.client_id)

    def test_as_many_as_are_kept(self):
        a, b = self.pair()
        a.abort()
        self.assert_suspended(b, a)
        for i in range(64):
            b.say("offer", data=i)
        b.assert_alive()
        again = self.resumed(a, 1)
        for i in range(64):
            again.hear("offer", data=i, seq=2 + i)
        b.hear("user-resumed")
        again.abort()
        self.assert_suspended(b, a)
        for i in range(65):
            b.say("offer", data=i)
        b.hear("user-left", client_id=a.client_id, reason="timeout")
        self.refused(again.resume, 65)

    def test_as_much_as_is_kept(self):
        a, b = self.pair()
        a.abort()
        self.assert_suspended(b, a)
        for i in range(4):
            b.say("offer", data=str(i) * 60000)
        b.assert_alive()
        again = self.resumed(a, 1)
        for i in range(4):
            again.hear("offer", data=str(i) * 60000)
        b.hear("user-resumed")
        again.abort()
        self.assert_suspended(b, a)
        for i in range(5):
            b.say("offer", data=str(i) * 60000)
        b.hear("user-left", client_id=a.client_id, reason="timeout")

    def test_what_was_half_said(self):
        """A message that was cut off in the middle was not accepted."""
        a, b = self.pair()
        message = frame(TEXT, b'{"action":"offer","data":"whole","n":1}')
        for at in range(1, len(message)):
            a.send(message[:at])
            a.abort()
            self.assert_suspended(b, a)
            a = self.resumed(a, 1)
            b.hear("user-resumed")
            self.assertEqual(a.joined["n"], 0)
        a.send(message)
        b.hear("offer", data="whole")


class Secrets(ResumeCase):
    def test_wrong(self):
        a, b = self.pair()
        c = self.join("c")
        for client in (a, b):
            client.hear("user-joined")
        wrong = (
            "", "x", "." * 65, a.resume[:-1], a.resume + "0", a.resume[:-1] + ("0" if a.resume[-1] != "0" else "1"),
            a.resume[:32] + c.resume[32:], a.resume.upper(), a.resume[:32], "\0" * 65, "\U0001f600", "0" * 60000,
        )
        for secret in wrong:
            self.refused(secret, 1)
        for client in (a, b, c):
            client.say("ping", data=1)
            client.hear("pong")  # nobody was disturbed
        self.resumed(a, 3)

    def test_used(self):
        a, b = self.pair()
        again = self.resumed(a, 1)
        again.assert_alive()
        self.refused(a.resume, 1)
        again.abort()
        self.assert_suspended(b, a)
        self.refused(a.resume, 1)  # it got the next one, and said so
        third = self.resumed(again, 2)
        b.hear("user-resumed")
        third.assert_alive()
        self.refused(again.resume, 2)
        third.assert_alive()

    def test_not_used_by_what_was_sent_before_the_next_one_came(self):
        """What a client says, and the pongs to other pings than that behind `resumed`, prove nothing."""
        a, b = self.pair()
        for i in range(10):
            lost = resume(self.server, a.resume, 1, receive_bytes=4096)
            lost.send(say("ack", seq=1) + frame(PING, b"") + frame(PONG, b"") + frame(PONG, b"resume"))
            time.sleep(random.random() * 0.02)
            if i % 2:
                lost.abort()
            else:
                self.keep(lost)  # it hangs
        again = self.resumed(a, 1)
        again.assert_alive()

    def test_lost_before_the_next_one_came(self):
        a, b = self.pair()
        for i in range(20):
            resume(self.server, a.resume, 1).abort()
            time.sleep(random.random() * 0.004)
            lost = resume(self.server, a.resume, 1, receive_bytes=4096)
            if i % 2:
                lost.abort()
            else:
                self.keep(lost)  # it hangs
        again = self.resumed(a, 1)
        again.assert_alive()

    def test_a_stolen_one_is_good_for_nothing_once_used(self):
        a, b = self.pair()
        stolen = a.resume
        a.abort()
        self.assert_suspended(b, a)
        again = self.resumed(a, 1)
        again.assert_alive()
        for _ in range(5):
            self.refused(stolen, 1)
        again.assert_alive()

    def test_they_are_counted(self):
        flags = ["--address-connections", "0", "--message-rate", "0", "--join-rate", "1", "--join-burst", "6"]
        with Server(*flags) as running:
            a, b = join(running, "r", "a"), join(running, "r", "b")
            thief = Raw(running)
            codes = []
            for _ in range(8):
                thief.say("resume", resume=a.resume[:-4] + "0000", seq=1)
                codes.append(thief.hear("error")["code"])
            self.assertIn("rate-limited", codes)
            self.assertEqual(set(codes[:4]), {"unknown-resume"})
            a.hear("user-joined")
            for _ in range(20):  # what is right is not counted
                a = resumed(running, a, 1)
            b.assert_alive()

    def test_never_in_the_log(self):
        with Server("--log-level", "trace", "--log-names", "plain", *UNBOUNDED) as running:
            a = join(running, "r", "a")
            again = resumed(running, a, 0)
            resume(running, again.resume[:-4] + "abcd", 0).hear_error("unknown-resume")
            output = running.output()
            for client in (a, again):
                self.assertNotIn(client.resume[33:], output)
                self.assertNotIn(client.resume[33:45], output)


class Healing(ResumeCase):
    def setUp(self):
        super().setUp()
        self.server.wait_for_pool()

    def tearDown(self):
        for client in self.clients:
            client.say("leave") if client.ended is None and client.socket.fileno() >= 0 else None
        super().tearDown()

    def test_while_away(self):
        a, b = self.pair()
        a.abort()
        self.assert_suspended(b, a)
        process = None
        for i in range(5):
            process = room_process(self.server, process)
            wait_idle(process)
            process.kill()
            wait_dead(process)
            b.say("offer", data=i)
        b.assert_alive()
        again = self.resumed(a, 1)
        for i in range(5):
            again.hear("offer", data=i, seq=2 + i)
        b.hear("user-resumed")
        for client in (again, b):
            client.say("leave")

    def test_it_is_here(self):
        """Who is connected notices nothing, and goes on counting."""
        a, b = self.pair()
        process = None
        for i in range(5):
            process = room_process(self.server, process)
            wait_idle(process)
            process.kill()
            wait_dead(process)
            b.say("offer", data=i, n=1 + i)
            a.hear("offer", data=i, seq=2 + i)
        for client in (a, b):
            client.say("leave")

    def test_all_are_away(self):
        a, b = self.pair()
        process = room_process(self.server)
        for client in (a, b):
            client.abort()
        wait_idle(process)
        process.kill()
        wait_dead(process)
        a, b = self.resumed(a, 1), self.resumed(b, 0)
        a.say("offer", data="there?")
        while (message := b.hear())["action"] != "offer":
            self.assertIn(message["action"], ("user-suspended", "user-resumed"))
        for client in (a, b):
            client.say("leave")


class Hasty(ResumeCase):
    """A client that connects again and again while its room's process is kept from its work (for less long than what
    would make it count as lost), or is lost."""

    def setUp(self):
        super().setUp()
        self.server.wait_for_pool()
        self.broker = self.server.one("broker")
        self.addCleanup(self.broker.kill, signal.SIGCONT)

    @staticmethod
    def gets_seat(client):
        try:
            return client.hear()["action"] == "resumed"
        except Closed:
            return False

    @staticmethod
    def has_seat(client):
        try:
            client.send_lenient(say("ping"))
            while client.hear()["action"] != "pong":
                pass
            return True
        except Closed:
            return False

    def test_many_claims_of_one_seat(self):
        """More than there are places for connections that say goodbye."""
        a, b = self.pair(resume=False)
        claims = [self.keep(Raw(self.server)) for _ in range(60)]
        process = room_process(self.server)
        stop(process)
        for claim in claims:
            claim.say("resume", resume=a.resume, seq=1)
        time.sleep(0.05)
        stop(self.broker)
        process.kill(signal.SIGCONT)
        time.sleep(0.05)
        self.broker.kill(signal.SIGCONT)
        b.assert_alive()
        seated = [claim for claim in claims if self.gets_seat(claim)]
        seated = [claim for claim in seated if self.has_seat(claim)]
        self.assertEqual(len(seated), 1)
        b.assert_alive()
        self.assertTrue(process.alive(), self.server.output()[-2000:])
        seated[0].say("leave")

    def test_the_last_claim_has_it(self):
        """Also if the one before it was lost with the room's process, and is repeated."""
        a, b = self.pair(resume=False)
        second = self.keep(Raw(self.server))
        process = room_process(self.server)
        stop_at_rest(process)
        first = resume(self.server, a.resume, 1)
        time.sleep(0.05)
        stop(self.broker)
        first.abort()
        second.say("resume", resume=a.resume, seq=1)
        process.kill()
        wait_dead(process)
        self.broker.kill(signal.SIGCONT)
        second.hear("resumed", client_id=a.client_id)
        b.say("ping")
        while (message := b.hear())["action"] != "pong":
            self.assertIn(message["action"], ("user-suspended", "user-resumed"))
        b.say("offer", data=1)
        while (message := second.hear())["action"] != "offer":
            self.assertIn(message["action"], ("user-suspended", "user-resumed"))
        second.assert_alive()
        second.say("leave")


class BrokerKilled(unittest.TestCase):
    def test_while_away(self):
        with Server(*UNBOUNDED) as running:
            a, b = join(running, "r", "a"), join(running, "r", "b")
            a.hear("user-joined")
            a.abort()
            b.hear("user-suspended")
            for i in range(3):
                broker = running.one("broker")
                broker.kill()
                wait_dead(broker)
                b.say("offer", data=i)
                wait_until(lambda: [p for p in running.roles()["broker"] if p.pid != broker.pid and p.state not in "ZX"],
                           SOON, running.tree)
            again = resumed(running, a, 1)
            for i in range(3):
                again.hear("offer", data=i, seq=2 + i)
            b.hear("user-resumed")
            resume(running, a.resume[:-1] + "x", 1).hear_error("unknown-resume")


class Storms(AsyncCase):
    """Members who are cut off all the time, at random, while all of them speak."""

    ROOMS, SIZE = 4, 3

    async def storm(self, running, cuts, disturb=None):
        seed = random.randrange(1 << 30)
        print(f"seed {seed}", flush=True)
        rooms = [Room(running, f"storm-{i}", self.SIZE, seed + i) for i in range(self.ROOMS)]
        disturbing = asyncio.ensure_future(disturb(running)) if disturb else None
        holding = sum(await asyncio.gather(*(room.run(cuts // (self.ROOMS * self.SIZE)) for room in rooms)), [])
        if disturbing:
            disturbing.cancel()
        end = time.monotonic() + SOON
        while time.monotonic() < end and not all(room.is_settled() or room.problems() for room in rooms):
            await asyncio.sleep(0.02)
        members = [m for room in rooms for m in room.members]
        print(f"{sum(m.cuts for m in members)} cuts, {sum(m.resumes for m in members)} resumes, "
              f"{sum(m.i for m in members)} signals", flush=True)
        for room in rooms:
            self.assertEqual(room.problems(), [])
            self.assertTrue(room.is_settled(), [(m.label, m.i, m.heard) for m in room.members])
            self.assertEqual([m.left for m in room.members], [[]] * self.SIZE)
        for task in holding:
            task.cancel()
        await asyncio.gather(*holding, return_exceptions=True)
        for member in members:
            member.end()

    async def test_cuts(self):
        with Server(*UNBOUNDED) as running:
            await asyncio.wait_for(self.storm(running, 10000 if FULL else 120 if WRAPPER else 1200), 200 * PATIENCE * (5 if FULL else 1))
            running.assert_works()

    async def test_cuts_while_rooms_are_lost(self):
        async def kill(running):
            while True:
                await asyncio.sleep(random.random() * 2)
                for process in random.sample(room_processes(running), 1):
                    process.kill(signal.SIGKILL)

        with Server(*UNBOUNDED) as running:
            await asyncio.wait_for(self.storm(running, 3000 if FULL else 60 if WRAPPER else 300, kill), 200 * PATIENCE * (3 if FULL else 1))

    async def test_everyone_at_once(self):
        """Clients that lose their network in the same second are all back within seconds."""
        count = 1000 if FULL else 200
        raise_descriptor_limit()
        with Server("--max-rooms", "0", *UNBOUNDED) as running:
            members = [Returning(running, f"call-{i // 2}", f"m{i}") for i in range(count)]
            holding = []
            for i in range(0, count, 50):
                holding += await asyncio.gather(*(hold(m) for m in members[i:i + 50]))
            for task in holding:
                task.cancel()
            await asyncio.gather(*holding, return_exceptions=True)
            for m in members:
                m.seated.clear()
                m.cut("rst")
            began = time.monotonic()
            holding = await asyncio.gather(*(hold(m, 6 * SOON) for m in members))
            print(f"{count} clients are back after {time.monotonic() - began:.1f} s", flush=True)
            self.assertEqual([p for m in members for p in m.problems], [])
            self.assertEqual({m.resumes for m in members}, {1})
            for task in holding:
                task.cancel()
            await asyncio.gather(*holding, return_exceptions=True)
            for m in members:
                m.end()


class Operating(unittest.TestCase):
    def test_it_is_shown_and_counted(self):
        running = Metered("--log-names", "plain", "--resume-ms", "60000", *UNBOUNDED)
        running.start()
        self.addCleanup(running.kill)
        a, b = join(running, "r", "a"), join(running, "r", "b")
        a.hear("user-joined")
        before = running.metrics()
        self.assertEqual(before["suspended"], 0)
        a.abort()
        b.hear("user-suspended")
        wait_until(lambda: running.metrics()["suspended"] == 1, SOON, running.metrics)
        shown = running.once("show", room="r")
        members = {m["label"]: m for m in shown["members"]}
        self.assertEqual((members["a"]["state"], members["b"]["state"]), ("suspended", "seated"))
        self.assertNotIn("address", members["a"])
        self.assertLessEqual(members["a"]["kept_for_ms"], 60000)
        self.assertGreater(members["a"]["kept_for_ms"], 0)
        self.assertGreaterEqual(members["a"]["kept"], 1)
        self.assertEqual([(r["members"], r["suspended"]) for r in running.rooms()], [(2, 1)])
        self.assertIn("suspended", running.roomctl("show", "r")[0])
        again = resumed(running, a, 1)
        b.hear("user-resumed")
        resume(running, "wrong", 0).hear_error("unknown-resume")
        after = wait_until(lambda: (m := running.metrics())["resumes_total"] == 1 and m, SOON, running.metrics)
        self.assertEqual((after["suspended"], after["suspended_total"], after["resumes_refused_total"]), (0, 1, 1))
        again.abort()
        b.hear("user-suspended")
        running.once("kick", room="r", client=a.client_id)
        b.hear("user-left", client_id=a.client_id, reason="kicked")
        resume(running, again.resume, 1).hear_error("unknown-resume")
        running.stop()


class Holders(unittest.TestCase):
    def test_one_address_holds_no_more_seats_than_connections(self):
        """Past the bound a join is as any other, and its seat is not kept; a seat that is taken back is no other."""
        with Server("--address-connections", "3", "--join-rate", "0") as running:
            seats = []
            for i in range(3):
                client = join(running, f"held {i}", "x")
                self.assertIsNotNone(client.resume)
                client.abort()
                seats.append(client)
            more = join(running, "one more", "x")
            self.assertIsNone(more.resume)
            back = resumed(running, seats[0], 0)
            back.say("leave")
            back.hear("left")
            back.say("join", room_id="again", sender="x", resume=True)
            self.assertIn("resume", back.hear("joined"))
            elsewhere = join(running, "elsewhere", "x", source="127.0.0.9")
            self.assertIsNotNone(elsewhere.resume)
            for client in (more, back, elsewhere):
                client.close()


class HalfDead(unittest.TestCase):
    def test_who_takes_nothing_is_found_early(self):
        """By the kernel, long before a ping is due: its window stays shut."""
        with Server("--unacknowledged-ms", "1000", "--queue-bytes-max", "16000000", *UNBOUNDED) as running:
            a, b = join(running, "r", "a", False), Raw(running, receive_bytes=4096)
            b.join("r", "b")
            a.hear("user-joined")
            for _ in range(150):
                a.say("offer", data="x" * 60000)
            message = a.hear("user-left", client_id=b.client_id)
            self.assertEqual(message["reason"], "timeout")
            b.close()


if __name__ == "__main__":
    main()
