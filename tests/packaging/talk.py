"""
talk HOST PORT ROOMS - rooms of two that talk, while others come and go, until standard input ends.

Says "talking" when everyone has met. At the end prints one JSON object of what happened meanwhile: exchanges (an offer and its
answer, each numbered: one that is missing, comes twice or late is "lost"), what befell members ("lost": must be empty), how
many requests and joins were answered, and how many connections were refused or, before they were in a room, reset.
Nothing but Python is needed.
"""
import base64
import json
import os
import random
import selectors
import socket
import struct
import sys
import threading
import time

PAUSE = 1.0
PATIENCE = 60


class Lost(Exception):
    """What befell a connection."""


class Client:
    """A WebSocket client that blocks until it has joined."""

    def __init__(self, place, number=0):
        # (one address may only have so many connections)
        self.socket = socket.create_connection(place, PATIENCE, (f"127.0.0.{2 + number % 8}", 0))
        key = base64.b64encode(os.urandom(16)).decode()
        self.input = b""
        self.socket.sendall((
            f"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n").encode())
        while b"\r\n\r\n" not in self.input:
            self.read()
        head, self.input = self.input.split(b"\r\n\r\n", 1)
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise Lost(f"no upgrade: {head!r}")

    def read(self):
        more = self.socket.recv(65536)
        if not more:
            raise Lost("the connection ended")
        self.input += more

    def frame(self):
        """The next whole frame that has come: (opcode, payload), or None."""
        if len(self.input) < 2:
            return None
        length, at = self.input[1], 2
        if length == 126:
            length, at = int.from_bytes(self.input[2:4], "big"), 4
        if len(self.input) < at + length:
            return None
        payload = self.input[at:at + length]
        opcode = self.input[0] & 15
        self.input = self.input[at + length:]
        return opcode, payload

    def message(self):
        """The next whole message that has come, or None."""
        while found := self.frame():
            opcode, payload = found
            if opcode == 8:
                raise Lost(f"closed: {int.from_bytes(payload[:2], 'big')}")
            if opcode == 9:
                self.send(10, payload)
            elif opcode == 1:
                return json.loads(payload)
        return None

    def hear(self, action):
        while True:
            message = self.message()
            if not message:
                self.read()
            elif message["action"] == action:
                return message
            elif message["action"] == "error":
                raise Lost(f"{message}")

    def send(self, opcode, payload):
        mask = os.urandom(4)
        head = struct.pack("!BB", 0x80 | opcode, 0x80 | len(payload)) if len(payload) < 126 else \
            struct.pack("!BBH", 0x80 | opcode, 0xFE, len(payload))
        self.socket.sendall(head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload)))

    def say(self, **message):
        self.send(1, json.dumps(message).encode())

    def join(self, room, name):
        self.say(action="join", room_id=room, sender=name)
        return self.hear("joined")


class Pair:
    """Ann says a number, Bob says it back, and so on."""

    def __init__(self, place, number):
        self.room = f"talk-{number}"
        self.ann, self.bob = Client(place, number), Client(place, number)
        self.ann.join(self.room, "ann")
        self.bob.join(self.room, "bob")
        self.ann.hear("user-joined")
        self.number, self.answered, self.due = 0, True, time.monotonic() + random.random() * PAUSE
        self.lost = None

    def on_time(self, now):
        if self.answered and not self.lost and now >= self.due:
            self.number, self.answered = self.number + 1, False
            self.ann.say(action="offer", data=self.number)

    def on_input(self, client):
        client.read()
        while message := client.message():
            action, data = message["action"], message.get("data")
            if action == "offer" and client is self.bob and data == self.number:
                self.bob.say(action="answer", data=data)
            elif action == "answer" and client is self.ann and data == self.number and not self.answered:
                self.answered, self.due = True, time.monotonic() + PAUSE
            elif action not in ("user-joined", "user-left") or message["sender"] != "guest":
                raise Lost(f"{message} after {self.number}")


class Passers:
    """Others, who ask and join all the time; one thread each."""

    def __init__(self, place, rooms):
        self.place, self.rooms, self.over = place, rooms, threading.Event()
        self.counts = {name: 0 for name in ("answered", "joined", "refused", "reset")}
        self.wrong = []
        self.threads = [threading.Thread(target=self.run, args=(each, pause))
                        for each, pause in ((self.ask, 0.02), (self.visit, 0.1))]
        for thread in self.threads:
            thread.start()

    def run(self, each, pause):
        while not self.over.is_set():
            try:
                each()
            except ConnectionRefusedError:
                self.counts["refused"] += 1
            except (OSError, Lost):
                self.counts["reset"] += 1
            time.sleep(pause)

    def ask(self):
        with socket.create_connection(self.place, PATIENCE) as connection:
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            answer = b""
            while more := connection.recv(4096):
                answer += more
        if b" 200 " not in answer:
            raise Lost(f"{answer!r}")
        self.counts["answered"] += 1

    def visit(self):
        guest = Client(self.place)
        try:
            there = guest.join(f"talk-{random.randrange(self.rooms)}", "guest")["participants"]
            if not {"ann", "bob"} <= {one["sender"] for one in there}:
                self.wrong.append(f"a room was there twice: {there}")
            guest.say(action="leave")
            guest.hear("left")
            self.counts["joined"] += 1
        finally:
            guest.socket.close()

    def stop(self):
        self.over.set()
        for thread in self.threads:
            thread.join()


def turn(selector, pairs):
    """Everyone who has something to say says it; everyone hears what there is."""
    for pair in pairs:
        try:
            pair.on_time(time.monotonic())
        except (OSError, Lost) as error:
            pair.lost = pair.lost or f"{pair.room}: {error!r}"
    for key, _ in selector.select(0.02):
        pair, client = key.data
        try:
            pair.on_input(client)
        except (OSError, Lost) as error:
            pair.lost = pair.lost or f"{pair.room}: {error!r}"
            selector.unregister(client.socket)


def main():
    place, rooms = (sys.argv[1], int(sys.argv[2])), int(sys.argv[3])
    pairs = [Pair(place, number) for number in range(rooms)]
    selector = selectors.DefaultSelector()
    for pair in pairs:
        for client in pair.ann, pair.bob:
            selector.register(client.socket, selectors.EVENT_READ, (pair, client))
    passers = Passers(place, rooms)
    over = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
    print("talking", flush=True)
    while not over.is_set():
        turn(selector, pairs)
    # Whatever has happened: all of them are still there, and say something more.
    enough = {pair: pair.number + 2 for pair in pairs}
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and any(pair.number < enough[pair] and not pair.lost for pair in pairs):
        turn(selector, pairs)
    passers.stop()
    while time.monotonic() < end and any(not pair.answered and not pair.lost for pair in pairs):
        for pair in pairs:
            pair.due = end  # nothing new
        turn(selector, pairs)
    lost = [pair.lost or f"{pair.room}: no answer to {pair.number}" for pair in pairs
            if pair.lost or not pair.answered or pair.number < enough[pair]]
    print(json.dumps({"exchanges": sum(pair.number for pair in pairs), "lost": lost, **passers.counts, "wrong": passers.wrong}))


main()
