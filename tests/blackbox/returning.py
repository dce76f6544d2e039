"""
returning - clients that lose their connections and come back, as PROTOCOL's "Resume" has it, with a bookkeeper's eye:
each signal must come once and in order, whatever becomes of the connections.

A wire is cut by RST, by FIN, by silence (the connection stays open, and nobody reads or writes), after any byte in either
direction, also in the middle of a handshake.
"""
import asyncio
import json
import random
import socket
import struct

from raw import CLOSE, PING, PONG, TEXT, frame, upgrade_request
from server import SOON

ACK_EVERY = 8


class Cut(Exception):
    """This side has lost the connection."""


class Wire:
    """One connection, of which only so many bytes arrive in either direction."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.in_left = self.out_left = None
        self.buffer = bytearray()

    @classmethod
    async def open(cls, server, in_left=None, out_left=None):
        wire = cls(*await asyncio.open_connection("127.0.0.1", server.port))
        wire.in_left, wire.out_left = in_left, out_left
        wire.send(upgrade_request("/ws"))
        while b"\r\n\r\n" not in wire.buffer:
            await wire.fill()
        assert wire.buffer.startswith(b"HTTP/1.1 101"), wire.buffer
        del wire.buffer[:wire.buffer.index(b"\r\n\r\n") + 4]
        return wire

    def send(self, data):
        if self.out_left is not None:
            data = data[:self.out_left]
            self.out_left -= len(data)
        self.writer.write(data)
        if self.out_left == 0:
            raise Cut

    async def fill(self):
        try:
            data = await self.reader.read(65536)
        except ConnectionError:
            raise Cut from None
        if not data:
            raise Cut
        if self.in_left is not None:
            data = data[:self.in_left]
            self.in_left -= len(data)
        self.buffer += data
        if self.in_left == 0:
            raise Cut

    def frame(self):
        """(opcode, payload) of the next whole frame, or None."""
        if len(self.buffer) < 2:
            return None
        size, at = self.buffer[1] & 0x7F, 2
        if size == 126:
            if len(self.buffer) < 4:
                return None
            size, at = struct.unpack(">H", self.buffer[2:4])[0], 4
        elif size == 127:
            if len(self.buffer) < 10:
                return None
            size, at = struct.unpack(">Q", self.buffer[2:10])[0], 10
        if len(self.buffer) < at + size:
            return None
        opcode, payload = self.buffer[0] & 0x0F, bytes(self.buffer[at:at + size])
        del self.buffer[:at + size]
        return opcode, payload

    def reset(self):
        try:
            linger = struct.pack("ii", 1, 0)
            self.writer.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        except OSError:
            pass  # the other side has ended it, and asyncio has seen it
        self.writer.transport.abort()

    def end(self):
        self.writer.close()


class Returning:
    """A member of a room who is cut off again and again."""

    def __init__(self, server, room, label):
        self.server, self.room, self.label = server, room, label
        self.wire = None
        self.spare = None  # a wire that is open already, for the next connection
        self.hanging = []  # wires that are silent
        self.client_id = self.secret = None
        self.seen = self.acked = self.n = self.i = 0
        self.outbox = []
        self.heard = {}  # sender's id: the last number of it
        self.problems = []
        self.cuts = self.resumes = self.lost_4003 = 0
        self.broken = False
        self.seated = asyncio.Event()
        self.told_away = set()
        self.left = []

    # In

    def problem(self, text):
        self.problems.append(f"{self.room}/{self.label}: {text}")

    def on_message(self, m):
        action = m["action"]
        if action in ("joined", "resumed"):
            self.on_seated(m)
            return
        if action == "error" and "seq" not in m:
            self.problem(f"{m['code']} after {self.cuts} cuts")
            raise Cut
        if m["seq"] != self.seen + 1:
            self.problem(f"seq {m['seq']} after {self.seen}: {m}")
        self.seen = m["seq"]
        if action == "offer":
            sender, i = m["client_id"], m["data"]["i"]
            if i != self.heard.get(sender, i - 1) + 1:
                self.problem(f"signal {i} after {self.heard[sender]}")
            self.heard[sender] = i
        elif action == "user-suspended":
            if m["client_id"] in self.told_away:
                self.problem(f"twice told that {m['sender']} is away")
            self.told_away.add(m["client_id"])
        elif action == "user-resumed":
            if m["client_id"] not in self.told_away:
                self.problem(f"told that {m['sender']} is back, and not that it was away")
            self.told_away.discard(m["client_id"])
        elif action == "user-left":
            self.left.append(m)
        elif action != "user-joined":
            self.problem(f"unexpected {m}")
        if self.seen - self.acked >= ACK_EVERY:
            self.acked = self.seen
            self.say_if_possible(frame(TEXT, json.dumps({"action": "ack", "seq": self.seen})))

    def on_seated(self, m):
        self.secret = m["resume"]
        if self.client_id not in (None, m["client_id"]):
            self.problem("came back as somebody else")
        self.client_id = m["client_id"]
        self.resumes += m["action"] == "resumed"
        while self.outbox and self.outbox[0][0] <= m["n"]:
            self.outbox.pop(0)
        for _, message in list(self.outbox):
            self.say_if_possible(message)
        self.seated.set()

    def say_if_possible(self, message):
        """A line that breaks on the way out takes nothing away of what has come in."""
        try:
            self.wire.send(message)
        except Cut:
            self.broken = True

    async def read(self):
        """Reads until the wire is lost."""
        while True:
            while got := self.wire.frame():
                opcode, payload = got
                if opcode == TEXT:
                    self.on_message(json.loads(payload))
                elif opcode == PING:
                    self.say_if_possible(frame(PONG, payload))
                elif opcode == CLOSE:
                    self.code = struct.unpack(">H", payload[:2])[0] if payload else 1005
                    if self.code == 4003:
                        self.problem("4003 on a connection that was in use")
                    raise Cut
            if self.broken:
                raise Cut
            await self.wire.fill()

    # Out

    def signal(self):
        """Sends the next numbered signal to all others, or keeps it until there is a connection."""
        self.n += 1
        self.i += 1
        message = frame(TEXT, json.dumps({"action": "offer", "n": self.n, "data": {"i": self.i, "pad": "x" * (self.i % 97)}}))
        self.outbox.append((self.n, message))
        if self.seated.is_set():
            try:
                self.wire.send(message)
            except Cut:
                self.reading.cancel()

    # Connections

    async def live_once(self, alive_seconds, in_left=None, out_left=None, way="rst"):
        """One connection, from its beginning to when it is cut."""
        try:
            self.wire, self.spare = self.spare or await Wire.open(self.server, in_left, out_left), None
            if self.secret:
                first = {"action": "resume", "resume": self.secret, "seq": self.seen}
            else:
                first = {"action": "join", "room_id": self.room, "sender": self.label, "resume": True}
            self.acked, self.broken = self.seen, False
            self.wire.send(frame(TEXT, json.dumps(first)))
            self.reading = asyncio.ensure_future(self.read())
            try:
                await asyncio.wait({self.reading}, timeout=alive_seconds)
            finally:
                self.reading.cancel()
            await self.reading
        except (Cut, ConnectionError):
            pass
        except asyncio.CancelledError:
            if not self.reading.cancelled():
                raise
        self.seated.clear()
        self.cut(way)

    def cut(self, way):
        self.cuts += 1
        if self.wire is None:
            return
        if way == "silence":
            self.hanging.append(self.wire)
            if len(self.hanging) > 3:
                self.hanging.pop(0).reset()
        elif way == "fin":
            self.wire.end()
        else:
            self.wire.reset()
        self.wire = None

    def end(self):
        for wire in self.hanging:
            wire.reset()
        if self.wire:
            self.wire.reset()


async def live(member):
    """Has the member come back, whenever the server loses the connection."""
    while not member.problems:
        await member.live_once(3600)
        await asyncio.sleep(0.01)


async def hold(member, seconds=SOON):
    """Has the member in its seat from now on, unless the server loses the connection; returns the task that does so."""
    task = asyncio.ensure_future(live(member))
    await asyncio.wait_for(member.seated.wait(), seconds)
    return task


class Room:
    """A room of members that are cut off, all the time and at random, while all of them speak."""

    def __init__(self, server, name, size, random_seed):
        self.random = random.Random(random_seed)
        self.members = [Returning(server, name, f"m{i}") for i in range(size)]
        self.going = True
        self.said = 0
        self.away_since = {}

    # Not more is said than is kept for who is away (64 messages). A machine may let somebody wait who wants to connect.

    def missed(self, member):
        """How much has been said since the member went away, and how often somebody else went and came."""
        return self.said + 2 * sum(m.cuts for m in self.members) - self.away_since.get(member, 1 << 60)

    def look_who_is_away(self):
        for m in self.members:
            if m.seated.is_set():
                self.away_since.pop(m, None)
            elif m not in self.away_since:
                self.away_since[m] = self.said + 2 * sum(m.cuts for m in self.members)

    def may_speak(self):
        return sum(len(m.outbox) for m in self.members) < 12 and all(self.missed(m) < 20 for m in self.members)

    def may_go(self, member):
        """May the member go and come once more? Not while another has been away for longer than is good for it (unless it
        stays away, with its problem)."""
        return self.problems() or not any(self.missed(m) > max(30, self.missed(member)) for m in self.members)

    async def speak(self):
        while self.going:
            self.look_who_is_away()
            if self.may_speak():
                self.random.choice(self.members).signal()
                self.said += 1
            await asyncio.sleep(self.random.choice((0, 0.001, 0.002)))

    async def suffer(self, member, cuts):
        """Lives from cut to cut."""
        r = self.random
        while member.cuts < cuts and not self.problems():
            way = r.choice(("rst", "fin", "silence"))
            torn = r.random() < 0.3
            while not self.may_go(member):
                await asyncio.sleep(0.005)
            await member.live_once(
                r.choice((r.random() * 0.004, r.random() * 0.05)),
                in_left=r.randint(150, 1500) if torn else None,
                out_left=r.randint(150, 900) if not torn and r.random() < 0.3 else None, way=way)
        return await hold(member) if not self.problems() else None

    async def run(self, cuts):
        for m in self.members:
            await self.come(m)
        speaking = asyncio.ensure_future(self.speak())
        holding = await asyncio.gather(*(self.suffer(m, cuts) for m in self.members))
        self.going = False
        await speaking
        return [task for task in holding if task]

    async def come(self, member):
        """Joins; the connection is then lost."""
        task = await hold(member)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            pass
        member.seated.clear()
        member.cut("rst")
        member.cuts = 0

    def is_settled(self):
        """Everyone has heard all that all others said."""
        return all(b.heard.get(a.client_id, 0) == a.i for a in self.members for b in self.members if a is not b)

    def problems(self):
        return [p for m in self.members for p in m.problems]
