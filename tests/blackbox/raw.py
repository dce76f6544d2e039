"""
raw - a WebSocket client down at the bytes: it sends what no well-behaved library would, and reads with no mercy
(unmasked, minimal lengths, no reserved bits, valid UTF-8, or it raises).

Blocking; one socket, one Raw.
"""
import base64
import collections
import hashlib
import json
import os
import select
import socket
import struct
import time

from server import SOON

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
ACCEPT_SALT = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

Frame = collections.namedtuple("Frame", "fin opcode payload")
Response = collections.namedtuple("Response", "status headers body")


class Closed(AssertionError):
    """The server ended the connection where something else was expected. code is None if it gave no close frame."""

    def __init__(self, code, reason, how):
        super().__init__(f"closed: {code} {reason!r} ({how})")
        self.code, self.reason, self.how = code, reason, how


def frame(opcode, payload=b"", fin=True, reserved=0, mask=True, length=None, form=None):
    """
    The bytes of one frame. mask: True for a random one, four bytes, or None for an unmasked frame. length: what the
    header says if not the truth. form: 7, 16 or 64 to force that form of the length.
    """
    if isinstance(payload, str):
        payload = payload.encode("utf-8", "surrogatepass")
    said = len(payload) if length is None else length
    if form is None:
        form = 7 if said < 126 else 16 if said < 65536 else 64
    head = bytes([(0x80 if fin else 0) | reserved << 4 | opcode])
    bit = 0 if mask is None else 0x80
    if form == 7:
        head += bytes([bit | said])
    elif form == 16:
        head += struct.pack(">BH", bit | 126, said)
    else:
        head += struct.pack(">BQ", bit | 127, said)
    if mask is None:
        return head + payload
    if mask is True:
        mask = os.urandom(4)
    return head + mask + masked(payload, mask)


def masked(payload, mask):
    n = len(payload)
    if n == 0:
        return b""
    key = (mask * (n // 4 + 1))[:n]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(n, "big")


def text(message):
    """The frame of one message: a string as it is, anything else as JSON."""
    return frame(TEXT, message if isinstance(message, (str, bytes)) else json.dumps(message, ensure_ascii=False))


def say(action, **fields):
    """The frame of one message, by action."""
    return text({"action": action, **fields})


def close_payload(code, reason=b""):
    return struct.pack(">H", code) + (reason.encode() if isinstance(reason, str) else reason)


def members(raw_text):
    """The members of a JSON object and the exact text of each value: {key: raw text}."""
    decoder = json.JSONDecoder(strict=True)
    white = " \t\r\n"
    found = {}
    at = 0

    def skip(i):
        while i < len(raw_text) and raw_text[i] in white:
            i += 1
        return i

    at = skip(at)
    assert raw_text[at] == "{", raw_text[:80]
    at = skip(at + 1)
    while raw_text[at] != "}":
        key, at = decoder.raw_decode(raw_text, at)
        at = skip(at)
        assert raw_text[at] == ":"
        start = skip(at + 1)
        _, at = decoder.raw_decode(raw_text, start)
        assert key not in found, f"{key!r} comes twice in {raw_text[:200]!r}"
        found[key] = raw_text[start:at]
        at = skip(at)
        if raw_text[at] == ",":
            at = skip(at + 1)
    assert skip(at + 1) == len(raw_text)
    return found


def upgrade_request(path="/ws", host="localhost", version="13", key=None, extra=(), without=(), method="GET"):
    """The bytes of an upgrade request; `without` leaves headers out, `extra` are more header lines."""
    key = base64.b64encode(os.urandom(16)).decode() if key is None else key
    headers = [
        ("Host", host), ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Key", key),
        ("Sec-WebSocket-Version", version),
    ]
    lines = [f"{method} {path} HTTP/1.1"] + [f"{name}: {value}" for name, value in headers if name not in without]
    return "\r\n".join([*lines, *extra, "", ""]).encode()


class Raw:
    """
    A connection. Raw(server) is upgraded; Raw(server, upgrade=False) is a bare TCP connection.

    source: the loopback address to come from. host: the address to connect to. receive_bytes: SO_RCVBUF.
    answer_pings: whether reading answers the server's pings. to: another listener: a port, or a Unix socket's path.
    before: what comes before the request.
    """

    def __init__(self, server, path="/ws", upgrade=True, extra=(), source=None, host="127.0.0.1", receive_bytes=None,
                 answer_pings=True, to=None, before=b""):
        family = socket.AF_UNIX if isinstance(to, str) else socket.AF_INET6 if ":" in host else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(SOON)
        if receive_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        if source:
            self.socket.bind((source, 0))
        if family != socket.AF_UNIX:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.connect(to if family == socket.AF_UNIX else (host, to or server.port))
        self.socket.sendall(before)
        self.buffer = bytearray()
        self.ended = None  # "end" or "reset"
        self.answer_pings = answer_pings
        self.pings = []
        self.last_text = None
        self.path = path
        try:
            if upgrade:
                self.upgrade(path, extra)
        except BaseException:
            self.socket.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def close(self):
        self.socket.close()

    def abort(self):
        """Ends the connection by a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    # HTTP

    def upgrade(self, path, extra=()):
        key = base64.b64encode(os.urandom(16))
        self.send(upgrade_request(path, key=key.decode(), extra=extra))
        self.assert_upgraded(key)

    def assert_upgraded(self, key):
        response = self.response_head()
        assert response.status == 101, response
        accept = base64.b64encode(hashlib.sha1(key + ACCEPT_SALT).digest()).decode()
        assert response.headers.get("sec-websocket-accept") == accept, response
        assert response.headers.get("upgrade", "").lower() == "websocket", response
        assert "upgrade" in response.headers.get("connection", "").lower(), response
        assert "sec-websocket-extensions" not in response.headers, response
        self.upgraded = response

    def response_head(self, timeout=SOON):
        """Reads a response up to the end of its headers."""
        end = time.monotonic() + timeout
        while b"\r\n\r\n" not in self.buffer:
            if not self._fill(end):
                raise Closed(None, bytes(self.buffer), f"{self.ended} before the end of the response's headers")
        head, _, rest = bytes(self.buffer).partition(b"\r\n\r\n")
        self.buffer = bytearray(rest)
        lines = head.decode("latin-1").split("\r\n")
        version, status = lines[0].split(" ", 2)[:2]
        assert version in ("HTTP/1.1", "HTTP/1.0"), lines
        headers = {}
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            assert colon and name and name.strip() == name, lines
            headers[name.lower()] = value.strip()
        return Response(int(status), headers, None)

    def response(self, timeout=SOON):
        """Reads a response and its body: by its length if it has one, else to the end."""
        end = time.monotonic() + timeout
        head = self.response_head(timeout)
        length = int(head.headers["content-length"]) if "content-length" in head.headers else None
        while length is None or len(self.buffer) < length:
            if not self._fill(end):
                assert length is None, f"{self.ended} after {len(self.buffer)} bytes of {length}"
                break
        body = bytes(self.buffer[:length])
        del self.buffer[:length]
        return head._replace(body=body)

    # Out

    def send(self, data):
        self.socket.sendall(data)

    def send_lenient(self, data):
        """Sends as much as the server lets us: it may end the connection meanwhile."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def end_lenient(self):
        """Ends our side of the stream, unless the server was faster."""
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def send_slowly(self, data, size=1, pause=0.0005):
        """Sends in pieces, each its own packet, as far as loopback allows."""
        for i in range(0, len(data), size):
            self.socket.sendall(data[i:i + size])
            time.sleep(pause)

    def send_split(self, data, at, pause=0.001):
        """Sends in two pieces."""
        if at:
            self.socket.sendall(data[:at])
            time.sleep(pause)
        self.socket.sendall(data[at:])

    def say(self, action, **fields):
        self.send(say(action, **fields))

    def say_text(self, message):
        self.send(text(message))

    # In

    def _fill(self, end):
        """Reads more. Returns False at the end of the stream; raises TimeoutError when time is up."""
        if self.ended:
            return False
        left = end - time.monotonic()
        ready = select.poll()  # not select(): there may be thousands of us
        ready.register(self.socket, select.POLLIN)
        if not ready.poll(max(left, 0) * 1000):
            raise TimeoutError(f"nothing more came; unread: {bytes(self.buffer[:200])!r}")
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            self.ended = "reset"
            return False
        if not data:
            self.ended = "end"
            return False
        self.buffer += data
        return True

    def _need(self, n, end):
        while len(self.buffer) < n:
            if not self._fill(end):
                raise Closed(None, "", self.ended + (f" inside a frame: {bytes(self.buffer)!r}" if self.buffer else ""))

    def frame(self, timeout=SOON):
        """Reads one frame, whatever it is."""
        end = time.monotonic() + timeout
        self._need(2, end)
        first, second = self.buffer[:2]
        assert not first & 0x70, f"reserved bits in {bytes(self.buffer[:20])!r}"
        assert not second & 0x80, f"a masked frame from the server: {bytes(self.buffer[:20])!r}"
        opcode, size, at = first & 0x0F, second & 0x7F, 2
        assert opcode in (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG), opcode
        if size == 126:
            self._need(4, end)
            size, at = struct.unpack(">H", self.buffer[2:4])[0], 4
            assert size > 125, "a length that is not minimal"
        elif size == 127:
            self._need(10, end)
            size, at = struct.unpack(">Q", self.buffer[2:10])[0], 10
            assert size > 65535, "a length that is not minimal"
        assert opcode < 8 or (size <= 125 and first & 0x80), f"a bad control frame: {bytes(self.buffer[:20])!r}"
        self._need(at + size, end)
        payload = bytes(self.buffer[at:at + size])
        del self.buffer[:at + size]
        return Frame(bool(first & 0x80), opcode, payload)

    def message(self, timeout=SOON):
        """Reads the next text message, as a string; answers pings on the way. Raises Closed at the end."""
        end = time.monotonic() + timeout
        while True:
            got = self.frame(end - time.monotonic())
            if got.opcode == PING:
                self.pings.append(got.payload)
                if self.answer_pings:
                    self.send_lenient(frame(PONG, got.payload))
            elif got.opcode == CLOSE:
                self._closed(got.payload)
            elif got.opcode == TEXT:
                assert got.fin, "the server fragments"
                self.last_text = got.payload.decode("utf-8")
                return self.last_text
            else:
                raise AssertionError(f"unexpected {got}")

    def _closed(self, payload):
        code = struct.unpack(">H", payload[:2])[0] if payload else 1005
        raise Closed(code, payload[2:].decode("utf-8"), "close frame")

    def hear(self, action=None, timeout=SOON, **fields):
        """Reads the next message, checks its action and the given fields, and returns it."""
        message = json.loads(self.message(timeout))
        assert action is None or message.get("action") == action, f"{message} where {action} {fields} was expected"
        for name, value in fields.items():
            assert message.get(name) == value, f"{message} where {name} = {value!r} was expected"
        return message

    def hear_error(self, *codes, timeout=SOON):
        """Reads the next message, which must be an error with one of the codes."""
        message = self.hear("error", timeout=timeout)
        assert message.get("code") in codes, f"{message} where one of {codes} was expected"
        assert set(message) == {"action", "code", "error", "details"}, message
        assert isinstance(message["error"], str) and message["error"], message
        assert isinstance(message["details"], str) and message["details"], message
        return message

    def hear_close(self, *codes, timeout=SOON, skip=False):
        """
        Reads a close frame with one of the codes, and then the end. With skip, messages may come before it; they are
        returned.
        """
        before = []
        end = time.monotonic() + timeout
        while True:
            try:
                message = self.message(end - time.monotonic())
            except Closed as closed:
                assert closed.code in codes, f"{closed} where one of {codes} was expected; before it: {before[-3:]}"
                self.hear_end(end - time.monotonic())
                return before
            assert skip, f"{message} where a close with one of {codes} was expected"
            before.append(json.loads(message))

    def hear_end(self, timeout=SOON):
        """Waits for the end of the stream, with nothing more before it. Returns "end" or "reset"."""
        end = time.monotonic() + timeout
        while self._fill(end):
            pass
        assert not self.buffer, f"{bytes(self.buffer)!r} where the end was expected"
        return self.ended

    def hear_gone(self, timeout=SOON):
        """Reads and drops everything until the connection has ended in whatever way."""
        end = time.monotonic() + timeout
        while self._fill(end):
            self.buffer.clear()
        return self.ended

    # Conversations

    def join(self, room_id, sender):
        """Joins, and returns the server's `joined`; remembers client_id and room_id."""
        self.say("join", room_id=room_id, sender=sender)
        joined = self.hear("joined", room_id=room_id, sender=sender, success=True)
        self.client_id, self.room_id, self.sender = joined["client_id"], room_id, sender
        return joined

    def assert_alive(self):
        """The next thing from the server is the answer to a ping that we send now: nothing else was on the way."""
        token = base64.b64encode(os.urandom(9)).decode()
        self.say("ping", data=token)
        self.hear("pong", data=token)
