"""
client - a well-behaved client on top of python3-websockets: an implementation that shares nothing with the server's.
"""
import asyncio
import json
import unittest

import websockets

from server import SOON, ServerCase


class Client:
    """A connection. Everything waits SOON at most."""

    still_open = []  # of the test that runs

    def __init__(self, websocket):
        self.websocket = websocket
        Client.still_open.append(self)
        self.last_text = None
        self.client_id = self.room_id = self.sender = None

    @classmethod
    async def connect(cls, server, path="/ws", host="127.0.0.1", source=None, **options):
        if source:
            options["local_addr"] = (source, 0)
        host = f"[{host}]" if ":" in host else host
        return cls(await websockets.connect(
            f"ws://{host}:{server.port}{path}", open_timeout=SOON, close_timeout=SOON, ping_interval=None,
            max_size=None, max_queue=None, **options,
        ))

    @classmethod
    async def joined(cls, server, room_id, sender, **options):
        """A connection that has joined a room."""
        client = await cls.connect(server, **options)
        await client.join(room_id, sender)
        return client

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self.websocket.close()

    async def close(self):
        await self.websocket.close()

    async def say_text(self, text):
        await self.websocket.send(text)

    async def say(self, action, **fields):
        await self.websocket.send(json.dumps({"action": action, **fields}, ensure_ascii=False))

    async def message(self, timeout=SOON):
        """The next message, as text."""
        self.last_text = await asyncio.wait_for(self.websocket.recv(), timeout)
        assert isinstance(self.last_text, str), f"not text: {self.last_text!r}"
        return self.last_text

    async def hear(self, action=None, timeout=SOON, **fields):
        """The next message, as a dict; its action and the fields given are checked."""
        message = json.loads(await self.message(timeout))
        assert action is None or message.get("action") == action, f"{message} where {action} {fields} was expected"
        for name, value in fields.items():
            assert message.get(name) == value, f"{message} where {name} = {value!r} was expected"
        return message

    async def hear_error(self, code):
        message = await self.hear("error", code=code)
        assert set(message) == {"action", "code", "error", "details"}, message
        assert isinstance(message["error"], str) and message["error"], message
        assert isinstance(message["details"], str) and message["details"], message
        return message

    async def join(self, room_id, sender, **fields):
        await self.say("join", room_id=room_id, sender=sender, **fields)
        joined = await self.hear("joined", room_id=room_id, sender=sender, success=True)
        self.client_id, self.room_id, self.sender = joined["client_id"], room_id, sender
        return joined

    async def hear_join(self, other):
        """Hears that the other client has joined."""
        message = await self.hear("user-joined", room_id=other.room_id, client_id=other.client_id, sender=other.sender)
        assert set(message) == {"action", "room_id", "client_id", "sender"}, message
        return message

    async def hear_left(self, other, reason):
        message = await self.hear(
            "user-left", room_id=other.room_id, client_id=other.client_id, sender=other.sender, reason=reason)
        assert set(message) == {"action", "room_id", "client_id", "sender", "reason"}, message
        return message

    async def leave(self):
        await self.say("leave")
        return await self.hear("left", room_id=self.room_id, client_id=self.client_id, success=True)

    async def assert_quiet(self):
        """Nothing is on the way to this client: the next it hears is the answer to a ping sent now."""
        self.pinged = getattr(self, "pinged", 0) + 1
        await self.say("ping", data=self.pinged)
        await self.hear("pong", data=self.pinged)

    async def hear_close(self, code):
        """Waits for the end of the connection, which must come with this code and with no message before it."""
        try:
            text = await self.message()
        except websockets.ConnectionClosed:
            assert self.websocket.close_code == code, \
                f"closed with {self.websocket.close_code} {self.websocket.close_reason!r} where {code} was expected"
        else:
            raise AssertionError(f"{text} where a close with {code} was expected")


async def abandon_all():
    """Ends the connections that a test has left open."""
    for client in Client.still_open:
        client.websocket.transport.abort()
    for client in Client.still_open:
        await client.websocket.wait_closed()
    Client.still_open.clear()


class AsyncCase(unittest.IsolatedAsyncioTestCase):
    """Tests that are coroutines; what they leave open is closed."""

    async def asyncSetUp(self):
        asyncio.get_running_loop().set_debug(False)  # unittest turns it on: slow, and chatty on a busy machine

    async def asyncTearDown(self):
        await abandon_all()


class AsyncServerCase(ServerCase, AsyncCase):
    """The same, sharing one server."""


async def room_of(server, room_id, *senders, **options):
    """A room with these members, each of whom has heard of those after it; returns the clients."""
    clients = []
    for sender in senders:
        newcomer = await Client.joined(server, room_id, sender, **options)
        for client in clients:
            await client.hear_join(newcomer)
        clients.append(newcomer)
    return clients
