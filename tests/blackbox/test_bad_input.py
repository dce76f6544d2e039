#!/usr/bin/python3
"""
Bad input, in the lobby and in a room: every error code and close code that a client can bring about, messages cut and
glued together at every byte. Whatever one client sends, its room hears nothing of it but, at the most, that it left.
"""
import time

import raw
from raw import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Raw, close_payload, frame, say, text
from server import SOON, UNBOUNDED, ServerCase, in_lobby_and_room, main

SECRET = "a1b2c3-not-for-any-eyes"


class Place:
    """
    A client where bad input is to be tried: in the lobby, or in a room with a witness. `with` sees to it that the
    witness heard nothing: or, if `left` was set, nothing but the `user-left` of the client, with one of those reasons.
    """

    count = 0

    def __init__(self, server, name):
        self.name = name
        self.left = None
        Place.count += 1
        self.client = Raw(server)
        self.witness = None
        if name == "room":
            room = f"bad-input-{Place.count}"
            self.witness = Raw(server)
            self.witness.join(room, "witness")
            self.client.join(room, "subject")
            self.witness.hear("user-joined", client_id=self.client.client_id)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None and self.witness:
                if self.left:
                    gone = self.witness.hear("user-left", client_id=self.client.client_id, sender="subject")
                    assert gone["reason"] in self.left, gone
                self.witness.assert_alive()
        finally:
            self.client.close()
            if self.witness:
                self.witness.close()


class BadInput(ServerCase):
    place = None

    def connection(self):
        return Place(self.server, self.place)

    def expect_error(self, messages, *codes, places=("lobby", "room")):
        """Each message is answered by an error with one of the codes; the connection and the room stay as they were."""
        if self.place not in places:
            return
        with self.connection() as place:
            for message in messages:
                with self.subTest(message=message[:100]):
                    data = message if isinstance(message, bytes) else text(message)
                    place.client.send(data)
                    error = place.client.hear_error(*codes)
                    self.assertNotIn(SECRET, place.client.last_text)
                    self.assertRegex(error["details"], r"^[^\x00-\x1f\x7f]+$")
                    place.client.assert_alive()
            self.assert_still_there(place)

    def assert_still_there(self, place):
        if place.name == "room":
            place.client.say("offer", data="still here")
            place.witness.hear("offer", client_id=place.client.client_id, data="still here")
        else:
            place.client.say("offer", data=1)
            place.client.hear_error("not-in-room")
            place.client.join(f"{place.client.path}-still-{Place.count}", "subject")

    def expect_close(self, data, *codes, slowly=False):
        """The bytes end the connection with one of the codes, and the room hears that the client is gone."""
        with self.connection() as place:
            place.left = ("disconnect",)
            if slowly:
                for byte in data:
                    place.client.send_lenient(bytes([byte]))
            else:
                place.client.send_lenient(data)
            place.client.hear_close(*codes)


@in_lobby_and_room
class Errors(BadInput):
    flags = ("--bad-messages-max", "0", "--address-connections", "0")

    def test_invalid_json(self):
        self.expect_error([
            "", " ", "{", "}", "nonsense", SECRET, '{"action":"ping"', '{"action":"ping"}}', '{"action":"ping"} x',
            '{"action":"ping"}{"action":"ping"}', '{"action":"ping",}', "{'action':'ping'}", '{action:"ping"}',
            '{"action" "ping"}', '{"action":"ping" "data":1}', '{"action":"ping","data":}',
            '{"action":"ping","data":01}',
            '{"action":"ping","data":+1}', '{"action":"ping","data":.5}', '{"action":"ping","data":1.}',
            '{"action":"ping","data":1e}', '{"action":"ping","data":0x10}', '{"action":"ping","data":NaN}',
            '{"action":"ping","data":Infinity}', '{"action":"ping","data":True}', '{"action":"ping","data":nul}',
            '{"action":"ping","data":"\t"}', '{"action":"ping","data":"\n"}', '{"action":"ping","data":"\\x41"}',
            '{"action":"ping","data":"\\u12"}', '{"action":"ping","data":"\\u12g4"}', '{"action":"ping","data":"a}',
            '{"action":"ping","data":[1,]}', '{"action":"ping","data":[1 2]}', '{"action":"ping","data":[}',
            '{"action":"ping","data":{"a"}}', '{"action":"ping","data":{1:2}}', '{"action":"ping"/**/}',
            '\ufeff{"action":"ping"}', '{"action":"ping"}\0', '\0', '{"action":"ping","data":"\0"}',
            '{"action":"ping","data":"%s}' % SECRET, '{"action":"offer","data":{"sdp":"%s"' % SECRET,
            '\u00a0{"action":"ping"}', '{"action":"ping"}\x0b', '{\x0c"action":"ping"}',
        ], "invalid-json")

    def test_not_an_object(self):
        self.expect_error(
            ["[]", '["join"]', '"join"', "1", "true", "null", f'"{SECRET}"', '[{"action":"ping"}]'], "invalid-json")

    def test_deep_json(self):
        deep = "[" * 10000 + "]" * 10000
        self.expect_error([
            "[" * 10000, deep, '{"action":"ping","data":%s}' % deep, '{"action":"offer","data":%s}' % deep,
            '{"action":"join","room_id":"a","sender":"b","data":%s}' % deep, '{"x":%s,"action":"ping"}' % deep,
            '{"a":' * 10000 + "1" + "}" * 10000, '{"a":' * 10000, '{"action":"ping","data":%s}' % ("[{\"a\":" * 5000),
            '{"action":%s}' % deep, '{"target":%s,"action":"offer","data":1}' % deep,
        ], "invalid-json")

    def test_not_text(self):
        self.expect_error([
            frame(BINARY), frame(BINARY, b'{"action":"ping"}'), frame(
                BINARY, b"\xff\xfe" * 100), frame(BINARY, b"x" * 65536),
            frame(BINARY, b"a", fin=False) + frame(CONTINUATION, b"b"),
        ], "not-text")

    def test_missing_field(self):
        self.expect_error([
            "{}", '{"data":1}', '{"room_id":"a","sender":"b"}', '{"Action":"ping"}', '{"action ":"ping"}',
            '{"":"ping"}',
        ], "missing-field")
        self.expect_error(['{"action":"join"}', '{"action":"join","room_id":"a"}', '{"action":"join","sender":"a"}'],
                          "missing-field", places=("lobby",))
        self.expect_error(['{"action":"offer"}', '{"action":"answer","target":null}',
            '{"action":"ice-candidate","Data":1}'],
                          "missing-field", places=("room",))

    def test_null_fields(self):
        """A required field that is null is as good as absent, or as bad as any other value that is not a name."""
        self.expect_error(['{"action":null}'], "missing-field", "invalid-field")
        self.expect_error(['{"action":"join","room_id":null,"sender":"a"}',
            '{"action":"join","room_id":"a","sender":null}'],
                          "missing-field", "invalid-field", places=("lobby",))

    def test_unknown_action(self):
        self.expect_error([
            '{"action":"%s"}' % action for action in (
                "", "Join", "JOIN", "join ", " join", "joins", "joi", "joined", "left", "pong", "error", "user-joined",
                "user-left", "ice_candidate", "offer\\u0000", "kick", "x" * 1000, "\u00e9", "\\ud800", "\\u202e")
        ], "unknown-action", "invalid-field")
        self.expect_error(['{"action":"Join"}', '{"action":"dance","data":"%s"}' % SECRET], "unknown-action")

    def test_action_of_a_wrong_kind(self):
        self.expect_error(['{"action":%s}' % value for value in ("1", "true", "[]", "{}", '["ping"]')], "invalid-field")

    def test_bad_names(self):
        bad = [
            '""', '" "', '" a"', '"a "', '"\\u0020a"', '"a\\t"', '"\\ta"', '"a\\nb"', '"a\\u0000b"', '"\\u0000"',
            '"a\\u0000"',
            '"\\u001b[31mred"', '"\\u001b]0;title\\u0007"', '"\\u0007"', '"\\u007f"', '"\\u0085"', '"\\u009b31m"',
            '"a\u009bb"',
            '"\u202eevil"', '"\\u202aevil"', '"a\\u2066b"', '"a\u2069"', '"\\u2028a"', '"\u00a0a"', '"a\\u3000"',
            '"\u2003a"',
            '"\\ud800"', '"a\\udc00"', '"\\udc00\\ud800"', '"\\ud83dx"', '"%s"' % (
                "x" * 129), '"%s"' % ("\u00e9" * 64 + "x"),
            '"%s"' % ("\u00e9" * 65), '"%s"' % ("\\u0041" * 129), '"%s"' % ("x" * 10000),
            "1", "true", "[]", "{}", '["a"]',
            "-1.5e3", '{"a":"b"}',
        ]
        self.expect_error(['{"action":"join","room_id":%s,"sender":"a"}' % name for name in bad], "invalid-field",
                          places=("lobby",))
        self.expect_error(['{"action":"join","room_id":"a","sender":%s}' % name for name in bad], "invalid-field",
                          places=("lobby",))

    def test_bad_targets(self):
        """What is no name can be nobody's name: one of the two errors, and it reaches no one."""
        self.expect_error(
            ['{"action":"offer","data":"%s","target":%s}' %
                (SECRET, target) for target in ("1", "true", "[]", "{}", '["a"]')],
            "invalid-field", places=("room",))
        self.expect_error(
            ['{"action":"offer","data":"%s","target":%s}' % (SECRET, target) for target in (
                '""', '" witness"', '"witness "', '"wit\\u0000ness"', '"witness\\u0000"', '"\\ud800"',
                '"\\u202ewitness"',
                '"%s"' % ("x" * 129), '"%s"' % ("x" * 60000))],
            "invalid-field", "no-such-target", places=("room",))

    def test_duplicate_keys(self):
        """Which of the two was meant is anybody's guess; of `data` inside and of what is ignored, nobody need guess."""
        self.expect_error([
            '{"action":"ping","action":"ping"}', '{"action":"ping","action":"leave"}',
            '{"action":"ping","\\u0061ction":"offer"}',
            '{"action":"ping","data":1,"data":2}',
        ], "invalid-field")
        self.expect_error([
            '{"action":"join","room_id":"a","room_id":"b","sender":"c"}',
            '{"action":"join","room_id":"a","sender":"b","sender":"c"}',
            '{"action":"join","room_id":"a","sender":"b","\\u0072oom_id":"c"}',
        ], "invalid-field", places=("lobby",))
        self.expect_error([
            '{"action":"offer","data":1,"data":2}', '{"action":"offer","data":1,"target":"witness","target":null}',
            '{"action":"offer","data":1,"target":"witness","target":"witness"}',
        ], "invalid-field", places=("room",))

    def test_not_in_room(self):
        self.expect_error(['{"action":"%s","data":"%s"}' % (action, SECRET) for action in ("offer", "answer",
            "ice-candidate")]
                          + ['{"action":"leave"}'], "not-in-room", places=("lobby",))

    def test_already_in_room(self):
        self.expect_error(['{"action":"join","room_id":"a","sender":"b"}'], "already-in-room", places=("room",))

    def test_odd_but_good(self):
        """Strange, and right all the same."""
        with self.connection() as place:
            for message in (
                ' \t\r\n{"action":"ping"}\n', '{"\\u0061ction":"p\\u0069ng"}',
                '{"action":"ping","":0,"\\u0000":[],"x":{"action":1}}',
                '{"action":"ping","data":"\\ud800"}', '{"action":"ping","data":"\\u0000"}',
                '{"action":"ping","data":%s}' % (
                    "[" * 100 + "]" * 100),
                '{"action":"ping","data":"\U0010ffff\ufffe\u0080"}', '{"action":"ping"%s}' % "".join(
                    f',"k{i}":{i}' for i in range(3000)),
                '{"action":"ping","data":%s}' % ("9" * 1000),
            ):
                with self.subTest(message=message[:80]):
                    place.client.say_text(message)
                    place.client.hear("pong")


class Names(ServerCase):
    flags = ("--address-connections", "0")

    def test_good_names(self):
        """They come back as they are, to the newcomer and to the others, and route."""
        names = [
            "a", "x" * 128, "\u00e9" * 64, "\u6f22" * 42 + "xy", "\U0001f600" * 32, "Dr. M\u00fcller-L\u00fcdenscheidt",
            "a b  c",
            'say "hi"', "back\\slash", "it's", "</script><b>", "%s%n%x", "../../etc/passwd", "a\u00a0b", "null", "{}",
            "\\u0000",
            "\u0627\u0644\u0639\u0631\u0628\u064a\u0629", "\u05e2\u05d1\u05e8\u05d9\u05ea", "\U0010ffff", "\ufffd",
            "e\u0301", "-", "0",
        ]
        for name in names:
            with self.subTest(name), Raw(self.server) as one, Raw(self.server) as two:
                one.join(name, name)
                joined = two.join(name, "x")
                self.assertEqual(joined["participants"], [{"client_id": one.client_id, "sender": name}])
                one.hear("user-joined", room_id=name, sender="x")
                two.say("offer", target=name, data=1)
                one.hear("offer", target=name, room_id=name)
                one.say("leave")
                one.hear("left", room_id=name)
                two.hear("user-left", room_id=name, sender=name, reason="leave")

    def test_escaped_names(self):
        """However a name is escaped, it is the same name."""
        with Raw(self.server) as one, Raw(self.server) as two:
            one.say_text('{"action":"join","room_id":"%s","sender":"%s"}' % ("\\u0041" * 128, "\\ud83d\\ude00" * 32))
            one.hear("joined", room_id="A" * 128, sender="\U0001f600" * 32)
            two.join("A" * 128, "two")
            two.say("offer", target="\U0001f600" * 32, data=1)
            one.hear("user-joined")
            one.hear("offer")

    def test_duplicates_that_do_not_matter(self):
        with Place(self.server, "room") as place:
            place.client.say_text('{"x":1,"action":"offer","x":2,"room_id":"a","room_id":"b","data":{"a":1,"a":2}}')
            place.witness.hear("offer")
            self.assertEqual(raw.members(place.witness.last_text)["data"], '{"a":1,"a":2}')

    def test_bad_messages_count_across_the_handoff(self):
        """Joining, leaving and joining again doesn't buy new ones."""
        with Raw(self.server) as client:
            errors = 0
            try:
                for i in range(40):
                    client.say_text("nonsense")
                    client.hear_error("invalid-json")
                    errors += 1
                    if i % 2:
                        client.say("leave")
                        client.hear("left")
                    else:
                        client.join("bad-messages-across", "a")
            except (raw.Closed, BrokenPipeError) as closed:
                self.assertEqual(getattr(closed, "code", 1008), 1008)
            self.assertTrue(18 <= errors <= 21, errors)


@in_lobby_and_room
class Closes(BadInput):
    flags = ("--address-connections", "0")

    def test_unmasked(self):
        self.expect_close(frame(TEXT, '{"action":"ping"}', mask=None), 1002)
        self.expect_close(frame(PING, b"x", mask=None), 1002)
        self.expect_close(frame(CLOSE, close_payload(1000), mask=None), 1002)

    def test_bad_utf8(self):
        for payload in (b"\xff", b'{"action":"ping","data":"\xc3"}', b'{"action":"ping","data":"\xc0\x80"}',
                        b'{"action":"ping","data":"\xed\xa0\x80"}', b'{"action":"ping","data":"\xf4\x90\x80\x80"}',
                        b'{"action":"ping"}\xe2\x82'):
            with self.subTest(payload=payload):
                self.expect_close(frame(TEXT, payload), 1007)
                self.expect_close(frame(TEXT, payload[:3], fin=False) + frame(CONTINUATION, payload[3:]), 1007)

    def test_too_big(self):
        self.expect_close(frame(TEXT, b"x" * 65537), 1009)
        self.expect_close(frame(BINARY, b"x" * 65537), 1009)
        self.expect_close(frame(TEXT, b"x" * 65536, fin=False) + frame(CONTINUATION, b"x"), 1009)
        self.expect_close(frame(TEXT, b"x" * 1000, fin=False) + frame(CONTINUATION, b"x" * 1000, fin=False) * 65, 1009)
        self.expect_close(frame(TEXT, b"x" * 1000000), 1009)

    def test_too_big_is_seen_in_the_header(self):
        """No byte of the payload is waited for."""
        for length in (65537, 1 << 31, 1 << 32, (1 << 63) - 1):
            self.expect_close(frame(TEXT, b"", length=length), 1009)
        self.expect_close(frame(TEXT, b"x", fin=False) + frame(CONTINUATION, b"", length=65536), 1009)

    def test_largest_that_fits(self):
        with self.connection() as place:
            filler = "x" * (65536 - len('{"action":"ping","data":""}'))
            message = '{"action":"ping","data":"%s"}' % filler
            self.assertEqual(len(message), 65536)
            place.client.say_text(message)
            place.client.hear("pong", data=filler)
            half = message.encode()
            place.client.send(frame(TEXT, half[:30000], fin=False) + frame(CONTINUATION, half[30000:]))
            place.client.hear("pong", data=filler)

    def test_length_with_its_top_bit_set(self):
        self.expect_close(frame(TEXT, b"", length=1 << 63), 1002, 1009)
        self.expect_close(frame(TEXT, b"", length=(1 << 64) - 1), 1002, 1009)

    def test_too_many_bad_messages(self):
        """The default bound is 20: the first ones are answered, at the latest the 21st closes."""
        for bad, code in ((text("nonsense"), "invalid-json"), (text("{}"), "missing-field"), (frame(BINARY, b"x"),
            "not-text"),
                          (say("dance"), "unknown-action")):
            with self.connection() as place:
                place.left = ("disconnect", "flood")
                place.client.send_lenient(bad * 60)
                before = place.client.hear_close(1008, skip=True)
                self.assertTrue(all(m["code"] == code for m in before), before)
                self.assertTrue(18 <= len(before) <= 21, len(before))

    def test_close_codes(self):
        """Those of the client are answered; bad ones are an error of the protocol."""
        for code in (1000, 1001, 1008, 1011, 3000, 4000, 4999):
            with self.connection() as place:
                place.left = ("disconnect",)
                place.client.send(frame(CLOSE, close_payload(code, "bye")))
                place.client.hear_close(code, 1000)
        for payload in (b"\x03", close_payload(0), close_payload(999), close_payload(1004), close_payload(1005),
                        close_payload(1006),
                        close_payload(1015), close_payload(5000), close_payload(65535)):
            self.expect_close(frame(CLOSE, payload), 1002)
        self.expect_close(frame(CLOSE, close_payload(1000, b"\xff")), 1007, 1002)

    def test_protocol_errors(self):
        ping = b'{"action":"ping"}'
        for data in (
            frame(TEXT, ping, reserved=1), frame(TEXT, ping, reserved=4), frame(PING, b"", reserved=2),
            frame(3, b"x"), frame(0xB, b""), frame(PING, b"x" * 126), frame(PING,
                  b"x", fin=False), frame(CLOSE, b"", fin=False),
            frame(CONTINUATION, ping), frame(TEXT, ping, fin=False) + frame(TEXT, ping),
            frame(TEXT, ping, form=16), frame(TEXT, ping, form=64), frame(TEXT, b"x" * 126, form=64),
        ):
            with self.subTest(data=data[:20]):
                self.expect_close(data, 1002)
                self.expect_close(data, 1002, slowly=True)

    def test_nothing_after_a_close_counts(self):
        with self.connection() as place:
            place.left = ("disconnect",)
            place.client.send(frame(CLOSE, close_payload(1000)) + say("offer", data=SECRET) + say("ping"))
            place.client.hear_close(1000)


class Pieces(ServerCase):
    """The same bytes, however they are cut."""

    flags = UNBOUNDED

    def conversation(self):
        """What a client may say in one breath, and what it and the room's witness must then hear."""
        said = b"".join([
            say("ping", data=1), say("join", room_id="cut", sender="c"), say("offer", data={"sdp": "\u00e9\U0001f600"}),
            frame(PING, b"p"), frame(TEXT, '{"action":"ice-', fin=False), frame(PING, b"q"),
            frame(CONTINUATION, 'candidate","data":2}'), say("leave"), say("ping", data=3),
            say("join", room_id="cut-2", sender="c"), say("ping", data=4),
        ])

        def check(client, witness):
            client.hear("pong", data=1)
            me = client.hear("joined", room_id="cut")["client_id"]
            self.assertEqual(client.frame(), (True, PONG, b"p"))
            self.assertEqual(client.frame(), (True, PONG, b"q"))
            client.hear("left", client_id=me)
            client.hear("pong", data=3)
            again = client.hear("joined", room_id="cut-2")["client_id"]
            self.assertNotEqual(again, me)
            client.hear("pong", data=4)
            witness.hear("user-joined", client_id=me)
            witness.hear("offer", client_id=me, data={"sdp": "\u00e9\U0001f600"})
            witness.hear("ice-candidate", client_id=me, data=2)
            witness.hear("user-left", client_id=me, reason="leave")

        return said, check

    def test_split_at_every_byte(self):
        """Through lobby, room, lobby and room again: frames behind `join` and behind `leave`, whole and in part."""
        said, check = self.conversation()
        with Raw(self.server) as witness:
            witness.join("cut", "witness")
            for at in range(len(said) + 1):
                with self.subTest(at=at), Raw(self.server) as client:
                    client.send_split(said, at)
                    check(client, witness)
                    client.assert_alive()

    def test_byte_by_byte(self):
        said, check = self.conversation()
        with Raw(self.server) as witness, Raw(self.server) as client:
            witness.join("cut", "witness")
            client.send_slowly(said)
            check(client, witness)

    def test_upgrade_split_at_every_byte(self):
        request = raw.upgrade_request("/ws/split", key="dGhlIHNhbXBsZSBub25jZQ==", extra=("Sec-WebSocket-Protocol: a",))
        for at in range(len(request) + 1):
            with self.subTest(at=at), Raw(self.server, upgrade=False) as client:
                client.send_split(request, at)
                client.assert_upgraded(b"dGhlIHNhbXBsZSBub25jZQ==")
                client.assert_alive()

    def test_upgrade_byte_by_byte(self):
        with Raw(self.server, upgrade=False) as client:
            client.send_slowly(raw.upgrade_request(key="dGhlIHNhbXBsZSBub25jZQ=="))
            client.assert_upgraded(b"dGhlIHNhbXBsZSBub25jZQ==")
            client.join("byte-by-byte", "a")

    def test_behind_the_upgrade_request(self):
        """Against the RFC, which has a client wait for the 101. Served or closed, and at once: never left hanging."""
        behind = [
            say("ping", data=1), say("join", room_id="eager", sender="a") + say("ping", data=1), frame(PING, b"x"),
            say("ping")[:1], say("ping")[:7], frame(TEXT, b"x", mask=None), b"\0" * 100,
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            frame(TEXT, b"x" * 60000), frame(CLOSE, close_payload(1000)),
        ]
        for data in behind:
            for pause in (None, 0, 0.001):
                with self.subTest(data=data[:20], pause=pause), Raw(self.server, upgrade=False) as client:
                    request = raw.upgrade_request()
                    if pause is None:
                        client.send_lenient(request + data)
                    else:
                        client.send(request)
                        time.sleep(pause)
                        client.send_lenient(data)
                    client.send_lenient(frame(CLOSE, close_payload(1000)))
                    client.end_lenient()
                    client.hear_gone()
        with Raw(self.server) as client:
            client.assert_alive()

    def test_many_behind_join(self):
        """A burst, more than one read's worth, right behind `join`: all of it arrives, in order."""
        for size, count in ((10, 400), (3000, 60), (60000, 8)):
            with self.subTest(size=size), Raw(self.server) as witness, Raw(self.server) as client:
                room = f"burst-{size}"
                witness.join(room, "witness")
                client.send(say("join", room_id=room, sender="c")
                            + b"".join(say("ice-candidate", data=[i, "x" * size]) for i in range(count)))
                me = client.hear("joined")["client_id"]
                witness.hear("user-joined", client_id=me)
                for i in range(count):
                    witness.hear("ice-candidate", client_id=me, data=[i, "x" * size])

    def test_many_behind_leave(self):
        with Raw(self.server) as client:
            for size, count in ((10, 400), (3000, 60), (60000, 8)):
                client.join("before-the-burst", "c")
                client.send(say("leave") + b"".join(say("ping", data=[i, "x" * size]) for i in range(count)))
                client.hear("left")
                for i in range(count):
                    client.hear("pong", data=[i, "x" * size])

    def test_join_and_leave_many_times_in_one_breath(self):
        with Raw(self.server) as client:
            client.send(b"".join(say("join", room_id=f"breath-{i % 3}", sender="c") + say("leave") for i in range(100)))
            for i in range(100):
                me = client.hear("joined", room_id=f"breath-{i % 3}", participants=[])["client_id"]
                client.hear("left", room_id=f"breath-{i % 3}", client_id=me)
            client.assert_alive()

    def test_joins_that_fail_behind_a_join_and_errors_behind_a_leave(self):
        with Raw(self.server) as client:
            client.send(say("join", room_id="chain", sender="c") + say("join", room_id="chain-2",
                sender="c") + text("nonsense")
                        + say("leave") + say("leave") + say("offer", data=1) + say("join", room_id="chain", sender=""))
            client.hear("joined", room_id="chain")
            client.hear_error("already-in-room")
            client.hear_error("invalid-json")
            client.hear("left", room_id="chain")
            client.hear_error("not-in-room")
            client.hear_error("not-in-room")
            client.hear_error("invalid-field")
            client.assert_alive()

    def test_bad_frames_behind_join_and_leave(self):
        for bad, code in ((frame(TEXT, b"x", mask=None), 1002), (frame(TEXT, b"\xff"), 1007),
                          (frame(TEXT, b"", length=70000), 1009),
                          (frame(CLOSE, close_payload(1000)), 1000), (frame(3), 1002)):
            with self.subTest(code=code), Raw(self.server) as witness:
                witness.join("bad-behind", "witness")
                with Raw(self.server) as client:
                    client.send_lenient(say("join", room_id="bad-behind", sender="c") + bad)
                    me = client.hear("joined")["client_id"]
                    client.hear_close(code)
                    witness.hear("user-joined", client_id=me)
                    witness.hear("user-left", client_id=me, reason="disconnect")
                with Raw(self.server) as client:
                    me = client.join("bad-behind", "c")["client_id"]
                    client.send_lenient(say("leave") + bad)
                    client.hear("left")
                    client.hear_close(code)
                    witness.hear("user-joined", client_id=me)
                    witness.hear("user-left", client_id=me, reason="leave")
                    witness.assert_alive()

    def test_half_a_frame_behind_join_and_leave(self):
        """The rest comes later; or never, and then nobody waits for it."""
        with Raw(self.server) as witness:
            witness.join("half", "witness")
            with Raw(self.server) as client:
                signal = say("offer", data="x" * 1000)
                client.send(say("join", room_id="half", sender="c") + signal[:500])
                me = client.hear("joined")["client_id"]
                witness.hear("user-joined", client_id=me)
                client.send(signal[500:])
                witness.hear("offer", client_id=me)
                ping = say("ping", data=9)
                client.send(say("leave") + ping[:10])
                client.hear("left")
                witness.hear("user-left", client_id=me)
                client.send(ping[10:])
                client.hear("pong", data=9)
                client.send(say("join", room_id="half", sender="c") + signal[:500])
                me = client.hear("joined")["client_id"]
                witness.hear("user-joined", client_id=me)
            witness.hear("user-left", client_id=me, reason="disconnect")
            witness.assert_alive()

    def test_half_a_fragmented_message_behind_join(self):
        for pings in (0, 3):
            with Raw(self.server) as witness, Raw(self.server) as client:
                witness.join("half-fragmented", "witness")
                client.send(say("join", room_id="half-fragmented", sender="c") + frame(TEXT, '{"action":', fin=False)
                            + frame(PING, b"x") * pings + frame(CONTINUATION, '"offer",', fin=False))
                me = client.hear("joined")["client_id"]
                for _ in range(pings):
                    self.assertEqual(client.frame(), (True, PONG, b"x"))
                client.send(frame(CONTINUATION, '"data":7}'))
                witness.hear("user-joined", client_id=me)
                witness.hear("offer", client_id=me, data=7)

    def test_ended_right_behind_join(self):
        """Whatever the race, the room hears of those it heard of."""
        with Raw(self.server) as witness:
            witness.join("ended", "witness")
            here = set()
            for i in range(60):
                client = Raw(self.server)
                client.send(say("join", room_id="ended", sender=f"c-{i}"))
                client.abort() if i % 2 else client.close()
            with Raw(self.server) as last:
                last.join("ended", "last")
                while True:
                    message = witness.hear()
                    if message["action"] == "user-joined":
                        self.assertNotIn(message["client_id"], here)
                        here.add(message["client_id"])
                    else:
                        self.assertEqual((message["action"], message["reason"]), ("user-left", "disconnect"))
                        here.remove(message["client_id"])
                    if here == {last.client_id}:
                        break
                # Stragglers may still be on their way: in the end only the two are there.
                end = time.monotonic() + SOON
                while True:
                    with Raw(self.server) as late:
                        if len(late.join("ended", "late")["participants"]) == 2:
                            break
                    self.assertLess(time.monotonic(), end)
                    time.sleep(0.05)


if __name__ == "__main__":
    main()
