#!/usr/bin/python3
"""
wss:// through nginx, HAProxy, Caddy and hitch with the configurations of packaging/proxy: real browsers meet, a socket
goes over to its room and comes back, and limits, operators and the server count the real client, whatever it says of
itself.

  test_tls.py [-v] [Nginx|Haproxy|Caddy|Hitch]
"""
import concurrent.futures
import contextlib
import json
import re
import socket
import sys
import tempfile

from person import Person
import tls_proxy as tls
from client import AsyncCase, Client
from server import SOON, Server, main

import websockets

ADDRESS_CONNECTIONS = 3


class Cast:
    """The two browsers, which see every proxy."""

    people = []

    @classmethod
    def get(cls):
        if not cls.people:
            with concurrent.futures.ThreadPoolExecutor() as pool:
                cls.people = list(pool.map(lambda _: Person(insecure=True), range(2)))
        return cls.people

    @classmethod
    def quit(cls):
        for person in cls.people:
            person.quit()
        cls.people = []


class ProxiedCase(AsyncCase):
    proxy_class = None

    def setUp(self):
        if not self.proxy_class.is_here():
            self.skipTest(f"{self.proxy_class.name} is not installed")
        self.stack = contextlib.ExitStack()
        self.addCleanup(self.stack.close)
        folder = self.stack.enter_context(tempfile.TemporaryDirectory(prefix="video-signaling-test-"))
        self.control = f"{folder}/control"
        self.server = Server(
            "--listen", "127.0.0.1:0 proxy", "--control", self.control, "--log-level", "debug", "--log-names", "plain",
            "--address-connections", str(ADDRESS_CONNECTIONS), *self.proxy_class.flags)
        self.server.start()
        self.stack.callback(self.server.kill)
        port = int(re.search(r"also on    127\.0\.0\.1:(\d+),", self.server.stdout())[1])
        self.proxy = self.proxy_class()
        self.stack.callback(self.proxy.close)
        self.proxy.start(self.server, port)

    async def connect(self, source, **options):
        return Client(await websockets.connect(
            f"wss://localhost:{self.proxy.port}/ws", ssl=self.proxy.context(), open_timeout=SOON, close_timeout=SOON,
            ping_interval=None, local_addr=(source, 0), family=socket.AF_INET, **options))

    def address_of(self, client):
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(SOON)
            control.connect(self.control)
            control.sendall(json.dumps({"command": "show", "room": client.room_id}).encode() + b"\n")
            reply = json.loads(control.makefile().readline())
        found = [one["address"] for one in reply["members"] if one["client"] == client.client_id][0]
        return found.partition(":")[0]

    async def test_sockets(self):
        doctor, patient = await self.connect("127.0.0.7"), await self.connect("127.0.0.8")
        await doctor.join("consult", "doctor")
        await patient.join("consult", "patient")
        await doctor.hear_join(patient)
        self.assertEqual(self.address_of(doctor), "127.0.0.7")
        self.assertEqual(self.address_of(patient), "127.0.0.8")
        data = {"sdp": "x" * 20000}
        await patient.say("offer", data=data)
        await doctor.hear("offer", data=data, sender="patient")
        # Out of the room, into another, and its process lost and healed under it.
        await patient.leave()
        await doctor.hear_left(patient, "leave")
        await patient.join("other", "patient")
        for process in self.server.roles()["room"]:
            process.kill()
        for client in doctor, patient:
            await client.assert_quiet()
        self.assertEqual(self.address_of(patient), "127.0.0.8")
        await doctor.close()
        await patient.close()

    async def test_limits_and_lies(self):
        """Each address has so many connections, whoever it says that it is."""
        lies = [("X-Forwarded-For", "192.0.2.{}"), ("Forwarded", "for=192.0.2.{}"), ("X-Real-IP", "192.0.2.{}")]
        for source in "127.0.0.7", "127.0.0.8":
            clients = []
            for i in range(ADDRESS_CONNECTIONS):
                client = await self.connect(source, extra_headers=[(name, value.format(i + 1)) for name, value in lies])
                await client.join(f"room-{source}-{i}", "a")
                self.assertEqual(self.address_of(client), source)
                clients.append(client)
            with self.assertRaises(websockets.InvalidStatusCode) as refused:
                await self.connect(source, extra_headers=[(name, value.format(99)) for name, value in lies])
            self.assertEqual(refused.exception.status_code, 503)
        self.assertNotIn("192.0.2.", self.server.output())

    def test_browsers(self):
        doctor, patient = Cast.get()
        place = type("Place", (), {"base": f"https://localhost:{self.proxy.port}"})
        room = f"room-{self.proxy.port}"
        try:
            doctor.enter(place, room, "Doctor")
            doctor.wait_for_status("You are the first here")
            patient.enter(place, room, "Patient")
            doctor.wait_for_picture_of("Patient")
            patient.wait_for_picture_of("Doctor")
        finally:
            for person in doctor, patient:
                person.go_away()


for kind in tls.ALL:
    globals()[kind.__name__] = type(kind.__name__, (ProxiedCase,), {"proxy_class": kind, "__module__": __name__})
del ProxiedCase, kind


def tearDownModule():
    Cast.quit()


if __name__ == "__main__":
    missing = [kind.name for kind in tls.ALL if not kind.is_here()]
    if missing:
        print(f"not installed, and so left out: {', '.join(missing)}")
    if len(missing) == len(tls.ALL):
        sys.exit(77)
    main()
