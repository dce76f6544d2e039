"""
witness - a member of a room that says numbered signals and keeps account of all it hears: each signal of everyone who
stays arrives exactly once and in order, or its connection was closed and everyone was told.

asyncio, at the bytes of the protocol; shares no code with the server.
"""
import asyncio
import base64
import json
import os
import socket
import struct

from raw import CLOSE, PING, PONG, TEXT, frame, say, upgrade_request
from server import SOON

# What the server may end a member's connection with when its room's process is lost. "reset": a frame was half out.
LOST = (1012, "reset")


class Peer:
    """What a witness knows of another member."""

    def __init__(self, sender, last):
        self.sender = sender
        self.first = None  # the number of the first signal to all that was heard from it ...
        self.last = last  # ... and of the last; None: any may be the first
        self.directed = 0  # the number of the last signal to this witness alone
        self.said_when_met = None  # how many we had said to all when it joined


class Witness(asyncio.Protocol):
    """await Witness.enter(server, room_id, sender): a member. What went wrong so far is in `problems`."""

    def __init__(self, room_id, sender, receive_bytes=None):
        self.ways_to_be_lost = LOST
        self.room_id, self.sender, self.receive_bytes = room_id, sender, receive_bytes
        self.client_id = None
        self.present = {}  # client_id: Peer, of those who are members as we know it
        self.gone = {}  # the same, of those who left
        self.said = 0
        self.directed = {}  # client_id: how many were said to it alone
        self.heard = 0
        self.ended = None  # how the connection ended: a close code, "reset", "end"
        self.leaving = False  # the end is our own wish
        self.left = False
        self.problems = []
        self.buffer = bytearray()
        self.transport = None
        self.unanswered = {}
        self.upgraded = asyncio.get_running_loop().create_future()
        self.joined = asyncio.get_running_loop().create_future()
        self.lost = asyncio.get_running_loop().create_future()

    @classmethod
    async def enter(cls, server, room_id, sender, **options):
        witness = cls(room_id, sender, **options)
        await witness.connect(server)
        await witness.join()
        return witness

    async def connect(self, server):
        sock = socket.socket()
        sock.setblocking(False)
        if self.receive_bytes:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.receive_bytes)
        try:
            await asyncio.wait_for(
                asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", server.port)), SOON)
        except BaseException:
            sock.close()
            raise
        await asyncio.get_running_loop().create_connection(lambda: self, sock=sock)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.send(upgrade_request(key=base64.b64encode(os.urandom(16)).decode()))
        await asyncio.wait_for(self.upgraded, SOON)

    async def join(self):
        self.send(say("join", room_id=self.room_id, sender=self.sender))
        await asyncio.wait_for(asyncio.shield(self.joined), SOON)

    def is_member(self):
        return self.client_id is not None and self.ended is None and not self.leaving and not self.left

    # Saying

    def send(self, data):
        if self.ended is None:
            self.transport.write(data)

    def signal(self, size=60):
        """One more numbered signal to all others."""
        self.said += 1
        self.send(say("ice-candidate", data={"n": self.said, "pad": "x" * size}))

    def signal_to(self, client_id, size=60):
        """One more numbered signal to one other."""
        number = self.directed[client_id] = self.directed.get(client_id, 0) + 1
        self.send(say("offer", target=client_id, data={"d": number, "pad": "x" * size}))

    async def ping(self, timeout=SOON):
        """Waits until all that we said before has been handed on. Returns whether; False: the connection has ended."""
        token = base64.b64encode(os.urandom(9)).decode()
        answer = self.unanswered[token] = asyncio.get_running_loop().create_future()
        if self.ended is not None:
            return False
        self.send(say("ping", data=token))
        try:
            return await asyncio.wait_for(answer, timeout)
        except asyncio.TimeoutError:
            raise AssertionError(f"{self}: no pong within {timeout:g} s") from None

    def quit(self, how):
        """Ends the connection: "close" politely, "end" without a close frame, "reset", or "half" a frame and reset."""
        self.leaving = True
        if how == "close":
            self.send(frame(CLOSE, struct.pack(">H", 1000)))
            return
        if how == "half":
            data = say("offer", data={"pad": "x" * 3000})
            self.send(data[:len(data) // 2])
        if how in ("half", "reset"):
            self.transport.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    # Hearing

    def connection_made(self, transport):
        self.transport = transport

    def connection_lost(self, error):
        if self.ended is None:
            self.ended = "reset" if error else "end"
        for future in (self.upgraded, self.joined):
            if not future.done():
                future.set_exception(ConnectionError(f"{self}: ended with {self.ended}"))
                future.exception()  # it may be that nobody waits for it
        for answer in self.unanswered.values():
            if not answer.done():
                answer.set_result(False)
        if not self.leaving and self.client_id is not None and self.ended not in self.ways_to_be_lost:
            self.problem(f"closed with {self.ended}")
        self.lost.set_result(self.ended)

    def data_received(self, data):
        self.buffer += data
        if not self.upgraded.done():
            head, found, rest = bytes(self.buffer).partition(b"\r\n\r\n")
            if not found:
                return
            self.buffer = bytearray(rest)
            if head.startswith(b"HTTP/1.1 101 "):
                self.upgraded.set_result(True)
            else:
                self.upgraded.set_exception(ConnectionError(f"{self}: {head[:40]}"))
                self.transport.abort()
                return
        at = 0
        while (size := self.frame(at)) > 0:
            at += size
        del self.buffer[:at]

    def frame(self, at):
        """Takes the frame that begins at that place of the buffer. Returns its size, 0 if it is not complete."""
        b = self.buffer
        left = len(b) - at
        if left < 2:
            return 0
        size, head = b[at + 1], 2
        if b[at] not in (0x80 | TEXT, 0x80 | CLOSE, 0x80 | PING, 0x80 | PONG) or size & 0x80:
            self.problem(f"the stream is out of step: {bytes(b[at:at + 40])!r}")
            self.leaving = True
            self.transport.abort()
            return 0
        if size == 126 and left >= 4:
            size, head = struct.unpack_from(">H", b, at + 2)[0], 4
        elif size == 127 and left >= 10:
            size, head = struct.unpack_from(">Q", b, at + 2)[0], 10
        elif size >= 126:
            return 0
        if left < head + size:
            return 0
        self.on_frame(b[at] & 0xF, bytes(b[at + head:at + head + size]))
        return head + size

    def on_frame(self, opcode, payload):
        if opcode == TEXT:
            try:
                self.on_message(json.loads(payload))
            except (ValueError, KeyError) as error:
                self.problem(f"{error!r} in {payload[:200]!r}")
        elif opcode == PING:
            self.send(frame(PONG, payload))
        elif opcode == CLOSE and self.ended is None:
            self.send(frame(CLOSE, payload[:2]))
            self.ended = struct.unpack(">H", payload[:2])[0] if payload else 1005

    def on_message(self, m):
        getattr(self, "on_" + m["action"].replace("-", "_"))(m)

    def on_joined(self, m):
        self.client_id = m["client_id"]
        self.present = {p["client_id"]: Peer(p["sender"], None) for p in m["participants"]}
        if not self.joined.done():
            self.joined.set_result(m)

    def on_left(self, m):
        self.left = True

    def on_user_joined(self, m):
        if m["client_id"] in self.present or m["client_id"] in self.gone:
            self.problem(f"{m['sender']} joined twice")
        self.present[m["client_id"]] = peer = Peer(m["sender"], 0)
        peer.said_when_met = self.said

    def on_user_left(self, m):
        if m["client_id"] in self.present:
            self.gone[m["client_id"]] = self.present.pop(m["client_id"])
        else:
            self.problem(f"{m['sender']} left, who was not there")

    def on_signal(self, m):
        self.heard += 1
        peer = self.present.get(m["client_id"])
        if not peer:
            self.problem(f"a signal of {m['sender']}, who is not there: {str(m)[:200]}")
            return
        number = m["data"].get("n")
        if number is not None:
            if peer.last is not None and number != peer.last + 1:
                self.problem(f"{number} after {peer.last} from {peer.sender}")
            peer.last = number
            peer.first = peer.first or number
        else:
            if m["data"]["d"] != peer.directed + 1:
                self.problem(f"{m['data']['d']} after {peer.directed} from {peer.sender} to us alone")
            peer.directed = m["data"]["d"]

    on_offer = on_answer = on_ice_candidate = on_signal

    def on_pong(self, m):
        answer = self.unanswered.pop(m["data"])
        if not answer.done():
            answer.set_result(True)

    def on_error(self, m):
        if not self.joined.done():
            self.joined.set_exception(ConnectionError(f"{self}: {m['code']}"))
        elif m["code"] != "no-such-target":  # it may just have left
            self.problem(f"an error: {m}")

    # The account

    def problem(self, text):
        self.problems.append(f"{self}: {text}")

    def __str__(self):
        return f"{self.room_id}/{self.sender}"


async def settle(witnesses, timeout=SOON):
    """Waits until all that was said has arrived; nobody may say more. Those who are closed meanwhile are no members."""
    for _ in range(2):  # what A said is handed on when A has its pong, and heard by B when B has one after that
        await asyncio.gather(*(w.ping(timeout) for w in witnesses if w.is_member()))
    # Who is told of an end by the server may hear of it after its pong.
    end = asyncio.get_running_loop().time() + timeout
    while account(witnesses) and asyncio.get_running_loop().time() < end:
        await asyncio.sleep(0.05)


def account(witnesses):
    """What is wrong with the views of the witnesses, all that ever were in their rooms; call settle() before."""
    problems = [problem for w in witnesses for problem in w.problems]
    by_id = {w.client_id: w for w in witnesses if w.client_id}
    for w in witnesses:
        if not w.is_member():
            continue
        members = {o.client_id for o in witnesses if o.room_id == w.room_id and o is not w and o.is_member()}
        if set(w.present) != members:
            problems.append(f"{w}: sees {sorted(p.sender for p in w.present.values())}, not "
                            f"{sorted(by_id[i].sender for i in members)}")
        for client_id, peer in w.present.items():
            other = by_id.get(client_id)
            if not other or not other.is_member():
                continue
            met = other.present[w.client_id].said_when_met if w.client_id in other.present else None
            if peer.last is not None and peer.last != other.said:
                problems.append(f"{w}: heard {peer.last} of {other.said} from {other}")
            if met is not None and other.said > met and (peer.first is None or peer.first > met + 1):
                problems.append(f"{w}: heard {peer.first} first from {other}, which said {met} before they met")
            if peer.directed != other.directed.get(w.client_id, 0):
                problems.append(f"{w}: heard {peer.directed} of {other.directed.get(w.client_id)} from {other} alone")
        for client_id, peer in w.gone.items():
            other = by_id.get(client_id)
            if other and peer.last is not None and peer.last > other.said:
                problems.append(f"{w}: heard {peer.last} of {other.said} from {other}")
    return problems
