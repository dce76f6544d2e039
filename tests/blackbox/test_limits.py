#!/usr/bin/python3
"""
Bounds: whoever goes past one gets the clear error or close of the protocol, at once, and nobody else feels it.

Every number here is a setting made small; what is checked is that the bound holds, not how soon the clock says so.
"""
import time
import unittest

from raw import CONTINUATION, PONG, TEXT, Closed, Raw, frame, say, text, upgrade_request
from server import PATIENCE, SOON, UNBOUNDED, WRAPPER, Server, ServerCase, main, wait_until


# LIMIT_LEAVE_MS
LEAVE_S = 10


class MessageRate(ServerCase):
    flags = ("--message-rate", "10", "--message-burst", "40")

    def flood(self, client, action="ping", count=2000, **fields):
        """Sends far more than is allowed; returns all that came before the close with 1008."""
        client.send_lenient(say(action, **fields) * count)
        return client.hear_close(1008, skip=True)

    def test_in_the_lobby(self):
        with Raw(self.server) as client:
            before = self.flood(client, data=1)
            self.assert_answered(before, "pong")

    def assert_answered(self, before, action):
        """The burst was served, the rest was not, and the client was told why."""
        served = [m for m in before if m["action"] == action]
        errors = [m for m in before if m["action"] == "error"]
        self.assertTrue(30 <= len(served) <= 40 + 10 * SOON, len(served))
        self.assertGreaterEqual(len(errors), 1)
        self.assertEqual({m["code"] for m in errors}, {"rate-limited"})
        self.assertEqual(len(served) + len(errors), len(before))

    def test_in_a_room(self):
        with Raw(self.server) as witness, Raw(self.server) as client:
            witness.join("flood", "witness")
            client.join("flood", "flooder")
            witness.hear("user-joined")
            self.assert_answered_in_room(self.flood(client, "offer", data="x" * 50), witness, client)

    def assert_answered_in_room(self, before, witness, client):
        self.assertGreaterEqual(len(before), 1)
        self.assertEqual({m.get("code") for m in before}, {"rate-limited"})
        offers = 0
        while True:
            message = witness.hear()
            if message["action"] != "offer":
                break
            offers += 1
        self.assertEqual((message["action"], message["reason"], message["client_id"]),
                         ("user-left", "flood", client.client_id))
        self.assertTrue(25 <= offers <= 40 + 10 * SOON, offers)
        witness.assert_alive()

    def test_pings_of_the_protocol_too(self):
        """Control frames cost as much as messages: a flood of them is a flood."""
        for place in ("lobby", "room"):
            with self.subTest(place), Raw(self.server) as client:
                if place == "room":
                    client.join("ping-flood", "flooder")
                client.send_lenient(frame(0x9, b"x") * 20000)
                end = time.monotonic() + SOON
                pongs = 0
                try:
                    while time.monotonic() < end:
                        got = client.frame()
                        if got.opcode == PONG:
                            pongs += 1
                        elif got.opcode == 0x8:
                            self.assertEqual(int.from_bytes(got.payload[:2], "big"), 1008)
                            break
                except Closed:
                    pass
                self.assertLess(pongs, 20000)
                client.hear_gone()

    def test_fragments_too(self):
        """A message may not be sent in an endless number of empty fragments. (As many as are read at once cost no more than
        the burst: here they are more than are read three times.)"""
        for place in ("lobby", "room"):
            with self.subTest(place), Raw(self.server) as client:
                if place == "room":
                    client.join("fragment-flood", "flooder")
                client.send_lenient(frame(TEXT, b"", fin=False) + frame(CONTINUATION, b"", fin=False) * 60000)
                client.hear_close(1008, 1002, 1009, skip=True)

    def test_a_burst_is_fine_and_refills(self):
        with Raw(self.server) as client:
            for _ in range(2):
                client.send(say("ping", data=1) * 30)
                for _ in range(30):
                    client.hear("pong")
                time.sleep(3.2)

    def test_leaving_does_not_refill(self):
        """Nor joining, nor the way through another room."""
        with Raw(self.server) as client:
            client.send_lenient(
                b"".join(say("join", room_id=f"refill-{i % 2}",
                sender="a") + say("ping") * 8 + say("leave") for i in range(100)))
            before = client.hear_close(1008, skip=True)
            answered = [m for m in before if m["action"] != "error"]
            self.assertLessEqual(len(answered), 40 + 10 * SOON)
            self.assertGreaterEqual(len(answered), 30)
            self.assertIn("rate-limited", [m.get("code") for m in before])

    def test_others_do_not_feel_it(self):
        """Honest rooms go on, the flood beside them in their own room."""
        with Raw(self.server) as one, Raw(self.server) as two:
            one.join("honest", "one")
            two.join("honest", "two")
            one.hear("user-joined")
            for i in range(5):
                with Raw(self.server) as flooder:
                    flooder.join("honest", "flooder")
                    for client in (one, two):
                        client.hear("user-joined")
                    flooder.send_lenient(say("offer", data="x", target="nobody") * 3000)
                    one.say("offer", data=i)
                    heard = {message["action"]: message for message in (two.hear(), two.hear())}
                    self.assertEqual(heard["offer"]["data"], i)
                    self.assertEqual((heard["user-left"]["reason"], heard["user-left"]
                                     ["client_id"]), ("flood", flooder.client_id))
                    one.hear("user-left", reason="flood", client_id=flooder.client_id)
                    flooder.hear_close(1008, skip=True)


class ByteRate(ServerCase):
    flags = ("--byte-rate", "10000", "--byte-burst", "100000", "--message-rate", "0")

    def test_flood(self):
        for place in ("lobby", "room"):
            with self.subTest(place), Raw(self.server) as client, Raw(self.server) as witness:
                if place == "room":
                    witness.join("bytes", "witness")
                    client.join("bytes", "flooder")
                    witness.hear("user-joined")
                client.send_lenient(say("ping", data="x" * 5000) * 200)
                before = client.hear_close(1008, skip=True)
                pongs = [m for m in before if m["action"] == "pong"]
                self.assertTrue(15 <= len(pongs) <= 20 + 2 * SOON, len(pongs))
                self.assertIn("rate-limited", [m.get("code") for m in before])
                if place == "room":
                    witness.hear("user-left", client_id=client.client_id, reason="flood")
                witness.assert_alive()


class IceBurst(ServerCase):
    """The defaults let through what a real call needs."""

    def test_a_real_call(self):
        with Raw(self.server) as one, Raw(self.server) as two:
            one.join("burst", "one")
            two.join("burst", "two")
            one.hear("user-joined")
            one.send(say("offer", data={"sdp": "x" * 8000}) + say("ice-candidate", data="y" * 200) * 300)
            two.hear("offer")
            for _ in range(300):
                two.hear("ice-candidate")


class SlowReader(ServerCase):
    flags = ("--message-bytes-max", "16384", "--queue-bytes-max", "65536", "--message-rate", "0", "--byte-rate", "0")

    def test_never_reads(self):
        with Raw(self.server) as speaker, Raw(self.server) as witness, Raw(self.server, receive_bytes=4096) as slow:
            speaker.join("slow", "speaker")
            witness.join("slow", "witness")
            speaker.hear("user-joined")
            slow.join("slow", "slow")
            for client in (speaker, witness):
                client.hear("user-joined", client_id=slow.client_id)
            # Until the kernel's buffers and the queue are full; the witness reads along and loses nothing.
            left = None
            for i in range(4000):
                speaker.say("offer", data=[i, "x" * 10000])
                message = witness.hear()
                if message["action"] == "user-left":
                    left = message
                    message = witness.hear()
                self.assertEqual((message["action"], message["data"][0]), ("offer", i))
                if left:
                    break
            self.assertIsNotNone(left, "40 MB were sent, and the slow reader is still there")
            self.assertEqual((left["client_id"], left["reason"]), (slow.client_id, "slow"))
            speaker.hear("user-left", client_id=slow.client_id, reason="slow")
            speaker.assert_alive()
            witness.assert_alive()
            # It gets 1008 if a frame boundary allows it, else a reset.
            try:
                while True:
                    slow.message()
            except Closed as closed:
                self.assertTrue(closed.code == 1008 or closed.code is None, closed)

    def test_all_at_once(self):
        """Each that is closed is one more thing to tell the others, of whom the next is closed for it: the room tells them
        one after the other, however many there are."""
        with Server(*UNBOUNDED, "--max-members", "300", "--message-bytes-max", "16384", "--queue-bytes-max", "20000",
                    "--log-level", "warn") as server, Raw(server) as speaker:
            speaker.join("slow", "speaker")
            slow = [Raw(server, receive_bytes=4096) for _ in range(200)]
            for client in slow:
                self.addCleanup(client.close)
                client.say("join", room_id="slow", sender="slow")
                speaker.hear("user-joined")
            # As long as what is said of one who leaves: then most are found with no place for just that.
            left = 0
            while left < len(slow):
                speaker.send(say("offer", data="x" * 45) * 10 + say("ping"))
                left += [m["action"] for m in iter(speaker.hear, {"action": "pong"})].count("user-left")
            self.assertNotIn("roomd-lost", server.stderr())

    def test_reads_slowly_but_enough(self):
        """Being behind within the bound costs nothing."""
        with Raw(self.server) as speaker, Raw(self.server, receive_bytes=4096) as slow:
            speaker.join("behind", "speaker")
            slow.join("behind", "slow")
            speaker.hear("user-joined")
            for turn in range(5):
                for i in range(6):
                    speaker.say("offer", data=[i, "x" * 8000])
                time.sleep(0.05)
                for i in range(6):
                    self.assertEqual(slow.hear("offer")["data"][0], i)
            speaker.assert_alive()


class OwnEcho(ServerCase):
    """In the lobby, and alone in a room: whoever asks and never reads the answers is not served for ever."""

    flags = ("--message-rate", "0", "--byte-rate", "0", "--ping-interval-ms", "500", "--ping-timeout-ms", "2000")

    def never_read(self, slow):
        """It ends, be it by its queue or because nothing more is read from it and it counts as gone."""
        slow.socket.settimeout(SOON)
        ping = say("ping", data="x" * 10000)
        sent = 0
        with self.assertRaises((BrokenPipeError, ConnectionResetError), msg="the connection hangs"):
            while sent < 100 << 20:
                slow.socket.sendall(ping)
                sent += len(ping)
            self.fail("100 MB were taken from a client that never reads")

    def test_in_the_lobby(self):
        with Raw(self.server, receive_bytes=4096) as slow, Raw(self.server) as other:
            self.never_read(slow)
            other.assert_alive()

    def test_in_a_room(self):
        with Raw(self.server, receive_bytes=4096) as slow:
            slow.join("echo", "slow")
            self.never_read(slow)


class SlowToJoin(unittest.TestCase):
    def test_reads_in_time(self):
        """What is owed to a client goes before its room does, and has some seconds to; once it sits there, they are
        over without consequences."""
        flags = (*UNBOUNDED, "--queue-bytes-max", str(8 << 20), "--ping-interval-ms", "0")
        with Server(*flags) as server, Raw(server, receive_bytes=4096) as slow, Raw(server) as other:
            ping = say("ping", data="x" * 10000)
            for _ in range(600):
                slow.send(ping)
            slow.say("join", room_id="slow", sender="slow")
            slow.say("ping", data="in the room")  # (sent on; the lobby does not see it)
            time.sleep(0.5)
            joined = other.join("slow", "other")
            self.assertEqual(joined["participants"], [], "the client is not blocked: this test shows nothing")
            for _ in range(600):
                slow.hear("pong")
            slow.hear("joined")
            slow.hear("pong", data="in the room")
            other.hear("user-joined", sender="slow")
            time.sleep(LEAVE_S + 1)
            slow.say("offer", data=1)
            other.hear("offer", data=1)
            slow.say("leave")
            slow.hear("left")
            other.hear("user-left", reason="leave")
            slow.assert_alive()
            other.assert_alive()
            self.assertNotIn("roomd-misbehaved", server.stderr())


class Timeouts(unittest.TestCase):
    def test_join_timeout(self):
        with Server("--join-timeout-ms", "700") as server:
            with Raw(server) as member, Raw(server) as returned, Raw(server) as chatty, Raw(server) as idle:
                began = time.monotonic()
                member.join("in-time", "a")
                returned.join("in-time-2", "a")
                returned.say("leave")
                returned.hear("left")
                # A ping is no join, nor is a join that failed.
                while time.monotonic() - began < 0.5:
                    chatty.send_lenient(say("ping") + say("join", room_id=""))
                    time.sleep(0.1)
                idle.hear_close(1008)
                self.assertGreaterEqual(time.monotonic() - began, 0.6)
                chatty.hear_close(1008, skip=True)
                time.sleep(1)
                member.assert_alive()
                returned.assert_alive()
                returned.join("in-time", "b")

    def test_join_timeout_off(self):
        with Server("--join-timeout-ms", "0") as server, Raw(server) as idle:
            time.sleep(1)
            idle.assert_alive()

    def test_request_timeout(self):
        """Five kinds of slowness before the upgrade. None stays; the honest don't feel it."""
        kinds = {
            "silent": (b"", b""), "byte by byte": (b"G", b"E"),
            "header by header": (b"GET /ws HTTP/1.1\r\nHost: x\r\n", b"X-a: b\r\n"),
            "slow body": (b"POST /ws HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n", b"x"),
            "slow body of a page": (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n", b"x"),
            "chunked body": (b"POST /health HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
            "half an upgrade": (upgrade_request()[:-2], b"x: y\r\n"),
        }
        with Server("--request-timeout-ms", "1000") as server:
            server.assert_works()
            before = server.descriptors_at_rest()
            clients = {(name, i): Raw(server, upgrade=False) for name in kinds for i in range(3)}
            for (name, _), client in clients.items():
                client.send_lenient(kinds[name][0])
            began = time.monotonic()
            waiting = dict(clients)
            while waiting:
                self.assertLess(time.monotonic() - began, 3 * SOON, f"still connected: {list(waiting)}")
                for key, client in list(waiting.items()):
                    client.send_lenient(kinds[key[0]][1])
                    try:
                        client.hear_gone(timeout=0.02)
                        client.close()
                        del waiting[key]
                    except TimeoutError:
                        pass
                    except OSError:
                        del waiting[key]
            with Raw(server) as honest:
                honest.assert_alive()
            server.assert_back_at(before)

    def test_slow_reader_of_a_page(self):
        """A plain response that is never read doesn't keep its connection for ever either."""
        with Server("--request-timeout-ms", "1000") as server:
            server.assert_works()
            before = server.descriptors_at_rest()
            clients = [Raw(server, upgrade=False, receive_bytes=2048) for _ in range(5)]
            for client in clients:
                client.send(b"GET /video-signaling.js HTTP/1.1\r\nHost: x\r\n\r\n")
            server.assert_back_at(before, 15 * PATIENCE)
            for client in clients:
                client.close()

    def test_ping_timeout(self):
        with Server("--ping-interval-ms", "300", "--ping-timeout-ms", "900") as server:
            with Raw(server) as witness, Raw(server, answer_pings=False) as dead, Raw(server,
                    answer_pings=False) as lobby:
                witness.join("timeout", "witness")
                dead.join("timeout", "dead")
                witness.hear("user-joined")
                began = time.monotonic()
                # The witness answers pings while it waits, the others don't; nobody says anything else.
                witness.hear("user-left", client_id=dead.client_id, reason="timeout", timeout=SOON + 1)
                self.assertGreaterEqual(time.monotonic() - began, 0.5)
                self.assertGreaterEqual(len(witness.pings), 1)
                for client in (dead, lobby):
                    try:
                        while True:
                            client.message()
                    except Closed as closed:
                        self.assertIsNone(closed.code, "a connection that timed out is reset")
                    self.assertGreaterEqual(len(client.pings), 1)
                # Whoever answers stays.
                end = time.monotonic() + 2
                while time.monotonic() < end:
                    try:
                        witness.message(timeout=0.2)
                    except TimeoutError:
                        pass
                witness.assert_alive()

    def test_any_sign_of_life_will_do(self):
        """A client that can't answer pings, but says something now and then, is alive."""
        with Server("--ping-interval-ms", "300", "--ping-timeout-ms", "1200") as server:
            with Raw(server, answer_pings=False) as room, Raw(server, answer_pings=False) as lobby:
                room.join("alive", "a")
                for _ in range(12):
                    time.sleep(0.25)
                    room.assert_alive()
                    lobby.send(frame(PONG, b"unasked"))
                lobby.assert_alive()

    def test_busy_connections_are_not_pinged(self):
        with Server("--ping-interval-ms", "1500", "--ping-timeout-ms", "60000") as server, Raw(server) as client:
            client.join("busy", "a")
            for _ in range(20):
                time.sleep(0.15)
                client.assert_alive()
            self.assertEqual(client.pings, [])


class Counts(unittest.TestCase):
    def assert_refused(self, server, *statuses, **options):
        """An upgrade is refused with 503 (or what is given), told when to come again, and closed."""
        with Raw(server, upgrade=False, **options) as client:
            client.send_lenient(upgrade_request())
            response = client.response()
            self.assertIn(response.status, statuses or (503,), response)
            self.assertRegex(response.headers.get("retry-after", ""), r"^\d+$", response)
            client.hear_gone()

    def connect_when_possible(self, server, **options):
        """A place that was given back is there again soon, if not at once."""
        found = []

        def connected():
            try:
                found.append(Raw(server, **options))
                return True
            except AssertionError:
                return False
        wait_until(connected, SOON, "a place is free again")
        return found[0]

    def test_max_connections(self):
        with Server("--max-connections", "4") as server:
            server.assert_works()
            before = server.descriptors_at_rest()
            clients = [Raw(server) for _ in range(4)]
            clients[0].join("counted", "a")
            clients[1].join("counted", "b")
            clients[0].hear("user-joined")
            for _ in range(5):
                self.assert_refused(server)
            clients[1].say("offer", data=1)
            clients[0].hear("offer")
            for i in (0, 3):  # a member's place, and one in the lobby
                clients[i].close()
                clients[i] = self.connect_when_possible(server)
                clients[i].assert_alive()
                self.assert_refused(server)
            for client in clients:
                client.close()
            server.assert_back_at(before)

    def test_max_lobby(self):
        with Server("--max-lobby", "2") as server:
            clients = [Raw(server) for _ in range(2)]
            self.assert_refused(server)
            clients[0].join("room", "a")
            third = self.connect_when_possible(server)
            self.assert_refused(server)
            third.assert_alive()
            for client in [*clients, third]:
                client.close()

    def test_address_connections(self):
        with Server("--address-connections", "3") as server:
            clients = [Raw(server, source="127.0.0.2") for _ in range(3)]
            clients[0].join("counted", "a")
            for _ in range(3):
                self.assert_refused(server, 429, 503, source="127.0.0.2")
            # Another address doesn't feel it.
            with Raw(server, source="127.0.0.3") as other:
                other.join("counted", "b")
                clients[0].hear("user-joined")
            clients[0].hear("user-left")
            clients[0].close()
            clients[0] = self.connect_when_possible(server, source="127.0.0.2")
            self.assert_refused(server, 429, 503, source="127.0.0.2")
            for client in clients:
                client.close()

    def test_address_connections_before_the_upgrade(self):
        """Unfinished requests count too: a flood of them from one address keeps nobody else out."""
        with Server("--address-connections", "5", "--max-connections", "50") as server:
            hogs = []
            for _ in range(100):
                hog = Raw(server, upgrade=False, source="127.0.0.2")
                hog.send_lenient(b"GET /ws HTTP/1.1\r\n")
                hogs.append(hog)
            with Raw(server, source="127.0.0.3") as honest:
                honest.join("honest", "a")
            for hog in hogs:
                hog.close()

    def test_health_answers_when_full(self):
        """A full server is alive: a probe must not kill it."""
        with Server("--max-connections", "2") as server:
            clients = [Raw(server) for _ in range(2)]
            self.assertEqual(server.get("/live")[0], 200)
            self.assertEqual(server.get("/health")[0], 200)
            for client in clients:
                client.assert_alive()
                client.close()

    def test_a_clinic_behind_one_address(self):
        """250 people behind one address, with the defaults."""
        with Server() as server:
            clients = [Raw(server) for _ in range(250)]
            for i, client in enumerate(clients):
                client.join(f"clinic-{i // 2}", "a")
            for i in range(0, 250, 2):
                clients[i].hear("user-joined")
                clients[i + 1].say("offer", data=i)
                clients[i].hear("offer", data=i)
            for client in clients:
                client.close()

    def test_max_rooms(self):
        with Server("--max-rooms", "2") as server:
            one, two, three = (Raw(server) for _ in range(3))
            one.join("room-1", "a")
            two.join("room-2", "a")
            for _ in range(3):
                three.say("join", room_id="room-3", sender="a")
                three.hear_error("too-many-rooms")
            three.join("room-1", "b")
            one.hear("user-joined")
            three.say("leave")
            three.hear("left")
            two.say("leave")
            two.hear("left")

            def joined():
                three.say("join", room_id="room-3", sender="a")
                message = three.hear()
                self.assertIn(message["action"], ("joined", "error"))
                self.assertIn(message.get("code"), (None, "too-many-rooms"))
                return message["action"] == "joined"
            wait_until(joined, SOON, "a room's end makes place for another")
            two.say("join", room_id="room-2", sender="a")
            two.hear_error("too-many-rooms")
            for client in (one, two, three):
                client.close()

    def test_join_rate(self):
        with Server("--join-rate", "1", "--join-burst", "5") as server:
            with Raw(server, source="127.0.0.2") as client, Raw(server, source="127.0.0.3") as other:
                served = 0
                for i in range(50):
                    client.say("join", room_id=f"rate-{i}", sender="a")
                    message = client.hear()
                    if message["action"] == "error":
                        self.assertEqual(message["code"], "rate-limited")
                        break
                    served += 1
                    client.say("leave")
                    client.hear("left")
                self.assertTrue(5 <= served < 5 + 2 * SOON, served)
                client.assert_alive()
                other.join("rate", "a")  # another address doesn't feel it

                def joined():
                    client.say("join", room_id="rate", sender="b")
                    return client.hear()["action"] == "joined"
                time.sleep(1.5)
                wait_until(joined, SOON, "the rate allows it again")

    def test_max_members_one(self):
        with Server("--max-members", "1") as server, Raw(server) as one, Raw(server) as two:
            one.join("single", "a")
            two.say("join", room_id="single", sender="b")
            two.hear_error("room-full")
            one.assert_alive()

    def test_bad_messages_max(self):
        with Server("--bad-messages-max", "3") as server:
            for place in ("lobby", "room"):
                with self.subTest(place), Raw(server) as client, Raw(server) as witness:
                    if place == "room":
                        witness.join("bad", "witness")
                        client.join("bad", "client")
                        witness.hear("user-joined")
                    client.send_lenient(text("nonsense") * 10)
                    before = client.hear_close(1008, skip=True)
                    self.assertTrue(2 <= len(before) <= 4, before)
                    self.assertEqual({m["code"] for m in before}, {"invalid-json"})
                    if place == "room":
                        witness.hear("user-left", client_id=client.client_id)
                    witness.assert_alive()

    def test_message_bytes_max(self):
        with Server("--message-bytes-max", "4096") as server, Raw(server) as client:
            for join in (False, True):
                if join:
                    client.join("small", "a")
                filler = "x" * (4096 - len('{"action": "ping", "data": ""}'))
                client.say("ping", data=filler)
                client.hear("pong", data=filler)
            client.send_lenient(say("ping", data=filler + "x"))
            client.hear_close(1009)

    def test_a_large_message_bytes_max(self):
        with Server("--message-bytes-max", "1048576", "--queue-bytes-max", "4194304") as server:
            with Raw(server) as one, Raw(server) as two:
                one.join("large", "one")
                two.join("large", "two")
                one.hear("user-joined")
                data = "x" * 1_000_000
                one.say("offer", data=data)
                two.hear("offer", data=data)

    def test_all_off(self):
        """0 turns a bound off: the server works, and takes what it would not take otherwise."""
        off = ("max-connections", "max-lobby", "address-connections", "max-rooms", "max-members", "request-timeout-ms",
               "join-timeout-ms", "ping-interval-ms", "ping-timeout-ms", "message-bytes-max", "message-rate", "byte-rate",
               "join-rate", "bad-messages-max", "queue-bytes-max")
        with Server(*(part for name in off for part in (f"--{name}", "0"))) as server:
            clients = [Raw(server) for _ in range(20)]
            for i, client in enumerate(clients):
                self.assertEqual(len(client.join("off", f"x{i}")["participants"]), i)
            for i, client in enumerate(clients):
                for _ in clients[i + 1:]:
                    client.hear("user-joined")
            data = "x" * 1_000_000
            clients[0].say("offer", data=data, target="x1")
            clients[1].hear("offer", data=data)
            clients[2].send(say("ping") * 3000 + text("bad") * 200)
            for _ in range(3000):
                clients[2].hear("pong")
            for _ in range(200):
                clients[2].hear_error("invalid-json")
            clients[3].send_lenient(frame(TEXT, b"x" * 1048577))
            clients[3].hear_close(1009)
            for client in clients:
                client.close()

    def test_many_members(self):
        """A room may be as full as it may be: all see all."""
        with Server("--max-members", "40", "--address-connections", "0") as server:
            clients = [Raw(server) for _ in range(40)]
            for i, client in enumerate(clients):
                self.assertEqual(len(client.join("crowd", "x" * 100 + str(i))["participants"]), i)
            for i, client in enumerate(clients):
                for later in clients[i + 1:]:
                    client.hear("user-joined", client_id=later.client_id)
            clients[7].say("offer", data=1)
            for i, client in enumerate(clients):
                if i != 7:
                    client.hear("offer", client_id=clients[7].client_id)
            for client in clients:
                client.close()


class Exhaustion(unittest.TestCase):
    def test_few_descriptors(self):
        """With nearly none left, new connections wait or are refused, those that are there live on, and it recovers."""
        if WRAPPER:
            self.skipTest("a wrapper needs descriptors of its own")

        with Server("--pool-size", "2", "--address-connections", "0", descriptors=80) as server:
            one, two = Raw(server), Raw(server)
            one.join("poor", "one")
            two.join("poor", "two")
            one.hear("user-joined")
            crowd = []
            for _ in range(150):
                client = Raw(server, upgrade=False)
                client.send_lenient(upgrade_request())
                crowd.append(client)
            for i in range(20):
                one.say("offer", data=i)
                two.hear("offer", data=i)
            for client in crowd:
                client.close()

            def works():
                try:
                    with Raw(server) as late:
                        late.join("poor-2", "late")
                    return True
                except (AssertionError, OSError):
                    return False
            wait_until(works, SOON, "it recovers")
            one.close()
            two.close()


if __name__ == "__main__":
    main()
