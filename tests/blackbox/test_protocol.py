#!/usr/bin/python3
"""The client protocol, by a well-behaved client: every message, every field, every promise about order."""
import asyncio
import os
import subprocess
import unittest
from types import SimpleNamespace
from urllib.parse import quote


import raw
from client import AsyncServerCase, Client, room_of
from server import HERE, SOON, Server, main

# Texts of `data` that a parser and printer of JSON would not give back as they were.
DATA_TEXTS = [
    "null", "true", "false", "0", "-0", "1.0e5", "1E+2", "1e-400", "0.10", "12345678901234567890123",
    '""', '"\\u0061\\/\\b\\f\\n\\r\\t\\"\\\\"', '"\\ud83d\\ude00 \\uD83D\\uDE00 😀"', '"\\ud800 alone"', '"\\u0000"',
    '"é ü 漢字 \u2028 \u202e \x7f"', '{"b":1,"a":2,"b":3}', "[]", "{}", "[ 1 ,\t2\n,\r3 ]",
    '{ "a" : { "b" : [ ] } }',
    '{"sdp":"v=0\\r\\no=- 1 1 IN IP4 0.0.0.0\\r\\n","type":"offer"}',
    '{"action":"leave","room_id":"x","client_id":"y","target":"z","data":{"data":1}}',
    "[" * 100 + "]" * 100, '"' + "x" * 60000 + '"',
]


class Join(AsyncServerCase):
    async def test_first_member(self):
        async with await Client.connect(self.server) as client:
            joined = await client.join("visit-1", "doctor-123")
            self.assertEqual(set(joined), {"action", "room_id", "client_id", "sender", "success", "participants"})
            self.assertIs(joined["success"], True)
            self.assertEqual(joined["participants"], [])
            self.assertIsInstance(joined["client_id"], str)

    async def test_participants_and_user_joined(self):
        doctor, patient, guest = await room_of(self.server, "visit-2", "doctor", "patient", "guest")
        late = await Client.connect(self.server)
        joined = await late.join("visit-2", "late")
        expected = [{"client_id": c.client_id, "sender": c.sender} for c in (doctor, patient, guest)]
        self.assertCountEqual(joined["participants"], expected)
        for member in (doctor, patient, guest):
            await member.hear_join(late)
            await member.assert_quiet()
        await late.assert_quiet()

    async def test_data_of_a_join_is_ignored(self):
        for data in ({}, None, [1], "x", {"room_id": "elsewhere"}):
            async with await Client.connect(self.server) as client:
                joined = await client.join("ignored-data", "a", data=data)
                self.assertNotIn("data", joined)

    async def test_unknown_fields_are_ignored(self):
        async with await Client.connect(self.server) as client:
            await client.join("unknown-fields", "a", extra=1, timestamp="now", client_id="mine", success=False)
            self.assertNotEqual(client.client_id, "mine")

    async def test_client_ids_are_unguessable_and_never_reused(self):
        ids = []
        async with await Client.connect(self.server) as client:
            for _ in range(200):
                await client.join("ids", "a")
                ids.append(client.client_id)
                await client.leave()
        self.assertEqual(len(set(ids)), len(ids))
        # Random digits, and at least 128 bits of them: none is much rarer than another.
        self.assertTrue(all(len(i) >= 22 for i in ids), ids[:3])
        digits = "".join(ids).replace("-", "")
        counts = [digits.count(d) for d in set(digits)]
        self.assertGreater(min(counts) * 2, max(counts), ids[:3])

    async def test_two_clients_with_the_same_sender(self):
        one, two = await room_of(self.server, "twins", "patient", "patient")
        self.assertNotEqual(one.client_id, two.client_id)
        await one.say("offer", data="from one")
        await two.hear("offer", client_id=one.client_id, sender="patient", data="from one")
        await two.say("answer", data="from two")
        await one.hear("answer", client_id=two.client_id, sender="patient", data="from two")
        await two.close()
        await one.hear_left(two, "disconnect")

    async def test_already_in_room(self):
        one, two = await room_of(self.server, "already", "one", "two")
        for room in ("already", "another"):
            await one.say("join", room_id=room, sender="one")
            await one.hear_error("already-in-room")
        await one.assert_quiet()
        await two.assert_quiet()
        await one.say("offer", data=1)
        await two.hear("offer", room_id="already", client_id=one.client_id)

    async def test_rooms_are_compared_byte_for_byte(self):
        names = ["Caf\u00e9", "Cafe\u0301", "caf\u00e9", "CAF\u00c9", "Caf\u00e9 1", "Caf\u00e9  1", "\u212b", "\u00c5"]
        clients = [await Client.joined(self.server, name, "a") for name in names]
        for client in clients:
            await client.assert_quiet()
        for name in names:
            async with await Client.connect(self.server) as other:
                self.assertEqual(len((await other.join(name, "b"))["participants"]), 1)


class Leave(AsyncServerCase):
    async def test_leave(self):
        one, two = await room_of(self.server, "leave", "one", "two")
        left = await one.leave()
        self.assertEqual(set(left), {"action", "room_id", "client_id", "success"})
        await two.hear_left(one, "leave")
        await one.say("offer", data=1)
        await one.hear_error("not-in-room")
        await two.say("offer", data=1)
        await one.assert_quiet()
        await two.assert_quiet()

    async def test_leave_ignores_all_other_fields(self):
        one = await Client.joined(self.server, "leave-fields", "one")
        await one.say("leave", room_id=5, sender=None, target=[], data={})
        await one.hear("left", room_id="leave-fields", client_id=one.client_id)

    async def test_leave_then_join_another_room(self):
        one, two = await room_of(self.server, "first", "one", "two")
        other = await Client.joined(self.server, "second", "other")
        first_id = one.client_id
        await one.leave()
        await two.hear_left(SimpleNamespace(room_id="first", client_id=first_id, sender="one"), "leave")
        joined = await one.join("second", "renamed")
        self.assertNotEqual(one.client_id, first_id)
        self.assertEqual(joined["participants"], [{"client_id": other.client_id, "sender": "other"}])
        await other.hear_join(one)
        await one.say("offer", data="hello")
        await other.hear("offer", client_id=one.client_id, sender="renamed", room_id="second", data="hello")
        await two.assert_quiet()

    async def test_leave_then_join_the_same_room_many_times(self):
        one = await Client.joined(self.server, "again", "one")
        two = await Client.connect(self.server)
        for _ in range(50):
            joined = await two.join("again", "two")
            self.assertEqual([p["client_id"] for p in joined["participants"]], [one.client_id])
            await one.hear_join(two)
            await two.say("offer", data=1)
            await one.hear("offer", client_id=two.client_id)
            await two.leave()
            await one.hear_left(two, "leave")

    async def test_alone_leave_and_join_many_times(self):
        client = await Client.connect(self.server)
        for i in range(50):
            joined = await client.join("alone", "one")
            self.assertEqual(joined["participants"], [])
            await client.leave()
        await client.assert_quiet()

    async def test_leave_and_close_at_once(self):
        stays = await Client.joined(self.server, "leave-close", "stays")
        for _ in range(30):
            goes = await Client.joined(self.server, "leave-close", "goes")
            await stays.hear_join(goes)
            await goes.say("leave")
            await goes.close()
            await stays.hear_left(goes, "leave")
        await stays.assert_quiet()

    async def test_leave_and_reset_at_once(self):
        stays = await Client.joined(self.server, "leave-reset", "stays")
        for _ in range(30):
            goes = raw.Raw(self.server)
            goes.join("leave-reset", "goes")
            await stays.hear_join(goes)
            goes.say("leave")
            goes.abort()
            left = await stays.hear("user-left", client_id=goes.client_id, sender="goes")
            self.assertIn(left["reason"], ("leave", "disconnect"))
        await stays.assert_quiet()

    async def test_lost_connections(self):
        stays = await Client.joined(self.server, "lost", "stays")

        async def goes(end):
            client = raw.Raw(self.server)
            client.join("lost", "goes")
            await stays.hear_join(client)
            end(client)
            await stays.hear_left(client, "disconnect")

        await goes(raw.Raw.close)
        await goes(raw.Raw.abort)
        await goes(lambda c: c.send(raw.frame(raw.CLOSE, raw.close_payload(1000))))
        await goes(lambda c: c.send(raw.frame(raw.CLOSE, raw.close_payload(1001, "page closed"))))
        await goes(lambda c: c.send(raw.frame(raw.CLOSE)))
        await goes(lambda c: c.socket.shutdown(1))
        await stays.assert_quiet()

    async def test_room_is_born_anew(self):
        """Nothing of a room outlives its last member."""
        first = await Client.joined(self.server, "reborn", "first")
        await first.close()
        second = await Client.connect(self.server)
        self.assertEqual((await second.join("reborn", "second"))["participants"], [])
        await second.assert_quiet()


class Relay(AsyncServerCase):
    flags = ("--message-rate", "0", "--byte-rate", "0")

    async def test_each_kind_to_everyone_else(self):
        one, two, three = await room_of(self.server, "kinds", "one", "two", "three")
        outsider = await Client.joined(self.server, "kinds-2", "one")
        for kind in ("offer", "answer", "ice-candidate"):
            for fields in ({}, {"target": None}):
                await one.say(kind, data={"kind": kind}, **fields)
                for other in (two, three):
                    got = await other.hear(
                        kind, room_id="kinds", client_id=one.client_id, sender="one", data={"kind": kind})
                    self.assertLessEqual(set(got) - {"target"}, {"action", "room_id", "client_id", "sender", "data"})
                    self.assertIsNone(got.get("target"))
        for client in (one, two, three, outsider):
            await client.assert_quiet()

    async def test_target_is_absent_where_it_was(self):
        one, two = await room_of(self.server, "absent-target", "one", "two")
        await one.say("offer", data=1)
        self.assertNotIn("target", await two.hear("offer"))

    async def test_target_by_client_id(self):
        one, two, three = await room_of(self.server, "by-id", "one", "same", "same")
        await one.say("offer", data=1, target=three.client_id)
        got = await three.hear("offer", target=three.client_id, client_id=one.client_id)
        self.assertEqual(set(got), {"action", "room_id", "client_id", "sender", "target", "data"})
        for client in (one, two, three):
            await client.assert_quiet()

    async def test_target_by_label(self):
        one, two, three = await room_of(self.server, "by-label", "one", "two", "three")
        await one.say("answer", data=1, target="two")
        await two.hear("answer", target="two", client_id=one.client_id)
        for client in (one, two, three):
            await client.assert_quiet()

    async def test_label_that_only_one_other_bears(self):
        one, two = await room_of(self.server, "own-label", "same", "same")
        await one.say("offer", data=1, target="same")
        await two.hear("offer", client_id=one.client_id, target="same")
        await one.assert_quiet()

    async def test_ambiguous_target(self):
        one, two, three = await room_of(self.server, "ambiguous", "one", "same", "same")
        await one.say("offer", data=1, target="same")
        await one.hear_error("ambiguous-target")
        for client in (one, two, three):
            await client.assert_quiet()
        await three.leave()
        for client in (one, two):
            await client.hear_left(three, "leave")
        await one.say("offer", data=1, target="same")
        await two.hear("offer", client_id=one.client_id)

    async def test_no_such_target(self):
        one, two = await room_of(self.server, "no-such", "one", "two")
        elsewhere = await Client.joined(self.server, "no-such-2", "elsewhere")
        for target in ("nobody", "Two", "tw", "two2", elsewhere.client_id, "elsewhere", two.client_id[:-1],
                       two.client_id + "0", one.client_id, "one"):
            with self.subTest(target):
                await one.say("offer", data=1, target=target)
                await one.hear_error("no-such-target")
        for client in (one, two, elsewhere):
            await client.assert_quiet()

    async def test_target_that_has_left(self):
        one, two = await room_of(self.server, "gone", "one", "two")
        await two.leave()
        await one.hear_left(two, "leave")
        for target in (two.client_id, "two"):
            await one.say("offer", data=1, target=target)
            await one.hear_error("no-such-target")
        await two.join("gone", "two")
        await one.hear_join(two)
        await one.say("offer", data=1, target="two")
        await two.hear("offer", client_id=one.client_id)

    async def test_target_is_echoed_as_sent(self):
        one, two = await room_of(self.server, "echo-target", "one", "p\u00e4tient/2")
        for target in ('"p\u00e4tient/2"', '"p\\u00e4tient\\/2"', '"\\u0070\\u00E4tient/2"'):
            await one.say_text('{"action":"offer","target": %s ,"data":1}' % target)
            await two.hear("offer", target="p\u00e4tient/2")
            self.assertEqual(raw.members(two.last_text)["target"], target)

    async def test_data_byte_for_byte(self):
        one, two = await room_of(self.server, "bytes", "one", "two")
        shapes = (
            '{"action":"offer","data":%s}', '{"data":%s,"action":"offer"}',
            ' {\n"action" : "offer" ,\t"data" :\r\n %s \n, "target" : null } ',
            '{"\\u0064ata":%s,"x":{"data":0},"\\u0061ction":"\\u006fffer"}',
        )
        for data in DATA_TEXTS:
            for shape in shapes:
                with self.subTest(data=data[:80], shape=shape):
                    await one.say_text(shape % data)
                    await two.hear("offer", client_id=one.client_id)
                    self.assertEqual(raw.members(two.last_text)["data"], data)
        await one.assert_quiet()

    async def test_signal_s_own_room_and_sender_are_not_trusted(self):
        """Even if they are of a wrong type: they are not so much as looked at."""
        one, two = await room_of(self.server, "untrusted", "one", "two")
        for room, sender in (("other", "somebody"), (1, None), ({}, []), ("", "\u0000")):
            await one.say("offer", room_id=room, sender=sender, client_id=two.client_id, data=1)
            await two.hear("offer", room_id="untrusted", sender="one", client_id=one.client_id)

    async def test_signals_in_the_lobby(self):
        async with await Client.connect(self.server) as client:
            for action in ("offer", "answer", "ice-candidate"):
                await client.say(action, data=1)
                await client.hear_error("not-in-room")
            await client.say("leave")
            await client.hear_error("not-in-room")
            await client.assert_quiet()
            await client.join("after-errors", "a")


class Order(AsyncServerCase):
    flags = ("--message-rate", "0", "--byte-rate", "0")

    async def test_signals_arrive_in_order(self):
        """From several to several at once, broadcast and targeted mixed, small and large mixed."""
        clients = await room_of(self.server, "order", "a", "b", "c", "d")
        count = 300

        async def speak(client):
            for i in range(count):
                others = [other for other in clients if other is not client]
                data = {"n": i, "pad": "x" * (i * 37 % 5000)}
                if i % 3 == 0:
                    for other in others:
                        await client.say("ice-candidate", data=data, target=other.client_id)
                else:
                    await client.say("ice-candidate", data=data)

        async def listen(client):
            heard = {other.client_id: [] for other in clients if other is not client}
            for _ in range(count * len(heard)):
                message = await client.hear("ice-candidate")
                heard[message["client_id"]].append(message["data"]["n"])
            for order in heard.values():
                self.assertEqual(order, list(range(count)))

        await asyncio.gather(*(speak(c) for c in clients), *(listen(c) for c in clients))
        for client in clients:
            await client.assert_quiet()

    async def test_user_joined_comes_before_any_signal_and_joined_too(self):
        """Newcomers that shout at once, while the room shouts at everybody."""
        stays = await Client.joined(self.server, "rush", "stays")
        newcomers = 60

        async def newcomer(i):
            client = await Client.connect(self.server)
            await client.say("join", room_id="rush", sender=f"new-{i}")
            await client.say("offer", data=i)
            joined = await client.hear("joined")
            known = {p["client_id"] for p in joined["participants"]}
            self.assertIn(stays.client_id, known)
            me = joined["client_id"]
            # Everyone that signals was either there or announced; this goes on until our own farewell.
            await client.say("ping", data="end")
            while True:
                message = await client.hear()
                if message["action"] == "user-joined":
                    self.assertNotIn(message["client_id"], known)
                    known.add(message["client_id"])
                elif message["action"] == "offer":
                    self.assertIn(message["client_id"], known)
                elif message["action"] == "user-left":
                    self.assertIn(message["client_id"], known)
                    known.remove(message["client_id"])
                else:
                    self.assertEqual(message, {"action": "pong", "data": "end"})
                    break
            self.assertNotIn(me, known)
            await client.close()

        async def listen():
            here, offers, gone = set(), 0, 0
            while gone < newcomers:
                message = await stays.hear()
                who = message["client_id"]
                if message["action"] == "user-joined":
                    self.assertNotIn(who, here)
                    here.add(who)
                elif message["action"] == "user-left":
                    here.remove(who)
                    gone += 1
                else:
                    self.assertEqual(message["action"], "offer")
                    self.assertIn(who, here)
                    offers += 1
            self.assertEqual(offers, newcomers)

        listener = asyncio.ensure_future(listen())
        for start in range(0, newcomers, 10):
            await asyncio.gather(*(newcomer(i) for i in range(start, start + 10)))
        await listener

    async def test_no_signal_after_user_left(self):
        stays = await Client.joined(self.server, "farewell", "stays")
        for i in range(40):
            goes = await Client.joined(self.server, "farewell", "goes")
            await stays.hear_join(goes)
            for n in range(5):
                await goes.say("ice-candidate", data=n)
            await goes.say("leave")
            for n in range(5):
                await stays.hear("ice-candidate", client_id=goes.client_id, data=n)
            await stays.hear_left(goes, "leave")
            await goes.hear("left")
            await goes.close()
        await stays.assert_quiet()


class Ping(AsyncServerCase):
    async def test_lobby_and_room(self):
        one = await Client.connect(self.server)
        for place in ("lobby", "room"):
            with self.subTest(place):
                for data in DATA_TEXTS:
                    await one.say_text('{"action":"ping","data": %s }' % data)
                    await one.hear("pong")
                    self.assertEqual(raw.members(one.last_text), {"action": '"pong"', "data": data})
                await one.say("ping")
                message = await one.hear("pong")
                self.assertEqual(set(message) - {"data"}, {"action"})
                self.assertIsNone(message.get("data"))
            if place == "lobby":
                await one.join("ping", "one")

    async def test_ping_reaches_nobody_else(self):
        one, two = await room_of(self.server, "ping-alone", "one", "two")
        await one.assert_quiet()
        await two.assert_quiet()

    async def test_websocket_ping(self):
        one = await Client.connect(self.server)
        await asyncio.wait_for(await one.websocket.ping(b"lobby"), SOON)
        await one.join("ws-ping", "one")
        await asyncio.wait_for(await one.websocket.ping(b"room"), SOON)
        await asyncio.wait_for(await one.websocket.ping(), SOON)


class Paths(AsyncServerCase):
    async def test_room_in_the_path(self):
        for name in ("visit-1", "a b", "Caf\u00e9", "a/b", "100%", "q?#&=+", '"\\"', "\u6f22\u5b57", "\U0001f600",
                     ".", "..", "\u00e9" * 64, "x" * 128):
            with self.subTest(name):
                async with await Client.connect(self.server, path="/ws/" + quote(name, safe="")) as client:
                    await client.join(name, "a")
                    async with await Client.connect(self.server) as other:
                        joined = await other.join(name, "b")
                        self.assertEqual([p["client_id"] for p in joined["participants"]], [client.client_id])

    async def test_lower_case_escapes_and_needless_ones(self):
        for path in ("/ws/caf%c3%a9", "/ws/%63%61f%C3%A9"):
            async with await Client.connect(self.server, path=path) as client:
                await client.join("caf\u00e9", "a")

    async def test_plus_is_a_plus(self):
        async with await Client.connect(self.server, path="/ws/a+b") as client:
            await client.say("join", room_id="a b", sender="x")
            await client.hear_error("room-mismatch")
            await client.join("a+b", "x")

    async def test_mismatch(self):
        async with await Client.connect(self.server, path="/ws/right") as client:
            for wrong in ("wrong", "Right", "right%20", "righ"):
                await client.say("join", room_id=wrong, sender="x")
                await client.hear_error("room-mismatch")
            await client.join("right", "x")
            await client.leave()
            await client.say("join", room_id="wrong", sender="x")
            await client.hear_error("room-mismatch")
            await client.join("right", "x")

    async def test_query(self):
        async with await Client.connect(self.server, path="/ws?v=1&token=%20") as client:
            await client.join("query", "a")
        async with await Client.connect(self.server, path="/ws/query?v=1") as client:
            await client.join("query", "a")

    def test_slash_that_is_not_escaped(self):
        """Refused, or part of the name; never is the room another one."""
        with raw.Raw(self.server, upgrade=False) as client:
            client.send(raw.upgrade_request("/ws/a/b", key="dGhlIHNhbXBsZSBub25jZQ=="))
            if client.response_head().status == 101:
                for wrong in ("a", "b", "/b", "a/"):
                    client.say("join", room_id=wrong, sender="x")
                    client.hear_error("room-mismatch")
                client.join("a/b", "x")

    def refused(self, path):
        with raw.Raw(self.server, upgrade=False) as client:
            client.send(raw.upgrade_request(path))
            status = client.response().status
            self.assertTrue(400 <= status < 500, (path, status))

    async def test_paths_that_name_no_room(self):
        for path in ("/ws/%", "/ws/%4", "/ws/%zz", "/ws/%00", "/ws/%1b", "/ws/%ff", "/ws/%c3",
                     "/ws/%20a", "/ws/a%20", "/ws/" + "x" * 129, "/ws/" + "%c3%a9" * 64 + "x", "/ws/%e2%80%ae", "/wsx",
                     "/WS", "/other"):
            with self.subTest(path):
                self.refused(path)


class Subprotocols(AsyncServerCase):
    async def test_the_first_offered_is_echoed(self):
        for offered in (None, ["signaling"], ["unknown-thing", "other"], ["v2.signaling.example", "v1", "v0"]):
            with self.subTest(offered):
                async with await Client.connect(self.server, subprotocols=offered) as client:
                    self.assertEqual(client.websocket.subprotocol, offered[0] if offered else None)
                    await client.join("subprotocol", "a")
                    await client.leave()

    def test_several_headers_and_no_spaces(self):
        for extra, first in (
            (("Sec-WebSocket-Protocol: a,b,c",), "a"), (("Sec-WebSocket-Protocol:   a  ,  b",), "a"),
            (("Sec-WebSocket-Protocol: chat.v1+json",), "chat.v1+json"), ((), None),
        ):
            with self.subTest(extra), raw.Raw(self.server, extra=extra) as client:
                self.assertEqual(client.upgraded.headers.get("sec-websocket-protocol"), first)
                client.assert_alive()

    def test_no_extension_is_negotiated(self):
        for extension in ("permessage-deflate", "permessage-deflate; client_max_window_bits", "x-webkit-deflate-frame"):
            with raw.Raw(self.server, extra=(f"Sec-WebSocket-Extensions: {extension}",)) as client:
                self.assertNotIn("sec-websocket-extensions", client.upgraded.headers)
                client.join("extensions", "a")

    async def test_any_origin(self):
        for origin in ("http://localhost:3000", "https://clinic.example", "null"):
            async with await Client.connect(self.server, origin=origin) as client:
                await client.join("origin", "a")


class Full(AsyncServerCase):
    flags = ("--max-members", "2")

    async def test_room_full(self):
        one, two = await room_of(self.server, "full", "one", "two")
        three = await Client.connect(self.server)
        for _ in range(3):
            await three.say("join", room_id="full", sender="three")
            await three.hear_error("room-full")
        await three.assert_quiet()
        for client in (one, two):
            await client.assert_quiet()
        await three.join("not-full", "three")
        await three.leave()
        await two.leave()
        await one.hear_left(two, "leave")
        await three.join("full", "three")
        await one.hear_join(three)
        await two.say("join", room_id="full", sender="two")
        await two.hear_error("room-full")
        await three.close()
        await one.hear_left(three, "disconnect")
        await two.join("full", "two")

    async def test_many_want_the_last_seat(self):
        one = await Client.joined(self.server, "last-seat", "one")
        rivals = [await Client.connect(self.server) for _ in range(20)]
        for rival in rivals:
            await rival.say("join", room_id="last-seat", sender="rival")
        answers = [await rival.hear() for rival in rivals]
        self.assertEqual(sum(a["action"] == "joined" for a in answers), 1, answers)
        self.assertEqual(sum(a.get("code") == "room-full" for a in answers), 19, answers)
        await one.hear("user-joined")
        await one.assert_quiet()


class Reference(unittest.TestCase):
    """A client as it was written for the reference system, on Node's ws, unchanged."""

    def test_reference_client(self):
        with Server() as server:
            result = subprocess.run(
                ["node", str(HERE / "reference_client.js"), f"ws://localhost:{server.port}/ws"],
                env={"PATH": os.environ["PATH"], "NODE_PATH": os.environ.get("NODE_PATH", "/usr/share/nodejs")},
                capture_output=True, text=True, timeout=6 * SOON,
            )
            self.assertEqual((result.returncode, result.stderr), (0, ""), result.stdout)
            self.assertIn("all is well", result.stdout)


if __name__ == "__main__":
    main()
