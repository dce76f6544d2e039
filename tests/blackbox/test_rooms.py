#!/usr/bin/python3
"""
Many rooms of two at once, each exchanging an offer, an answer and 20 candidates each way: nothing lost, misrouted or
reordered; and afterwards the server is as it was, process by process and descriptor by descriptor.

200 rooms; with --full, 1,000.
"""
import asyncio

import server
from client import AsyncCase, AsyncServerCase, Client, room_of
from server import SOON, UNBOUNDED, Server, main, raise_descriptor_limit

ROOMS = 1000 if server.FULL else 200
CANDIDATES = 20
ROUNDS = 1 if server.FULL else 2
CONNECTING_AT_ONCE = 50


class Rooms(AsyncCase):
    async def call(self, doctor, patient, mark):
        """One call, both sides signaling at once; every message is checked, and that nothing else comes."""
        async def side(me, other, kind):
            await me.say(kind, data={"sdp": f"{mark} {kind} " + "v=0\r\n" * 200})
            for i in range(CANDIDATES):
                await me.say("ice-candidate", data={"mark": mark, "n": i},
                    **({"target": other.client_id} if i % 2 else {}))

        async def heard(me, other, kind):
            message = await me.hear(kind, room_id=me.room_id, client_id=other.client_id, sender=other.sender,
                timeout=10 * SOON)
            self.assertTrue(message["data"]["sdp"].startswith(f"{mark} {kind} "))
            for i in range(CANDIDATES):
                await me.hear("ice-candidate", room_id=me.room_id, client_id=other.client_id, sender=other.sender,
                              data={"mark": mark, "n": i}, timeout=10 * SOON)
            await me.say("ping", data=mark)
            await me.hear("pong", data=mark, timeout=10 * SOON)

        await asyncio.gather(side(doctor, patient, "offer"), side(patient, doctor, "answer"),
                             heard(patient, doctor, "offer"), heard(doctor, patient, "answer"))

    async def test_rooms(self):
        needed = 4 * ROOMS + 200
        limit = raise_descriptor_limit()
        if limit < needed:
            self.skipTest(f"{needed} descriptors are needed, and {limit} are allowed")
        with Server(*UNBOUNDED, "--max-lobby", "0") as running:
            running.assert_works()
            before = running.descriptors_at_rest()
            gate = asyncio.Semaphore(CONNECTING_AT_ONCE)

            async def meet(i):
                async with gate:
                    doctor, patient = await room_of(running, f"room-{i}", "doctor", f"patient-{i}")
                return doctor, patient

            for round_number in range(ROUNDS):
                pairs = await asyncio.gather(*(meet(i) for i in range(ROOMS)))
                ids = {client.client_id for pair in pairs for client in pair}
                self.assertEqual(len(ids), 2 * ROOMS)
                roles = running.roles()
                if roles["room"]:  # titles can be seen
                    self.assertEqual(len(roles["room"]), ROOMS)
                await asyncio.gather(*(self.call(*pair, f"call-{i}") for i, pair in enumerate(pairs)))

                async def part(i, doctor, patient):
                    async with gate:
                        if i % 3 == 0:  # politely
                            await patient.leave()
                            await doctor.hear_left(patient, "leave")
                            await asyncio.gather(doctor.close(), patient.close())
                        elif i % 3 == 1:  # the page is closed
                            await patient.close()
                            await doctor.hear_left(patient, "disconnect")
                            await doctor.close()
                        else:  # the cable is pulled
                            patient.websocket.transport.abort()
                            await doctor.hear_left(patient, "disconnect")
                            doctor.websocket.transport.abort()

                await asyncio.gather(*(part(i, *pair) for i, pair in enumerate(pairs)))
                running.assert_back_at(before)
                running.assert_works()


class Moves(AsyncServerCase):
    """Descriptors and processes after each of the ways through the server, a few hundred times each."""

    flags = UNBOUNDED

    async def test_one_connection_through_many_rooms(self):
        before = self.server.descriptors_at_rest()
        async with await Client.connect(self.server) as client:
            for i in range(200):
                await client.join(f"stop-{i % 20}", "traveller")
                await client.leave()
        self.server.assert_back_at(before)

    async def test_connections_that_never_join(self):
        before = self.server.descriptors_at_rest()
        for i in range(200):
            client = await Client.connect(self.server)
            if i % 2:
                await client.close()
            else:
                client.websocket.transport.abort()
        self.server.assert_back_at(before)

    async def test_plain_requests(self):
        before = self.server.descriptors_at_rest()
        for _ in range(100):
            for path in ("/health", "/", "/nothing"):
                self.server.get(path)
        self.server.assert_back_at(before)

    async def test_a_room_whose_members_change(self):
        before = self.server.descriptors_at_rest()
        last = await Client.joined(self.server, "changing", "0")
        for i in range(1, 150):
            client = await Client.joined(self.server, "changing", str(i))
            await last.hear_join(client)
            await last.close()
            await client.hear_left(last, "disconnect")
            last = client
        await last.close()
        self.server.assert_back_at(before)


if __name__ == "__main__":
    main()
