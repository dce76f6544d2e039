"""
keeps_seats - a signaling server that keeps the seats of lost connections: the real one, or, as long as that does not, the
stand-in.
"""
import asyncio
import contextlib
import json
import os
import pathlib
import subprocess

import websockets

STAND_IN = pathlib.Path(__file__).resolve().parent / "stand_in.mjs"


async def _joined(port):
    async with websockets.connect(f"ws://127.0.0.1:{port}/ws") as socket:
        await socket.send(json.dumps({"action": "join", "room_id": "keeps-seats", "sender": "a", "resume": True}))
        joined = json.loads(await socket.recv())
        await socket.send(json.dumps({"action": "leave"}))
        await socket.recv()
        return joined


@contextlib.contextmanager
def seat_keeper(server):
    """The port of such a server."""
    if "resume" in asyncio.run(_joined(server.port)):
        yield server.port
        return
    environment = {**os.environ, "NODE_PATH": os.environ.get("NODE_PATH", "/usr/share/nodejs")}
    with subprocess.Popen(["node", STAND_IN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as stand_in:
        try:
            yield int(stand_in.stdout.readline())
        finally:
            stand_in.stdin.close()
            stand_in.wait(10)
