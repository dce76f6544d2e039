#!/usr/bin/python3
"""
RFC 6455 by the groups of the Autobahn test suite, in the lobby and behind the handoff.

The echo: in the lobby a `ping` message is answered by `pong` with the same data; in a room a signal comes out at
another member. Everything of the frame layer is then the same, and every case runs in both places.
"""
import time

from raw import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Raw, close_payload, frame
from server import UNBOUNDED, ServerCase, in_lobby_and_room, main

MAX = 65536


class Lobby:
    """A connection whose text messages come back. message(data) is what to send so that echo(data) is what comes."""

    envelope = '{"action":"ping","data":"%s"}'
    count = 0

    def __init__(self, server):
        self.c = Raw(server)

    def message(self, data):
        return (self.envelope % data).encode()

    def message_of(self, size, filler="x"):
        """A message of exactly this many bytes, and the data in it."""
        data = filler * ((size - len(self.envelope % "")) // len(filler))
        message = self.message(data)
        assert len(message) == size, (len(message), size)
        return message, data

    def echo(self, data):
        self.c.hear("pong", data=data)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.c.close()


class Room(Lobby):
    envelope = '{"action":"offer","data":"%s"}'

    def __init__(self, server):
        super().__init__(server)
        Room.count += 1
        self.other = Raw(server)
        self.other.join(f"conformance-{Room.count}", "other")
        self.c.join(f"conformance-{Room.count}", "subject")
        self.other.hear("user-joined")

    def echo(self, data):
        self.other.hear("offer", data=data, client_id=self.c.client_id)

    def __exit__(self, kind, *_):
        self.c.close()
        with self.other:
            # Whatever the subject did, its peer is whole, and hears nothing but that it left.
            if kind is None:
                self.other.hear("user-left", client_id=self.c.client_id, reason="disconnect")
                self.other.assert_alive()


class Conformance(ServerCase):
    flags = UNBOUNDED

    def connection(self):
        return {"lobby": Lobby, "room": Room}[self.place](self.server)

    def expect_pong(self, place, payload):
        self.assertEqual(place.c.frame(), (True, PONG, payload))

    def expect_close(self, place, *codes):
        place.c.hear_close(*codes)

    def expect_failure(self, data, *codes, first=None):
        """The bytes fail the connection with one of the codes; `first` is a good message before, which still counts."""
        with self.connection() as place:
            if first:
                place.c.send_lenient(frame(TEXT, place.message(first)) + data)
                place.echo(first)
            else:
                place.c.send_lenient(data)
            self.expect_close(place, *codes)


@in_lobby_and_room
class Group1Framing(Conformance):
    def test_text_of_all_length_forms(self):
        with self.connection() as place:
            for size in (40, 124, 125, 126, 127, 128, 129, 255, 256, 32767, 32768, 65535, 65536):
                message, data = place.message_of(size)
                place.c.send(frame(TEXT, message))
                place.echo(data)

    def test_text_in_pieces(self):
        with self.connection() as place:
            for size, piece in ((125, 1), (126, 1), (127, 2), (65535, 997), (65536, 997), (65536, 4096)):
                message, data = place.message_of(size)
                place.c.send_slowly(frame(TEXT, message), piece, 0.0002)
                place.echo(data)

    def test_masks(self):
        with self.connection() as place:
            for i, mask in enumerate((b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x80\0\0\x01", b"{\"a:",
                    b"\x00\xff\x00\xff")):
                for n in range(9):
                    place.c.send(frame(TEXT, place.message(f"{i}" * n), mask=mask))
                    place.echo(f"{i}" * n)

    def test_empty_text(self):
        """It is a good frame and no good JSON."""
        with self.connection() as place:
            place.c.send(frame(TEXT))
            place.c.hear_error("invalid-json")
            place.c.assert_alive()

    def test_binary(self):
        with self.connection() as place:
            for size in (0, 125, 126, 127, 128, 65535, 65536):
                place.c.send(frame(BINARY, b"\xfe" * size))
                place.c.hear_error("not-text")
            place.c.assert_alive()

    def test_lengths_must_be_minimal(self):
        """RFC 6455, 5.2: "the minimal number of bytes MUST be used to encode the length"."""
        for payload, form in ((b"{}", 16), (b"{}", 64), (b"x" * 125, 16), (b"x" * 126, 64), (b"x" * 65535, 64)):
            self.expect_failure(frame(TEXT, payload, form=form), 1002)

    def test_masks_are_a_must(self):
        for data in (frame(TEXT, b"{}", mask=None), frame(BINARY, b"", mask=None), frame(PING, b"", mask=None),
                     frame(PONG, b"", mask=None),
                     frame(CLOSE, close_payload(1000), mask=None), frame(TEXT, b"x" * 300, mask=None), frame(TEXT,
                     b"x" * 65536, mask=None)):
            self.expect_failure(data, 1002)
            self.expect_failure(data, 1002, first="before")

    def test_many_frames_in_one_packet(self):
        with self.connection() as place:
            place.c.send(b"".join(frame(TEXT, place.message(str(i))) for i in range(500)))
            for i in range(500):
                place.echo(str(i))


@in_lobby_and_room
class Group2Pings(Conformance):
    def test_payloads(self):
        with self.connection() as place:
            for payload in (b"", b"Hello, world!", b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff", b"\xfe" * 125):
                place.c.send(frame(PING, payload))
                self.expect_pong(place, payload)

    def test_too_long(self):
        self.expect_failure(frame(PING, b"\xfe" * 126), 1002)
        self.expect_failure(frame(PONG, b"\xfe" * 126), 1002)
        self.expect_failure(frame(PING, b"x" * 70000), 1002)

    def test_byte_by_byte(self):
        with self.connection() as place:
            place.c.send_slowly(frame(PING, b"\xfe" * 125), 1, 0.0001)
            self.expect_pong(place, b"\xfe" * 125)

    def test_unsolicited_pongs(self):
        with self.connection() as place:
            place.c.send(frame(PONG) + frame(PONG, b"unsolicited") + frame(PONG, b"\xff") + frame(PING, b"now"))
            self.expect_pong(place, b"now")
            place.c.assert_alive()

    def test_ten_pings(self):
        with self.connection() as place:
            place.c.send(b"".join(frame(PING, b"payload-%d" % i) for i in range(10)))
            for i in range(10):
                self.expect_pong(place, b"payload-%d" % i)
            place.c.send_slowly(b"".join(frame(PING, b"payload-%d" % i) for i in range(10)), 1, 0.0001)
            for i in range(10):
                self.expect_pong(place, b"payload-%d" % i)


@in_lobby_and_room
class Group3ReservedBits(Conformance):
    def test_all(self):
        for bits in range(1, 8):
            for opcode in (TEXT, BINARY, PING, CLOSE):
                with self.subTest(bits=bits, opcode=opcode):
                    self.expect_failure(frame(opcode, b"{}" if opcode !=
                                        CLOSE else close_payload(1000), reserved=bits), 1002)

    def test_behind_a_good_message(self):
        for bits in (1, 3, 7):
            self.expect_failure(frame(TEXT, b"{}", reserved=bits) + frame(PING), 1002, first="before")

    def test_byte_by_byte(self):
        with self.connection() as place:
            place.c.send(frame(TEXT, place.message("before")))
            place.echo("before")
            for byte in frame(TEXT, place.message("after"), reserved=4):
                place.c.send_lenient(bytes([byte]))
            self.expect_close(place, 1002)

    def test_on_a_continuation(self):
        for bits in (1, 2, 4):
            self.expect_failure(frame(TEXT, b"{", fin=False) + frame(CONTINUATION, b"}", reserved=bits), 1002)


@in_lobby_and_room
class Group4Opcodes(Conformance):
    def test_reserved(self):
        for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
            for payload in (b"", b"reserved opcode"):
                with self.subTest(opcode=opcode, payload=payload):
                    self.expect_failure(frame(opcode, payload), 1002)
                    self.expect_failure(frame(opcode, payload) + frame(PING), 1002, first="before")


@in_lobby_and_room
class Group5Fragmentation(Conformance):
    def test_control_frames_may_not_be_fragmented(self):
        for opcode in (PING, PONG, CLOSE):
            self.expect_failure(frame(opcode, b"", fin=False) + frame(CONTINUATION, b""), 1002)

    def test_text_in_fragments(self):
        with self.connection() as place:
            message, data = place.message_of(200)
            for cut in (0, 1, 10, 100, 199, 200):
                place.c.send(frame(TEXT, message[:cut], fin=False) + frame(CONTINUATION, message[cut:]))
                place.echo(data)

    def test_text_in_many_fragments(self):
        with self.connection() as place:
            message, data = place.message_of(1000)
            for size in (1, 3, 125, 126, 999):
                parts = [message[i:i + size] for i in range(0, len(message), size)]
                sent = frame(TEXT, parts[0], fin=False) + b"".join(frame(CONTINUATION, p, fin=False)
                             for p in parts[1:]) + frame(CONTINUATION)
                place.c.send(sent)
                place.echo(data)
                if size > 1:
                    place.c.send_slowly(sent, 7, 0.0001)
                    place.echo(data)

    def test_pings_between_fragments(self):
        with self.connection() as place:
            message, data = place.message_of(300)
            place.c.send(frame(TEXT, message[:100], fin=False) + frame(PING, b"1") + frame(CONTINUATION,
                message[100:200], fin=False)
                         + frame(PING, b"2") + frame(PONG, b"x") + frame(PING, b"3") + frame(CONTINUATION,
                         message[200:]) + frame(PING, b"4"))
            for payload in (b"1", b"2", b"3"):
                self.expect_pong(place, payload)
            if self.place == "lobby":
                place.echo(data)
                self.expect_pong(place, b"4")
            else:
                self.expect_pong(place, b"4")
                place.echo(data)

    def test_pong_does_not_wait_for_the_message(self):
        with self.connection() as place:
            message, data = place.message_of(300)
            place.c.send(frame(TEXT, message[:100], fin=False) + frame(PING, b"now"))
            self.expect_pong(place, b"now")
            place.c.send_slowly(frame(CONTINUATION, message[100:]), 10, 0.0005)
            place.echo(data)

    def test_continuation_of_nothing(self):
        for fin in (True, False):
            for payload in (b"", b"non-continuation payload"):
                self.expect_failure(frame(CONTINUATION, payload, fin=fin), 1002)
                self.expect_failure(frame(CONTINUATION, payload, fin=fin) + frame(TEXT, b"{}"), 1002, first="before")

    def test_continuation_behind_a_whole_message(self):
        with self.connection() as place:
            message, data = place.message_of(100)
            place.c.send_lenient(frame(TEXT, message[:50], fin=False) + frame(CONTINUATION, message[50:])
                                 + frame(CONTINUATION, b"x", fin=False) + frame(TEXT, b"{}"))
            place.echo(data)
            self.expect_close(place, 1002)

    def test_new_message_inside_a_message(self):
        for opcode in (TEXT, BINARY):
            for fin in (True, False):
                self.expect_failure(frame(TEXT, b"{", fin=False) + frame(opcode, b"}", fin=fin), 1002)
                self.expect_failure(frame(BINARY, b"{", fin=False) + frame(opcode, b"}", fin=fin), 1002)

    def test_binary_in_fragments(self):
        with self.connection() as place:
            place.c.send(frame(BINARY, b"\xff", fin=False) + frame(PING, b"p") + frame(CONTINUATION, b"\xfe"))
            self.expect_pong(place, b"p")
            place.c.hear_error("not-text")
            place.c.assert_alive()

    def test_empty_fragments(self):
        with self.connection() as place:
            message, data = place.message_of(60)
            place.c.send(frame(TEXT, b"", fin=False) + frame(CONTINUATION, b"", fin=False) * 3 + frame(CONTINUATION,
                message, fin=False)
                         + frame(CONTINUATION, b""))
            place.echo(data)
            place.c.send(frame(TEXT, b"", fin=False) + frame(CONTINUATION, b""))
            place.c.hear_error("invalid-json")


GOOD_UTF8 = [
    "", "Hello-\u00b5@\u00df\u00f6\u00e4\u00fc\u00e0\u00e1-UTF-8!!", "\u03ba\u1f79\u03c3\u03bc\u03b5", "\x7f", "\u0080",
    "\u07ff", "\u0800", "\ud7ff",
    "\ue000", "\ufffd", "\ufffe", "\uffff", "\ufdd0", "\U00010000", "\U0001fffe", "\U0001ffff", "\U0010fffe",
    "\U0010ffff", "a\u0301\u0302", "\u200b",
]

BAD_UTF8 = [
    b"\x80", b"\xbf", b"\x80\xbf", b"\x80\xbf\x80\xbf\x80\xbf", b"\xc0 ", b"\xdf ", b"\xe0 ", b"\xef ", b"\xf0 ",
    b"\xf7 ", b"\xf8 ", b"\xfb ", b"\xfc ",
    b"\xfd ", b"\xc0", b"\xe0\x80", b"\xf0\x80\x80", b"\xdf", b"\xef\xbf", b"\xf7\xbf\xbf", b"\xf8\x80\x80\x80",
    b"\xfe", b"\xff", b"\xfe\xfe\xff\xff",
    b"\xc0\xaf", b"\xe0\x80\xaf", b"\xf0\x80\x80\xaf", b"\xf8\x80\x80\x80\xaf", b"\xfc\x80\x80\x80\x80\xaf",
    b"\xc1\xbf", b"\xe0\x9f\xbf",
    b"\xf0\x8f\xbf\xbf", b"\xf8\x87\xbf\xbf\xbf", b"\xfc\x83\xbf\xbf\xbf\xbf", b"\xc0\x80", b"\xe0\x80\x80",
    b"\xf0\x80\x80\x80", b"\xed\xa0\x80",
    b"\xed\xad\xbf", b"\xed\xae\x80", b"\xed\xaf\xbf", b"\xed\xb0\x80", b"\xed\xbe\x80", b"\xed\xbf\xbf",
    b"\xed\xa0\x80\xed\xb0\x80",
    b"\xed\xaf\xbf\xed\xbf\xbf", b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xf7\xbf\xbf\xbf", b"\xf8\x88\x80\x80\x80",
    b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited", b"\xc3(", b"\xe2\x28\xa1", b"\xe2\x82\x28",
    b"\xf0\x28\x8c\xbc",
    b"\xf0\x90\x28\xbc", b"\xf0\x28\x8c\x28",
]


@in_lobby_and_room
class Group6Utf8(Conformance):
    def test_good(self):
        with self.connection() as place:
            for data in GOOD_UTF8:
                message = place.message(data)
                place.c.send(frame(TEXT, message))
                place.echo(data)
                # In fragments that cut every character at every byte.
                parts = [bytes([b]) for b in message]
                place.c.send(frame(TEXT, parts[0], fin=False) + b"".join(frame(CONTINUATION, p,
                    fin=False) for p in parts[1:])
                             + frame(CONTINUATION))
                place.echo(data)
                for cut in range(1, len(message), 3):
                    place.c.send(frame(TEXT, message[:cut], fin=False) + frame(CONTINUATION, message[cut:]))
                    place.echo(data)

    def test_bad(self):
        for bad in BAD_UTF8:
            with self.subTest(bad=bad):
                self.expect_failure(frame(TEXT, b'{"action":"ping","data":"' + bad + b'"}'), 1007)

    def test_bad_at_the_end(self):
        for bad in (b"\xce", b"\xe1\xbd", b"\xf0\x90\x80", b"\xff"):
            self.expect_failure(frame(TEXT, b'{"action":"ping"}' + bad), 1007)

    def test_bad_in_fragments(self):
        for bad in (b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\xaf", b"\xff"):
            whole = b'{"data":"' + bad + b'"}'
            for cut in range(1, len(whole)):
                self.expect_failure(frame(TEXT, whole[:cut], fin=False) + frame(CONTINUATION, whole[cut:]), 1007)

    def test_fails_fast_on_a_fragment(self):
        """What can't become good is refused before the message is whole."""
        for bad in (b"\xf4\x90", b"\xed\xa0", b"\xff", b"\xc3("):
            self.expect_failure(frame(TEXT, b"\xce\xba\xe1\xbd\xb9" + bad, fin=False), 1007)

    def test_character_across_a_ping(self):
        with self.connection() as place:
            message = place.message("\U0001f600")
            cut = message.index(b"\xf0") + 2
            place.c.send(frame(TEXT, message[:cut], fin=False) + frame(PING, b"\xff")
                         + frame(CONTINUATION, message[cut:]))
            self.expect_pong(place, b"\xff")
            place.echo("\U0001f600")

    def test_unfinished_character_then_a_new_message(self):
        self.expect_failure(frame(TEXT, b'{"data":"\xc3', fin=False) + frame(CONTINUATION, b'"}'), 1007)
        self.expect_failure(frame(TEXT, b'{"data":"\xc3', fin=False) + frame(CONTINUATION, b""), 1007)

    def test_not_checked_where_it_is_not_text(self):
        with self.connection() as place:
            place.c.send(frame(PING, b"\xff\xfe") + frame(PONG, b"\xff"))
            self.expect_pong(place, b"\xff\xfe")
            place.c.send(frame(BINARY, b"\xff"))
            place.c.hear_error("not-text")
            place.c.assert_alive()


@in_lobby_and_room
class Group7Close(Conformance):
    def test_echo_then_close(self):
        with self.connection() as place:
            place.c.send(frame(TEXT, place.message("last")) + frame(CLOSE, close_payload(1000, "bye")))
            place.echo("last")
            self.expect_close(place, 1000)

    def test_nothing_counts_behind_a_close(self):
        for behind in (frame(CLOSE, close_payload(1000)), frame(PING, b"x"), frame(TEXT, b'{"action":"ping"}'), frame(3,
            b"x"), b"\xff" * 500,
                       frame(TEXT, b"x" * 60000), frame(CONTINUATION, b"x")):
            with self.connection() as place:
                place.c.send_lenient(frame(CLOSE, close_payload(1000)) + behind)
                self.expect_close(place, 1000)

    def test_close_inside_a_message(self):
        with self.connection() as place:
            place.c.send_lenient(frame(TEXT, b'{"action":', fin=False) + frame(CLOSE,
                                 close_payload(1000)) + frame(CONTINUATION, b'"ping"}'))
            self.expect_close(place, 1000)

    def test_large_message_then_close(self):
        with self.connection() as place:
            message, data = place.message_of(MAX)
            place.c.send(frame(TEXT, message) + frame(CLOSE, close_payload(1000)))
            place.echo(data)
            self.expect_close(place, 1000)

    def test_without_a_code(self):
        with self.connection() as place:
            place.c.send(frame(CLOSE))
            self.expect_close(place, 1005, 1000)

    def test_payload_of_one_byte(self):
        for byte in (b"a", b"\x03", b"\xff"):
            self.expect_failure(frame(CLOSE, byte), 1002)

    def test_reasons(self):
        for reason in (b"", b"Hello World!", b"x" * 123, "\u00e9".encode() * 61):
            with self.connection() as place:
                place.c.send(frame(CLOSE, close_payload(1000, reason)))
                self.expect_close(place, 1000)
        self.expect_failure(frame(CLOSE, close_payload(1000, b"x" * 124)), 1002)

    def test_reason_that_is_not_utf8(self):
        for reason in (b"\xff", b"\xce\xba\xe1\xbd\xb9\xed\xa0\x80", b"\xc3"):
            self.expect_failure(frame(CLOSE, close_payload(1000, reason)), 1007, 1002)

    def test_good_codes(self):
        for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999):
            with self.connection() as place:
                place.c.send(frame(CLOSE, close_payload(code)))
                self.expect_close(place, code, 1000)

    def test_bad_codes(self):
        for code in (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535):
            with self.subTest(code=code):
                self.expect_failure(frame(CLOSE, close_payload(code)), 1002)
                self.expect_failure(frame(CLOSE, close_payload(code, "reason")), 1002)

    def test_end_of_stream_without_a_close(self):
        with self.connection() as place:
            place.c.socket.shutdown(1)
            place.c.hear_gone()
        with self.connection() as place:
            place.c.send(frame(TEXT, place.message("x"))[:5])
            place.c.socket.shutdown(1)
            place.c.hear_gone()

    def test_the_server_ends_the_connection_after_its_close(self):
        """Even if the client never answers and never closes."""
        with self.connection() as place:
            place.c.send_lenient(frame(3))
            self.expect_close(place, 1002)

    def test_a_client_that_goes_on_sending_still_gets_its_close_frame(self):
        """Input that nobody reads may not turn the close into a reset that destroys it."""
        with self.connection() as place:
            place.c.send_lenient(frame(3) + frame(TEXT, b"x" * 60000))
            time.sleep(0.05)
            place.c.send_lenient(frame(TEXT, b"x" * 1000))
            got = place.c.frame()
            self.assertEqual((got.opcode, got.payload[:2]), (CLOSE, close_payload(1002)))
            place.c.hear_gone()


@in_lobby_and_room
class Group9Limits(Conformance):
    def test_largest(self):
        with self.connection() as place:
            message, data = place.message_of(MAX)
            for _ in range(5):
                place.c.send(frame(TEXT, message))
                place.echo(data)

    def test_largest_in_fragments(self):
        with self.connection() as place:
            message, data = place.message_of(MAX)
            for size in (64, 256, 1024, 4096, 16384, 32768, 65535):
                parts = [message[i:i + size] for i in range(0, MAX, size)]
                place.c.send(frame(TEXT, parts[0], fin=False) + b"".join(frame(CONTINUATION, p,
                    fin=False) for p in parts[1:-1])
                             + frame(CONTINUATION, parts[-1]))
                place.echo(data)

    def test_largest_in_small_writes(self):
        with self.connection() as place:
            message, data = place.message_of(MAX)
            for size in (64, 512, 1300):
                place.c.send_slowly(frame(TEXT, message), size, 0)
                place.echo(data)

    def test_too_large(self):
        for data in (frame(TEXT, b"x" * (MAX + 1)), frame(BINARY, b"x" * (MAX + 1)), frame(TEXT, b"x" * MAX,
            fin=False) + frame(CONTINUATION, b"x"),
                     frame(TEXT, b"", length=MAX + 1), frame(TEXT, b"", length=1 << 40)):
            self.expect_failure(data, 1009)
        self.expect_failure(frame(TEXT, b"x" * (MAX + 1)), 1009, first="before")

    def test_too_large_by_its_fragments(self):
        """Seen in the header of the one that is too much."""
        self.expect_failure(frame(TEXT, b"x" * 1024, fin=False) + frame(CONTINUATION, b"x" * 1024, fin=False) * 63
                            + frame(CONTINUATION, b"", length=1, fin=False), 1009)

    def test_many_messages(self):
        with self.connection() as place:
            for size in (64, 256, 4096):
                message, data = place.message_of(size)
                for _ in range(10):
                    place.c.send(frame(TEXT, message) * 50)
                    for _ in range(50):
                        place.echo(data)


@in_lobby_and_room
class Group10Misc(Conformance):
    def test_auto_fragmented(self):
        with self.connection() as place:
            message, data = place.message_of(MAX)
            parts = [message[i:i + 1300] for i in range(0, MAX, 1300)]
            place.c.send(frame(TEXT, parts[0], fin=False) + b"".join(frame(CONTINUATION, p,
                fin=False) for p in parts[1:-1])
                         + frame(CONTINUATION, parts[-1]))
            place.echo(data)

    def test_what_the_server_sends_is_whole_and_unmasked(self):
        """Raw sees to it on every frame it reads: here once for each form of the length."""
        with self.connection() as place:
            for size in (60, 125, 130, 65000, MAX):
                message, data = place.message_of(size)
                place.c.send(frame(TEXT, message))
                place.echo(data)


if __name__ == "__main__":
    main()
