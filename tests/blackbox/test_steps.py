#!/usr/bin/python3
"""
A room's process, or the broker, is killed after any number of instructions of what it does: of a join, a leave, a
signal, the end of a connection, a return. Whatever it was about to do, in everyone's view it has either happened or not,
once, and to all alike.

With --full, at a hundred moments of each; else at a few.
"""
import asyncio
import random
import unittest

import returning
import server
from killing import room_processes, socket_inode, sockets
from raw import say
from returning import Wire, hold, live
from server import SOON, UNBOUNDED, WRAPPER, Server, main, wait_until
from stepping import Stepped, may_step
from witness import LOST, Witness, account, settle

MOMENTS = 100 if server.FULL else 4

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

    def __init__(self, running, room_id, ways_to_be_lost):
        self.server, self.room_id, self.ways_to_be_lost = running, room_id, ways_to_be_lost
        self.there = []

    async def begin(self):
        """Returns a port by which the room's process can be told."""
        for i in range(4):
            self.there.append(await Witness.enter(self.server, self.room_id, str(i)))
            self.there[-1].ways_to_be_lost = self.ways_to_be_lost
        await settle(self.there)
        return self.there[0].transport.get_extra_info("sockname")[1]

    async def act(self):
        raise NotImplementedError

    async def problems(self):
        await settle(self.there)
        return account(self.there)

    async def end(self):
        for w in self.there:
            w.leaving = True
            w.transport.abort()


class Join(Talk):
    async def begin(self):
        port = await super().begin()
        newcomer = Witness(self.room_id, "newcomer")
        newcomer.ways_to_be_lost = self.ways_to_be_lost  # once it has joined
        await newcomer.connect(self.server)
        self.there.append(newcomer)
        return port

    async def act(self):
        self.there[-1].send(say("join", room_id=self.room_id, sender="newcomer"))


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

    def __init__(self, running, room_id, _):
        self.room = returning.Room(running, room_id, 3, 0)
        self.away = self.room.members[1]
        self.tasks = {}

    async def begin(self):
        for member in self.room.members:
            self.tasks[member] = await hold(member)
        return self.room.members[0].wire.writer.transport.get_extra_info("sockname")[1]

    async def act(self):
        self.away.wire.reset()
        self.room.members[0].signal()

    async def problems(self):
        await until(lambda: self.away.seated.is_set() or self.room.problems())
        for member in self.room.members:
            member.signal()
        settled = await until(lambda: self.room.is_settled() or self.room.problems())
        return self.room.problems() + ([] if settled else [f"not all was heard: {[m.heard for m in self.room.members]}"])

    async def end(self):
        for task in self.tasks.values():
            await let_go(task)
        for member in self.room.members:
            member.end()


class Return(Loss):
    """One is away, and comes back while another says something."""

    async def begin(self):
        port = await super().begin()
        await let_go(self.tasks.pop(self.away))
        self.away.seated.clear()
        self.away.cut("rst")
        await until(lambda: all(self.away.client_id in m.told_away for m in self.room.members if m is not self.away))
        self.away.spare = await Wire.open(self.room.members[0].server)
        return port

    async def act(self):
        self.tasks[self.away] = asyncio.ensure_future(live(self.away))
        self.room.members[0].signal()


@unittest.skipUnless(may_step(), "needs root, to step through a process that is not dumpable")
class Steps(unittest.TestCase):
    def killed_at_all_moments(self, find, scene, moments, ways_to_be_lost):
        with Server(*UNBOUNDED) as self.server:
            whole = asyncio.run(self.at_all_moments(find, scene, moments, ways_to_be_lost))
        print(f"{whole} steps", flush=True)

    async def once(self, find, scene, steps):
        """The process is killed after so many steps of what the scene has it do. Returns how many it were."""
        try:
            stepped = Stepped(find(await scene.begin()))
            try:
                await scene.act()
                await asyncio.sleep(HANDED_ON_SECONDS)
                done = stepped.step(steps)
            finally:
                stepped.kill()
            self.assertEqual(await scene.problems(), [], f"killed after {done} steps")
        finally:
            await scene.end()
        return done

    async def at_all_moments(self, find, scene, moments, ways_to_be_lost):
        whole = await self.once(find, scene(self.server, scene.__name__, ways_to_be_lost), 1 << 30)
        self.assertGreater(whole, 1000, "what was said to it has not reached it")
        for i in range(moments):
            steps = int(whole * (i + random.random()) / moments)
            await self.once(find, scene(self.server, f"{scene.__name__}-{i}", ways_to_be_lost), steps)
        return whole


class Scenes:
    """What either may be at when it is killed."""

    def test_a_join(self):
        self.killed(Join)

    def test_a_leave(self):
        self.killed(Leave)

    def test_the_ends_of_two_connections(self):
        self.killed(Ends)

    def test_the_loss_of_one_who_may_resume(self):
        self.killed(Loss)

    def test_a_return(self):
        self.killed(Return)


@unittest.skipIf(WRAPPER, "its steps are another's")
class Room(Scenes, Steps):
    """Who was in the middle of something is closed; who may resume comes back."""

    def process_of(self, port):
        inode = socket_inode(port, self.server.port)
        return wait_until(lambda: [p for p in room_processes(self.server) if inode in sockets(p)], SOON, "its process")[0]

    def killed(self, scene):
        self.killed_at_all_moments(self.process_of, scene, MOMENTS, LOST)

    def test_a_signal_to_all(self):
        self.killed(SignalToAll)

    def test_a_signal_to_one(self):
        self.killed(SignalToOne)


@unittest.skipIf(WRAPPER, "its steps are another's")
class Broker(Scenes, Steps):
    """No member is lost."""

    def process(self, _):
        return wait_until(lambda: self.server.roles()["broker"], SOON, "a broker")[0]

    def killed(self, scene):
        self.killed_at_all_moments(self.process, scene, MOMENTS // 2, ())


if __name__ == "__main__":
    main()
