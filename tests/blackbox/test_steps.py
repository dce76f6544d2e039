#!/usr/bin/python3
"""
A room's process is killed after any number of instructions of what it does: of a join, a leave, a signal, the end of a
connection, a return. Whatever it was about to do, in everyone's view it has either happened or not, once, and to all
alike.

With --full, at a hundred moments of each; else at a few.
"""
import asyncio
import random
import unittest

import server
from killing import room_processes, socket_inode, sockets
from raw import say
from returning import Room, hold
from server import SOON, UNBOUNDED, WRAPPER, ServerCase, main, wait_until
from stepping import Stepped, may_step
from witness import Witness, account, settle

MOMENTS = 100 if server.FULL else 8

# Until the broker has handed on, or the kernel, what was said to it.
HANDED_ON_SECONDS = 0.02


async def until(true, seconds=SOON):
    """Waits until it is true, or not for longer. Returns whether it is."""
    end = asyncio.get_running_loop().time() + seconds
    while not true() and asyncio.get_running_loop().time() < end:
        await asyncio.sleep(0.01)
    return true()


async def let_go(task):
    """Ends what hold() began. (A cut that comes at the same time takes the cancelling for its own.)"""
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=0.05)


class Talk:
    """Witnesses in a room, who all know of each other. What happens in it is up to those who derive from it."""

    def __init__(self, running, room_id):
        self.server, self.room_id = running, room_id
        self.there = []

    async def begin(self):
        """Returns a port by which the room's process can be told."""
        for i in range(4):
            self.there.append(await Witness.enter(self.server, self.room_id, str(i)))
        await settle(self.there)
        return self.there[0].transport.get_extra_info("sockname")[1]

    async def act(self):
        raise NotImplementedError

    async def problems(self):
        await settle(self.there)
        found = account(self.there)
        for w in self.there:
            w.leaving = True
            w.transport.abort()
        return found


class Join(Talk):
    async def act(self):
        w = Witness(self.room_id, "newcomer")
        await w.connect(self.server)
        w.send(say("join", room_id=w.room_id, sender=w.sender))
        self.there.append(w)


class Leave(Talk):
    async def act(self):
        self.there[1].leaving = True
        self.there[1].send(say("leave"))


class SignalToAll(Talk):
    async def act(self):
        self.there[1].signal()


class SignalToOne(Talk):
    async def act(self):
        self.there[1].signal_to(self.there[3].client_id)


class Ends(Talk):
    async def act(self):
        self.there[1].quit("reset")
        self.there[2].quit("close")


class Loss:
    """Of three who may resume, one loses its connection while another says something; it comes back."""

    def __init__(self, running, room_id):
        self.room = Room(running, room_id, 3, 0)
        self.away = self.room.members[1]
        self.tasks = {}

    async def begin(self):
        for member in self.room.members:
            self.tasks[member] = await hold(member)
        return self.room.members[0].wire.writer.transport.get_extra_info("sockname")[1]

    async def act(self):
        self.away.wire.reset()
        self.room.members[0].signal()

    async def come_back(self):
        await until(self.away.seated.is_set)

    async def problems(self):
        await self.come_back()
        for member in self.room.members:
            member.signal()
        settled = await until(lambda: self.room.is_settled() or self.room.problems())
        found = self.room.problems() + ([] if settled else [f"not all was heard: {[m.heard for m in self.room.members]}"])
        for task in self.tasks.values():
            await let_go(task)
        for member in self.room.members:
            member.end()
        return found


class Return(Loss):
    """One is away, and comes back while another says something."""

    async def begin(self):
        port = await super().begin()
        await let_go(self.tasks.pop(self.away))
        self.away.seated.clear()
        self.away.cut("rst")
        await until(lambda: all(self.away.client_id in m.told_away for m in self.room.members if m is not self.away))
        return port

    async def act(self):
        self.returned = asyncio.ensure_future(hold(self.away))
        await until(lambda: self.away.wire is not None)
        self.room.members[0].signal()

    async def come_back(self):
        self.tasks[self.away] = await self.returned


@unittest.skipIf(WRAPPER, "its steps are another's")
@unittest.skipUnless(may_step(), "needs root, to step through a room's process")
class Steps(ServerCase):
    flags = UNBOUNDED

    def process_of(self, port):
        inode = socket_inode(port, self.server.port)
        return wait_until(lambda: [p for p in room_processes(self.server) if inode in sockets(p)], SOON, "its process")[0]

    async def once(self, scene, steps):
        """The room's process is killed after so many steps of what the scene has it do. Returns how many it were."""
        stepped = Stepped(self.process_of(await scene.begin()))
        try:
            await scene.act()
            await asyncio.sleep(HANDED_ON_SECONDS)
            done = stepped.step(steps)
        finally:
            stepped.kill()
        self.assertEqual(await scene.problems(), [], f"killed after {done} steps")
        return done

    async def at_all_moments(self, scene):
        whole = await self.once(scene(self.server, f"{scene.__name__}"), 1 << 30)
        part = whole / MOMENTS
        for i in range(MOMENTS):
            await self.once(scene(self.server, f"{scene.__name__}-{i}"), int(part * (i + random.random())))
        print(f"{whole} steps", flush=True)

    def test_a_join(self):
        asyncio.run(self.at_all_moments(Join))

    def test_a_leave(self):
        asyncio.run(self.at_all_moments(Leave))

    def test_a_signal_to_all(self):
        asyncio.run(self.at_all_moments(SignalToAll))

    def test_a_signal_to_one(self):
        asyncio.run(self.at_all_moments(SignalToOne))

    def test_the_ends_of_two_connections(self):
        asyncio.run(self.at_all_moments(Ends))

    def test_the_loss_of_one_who_may_resume(self):
        asyncio.run(self.at_all_moments(Loss))

    def test_a_return(self):
        asyncio.run(self.at_all_moments(Return))


if __name__ == "__main__":
    main()
