"""
storm - rooms full of witnesses that talk, leave and come again, while their processes are killed and stopped,
connections end in the middle of a frame, and descriptors run out.

A room may lose two processes in the middle of their work within ten seconds; one more and it is poisoned. So the storm
stops a process before it kills it, and looks whether it was working.
"""
import asyncio
import collections
import random
import signal
import socket
import time

from killing import is_waiting, room_processes, socket_inode, sockets, stop
from server import PATIENCE, SOON
from witness import Witness, account, settle

# A little more than it takes until a death is forgotten.
FORGOTTEN_SECONDS = 10.5
DEATHS_IN_WORK = 2

SIZES = (1, 40, 200, 200, 1500, 5000, 30000)
WAYS_OUT = ("close", "end", "reset", "half")


class Storm:
    """await Storm(server, ...).run(seconds, what) returns what was wrong with anyone's view. `what`: any of "kill",
    "stop", "quit", "fill", "replace"."""

    def __init__(self, server, rooms, members, seed, sizes=SIZES, pause=0.01):
        self.server, self.seed, self.sizes, self.pause = server, seed, sizes, pause
        self.random = random.Random(seed)
        self.rooms = {f"storm-{seed}-{i}": [None] * members for i in range(rooms)}  # who sits in its chairs
        self.everyone = []
        self.inodes = {}  # of a connection: its room
        self.deaths = collections.defaultdict(list)  # of a room's processes in the middle of their work: when
        self.counts = collections.Counter()
        # A sanitizer answers the other by itself, with a report.
        self.deadly = (signal.SIGKILL,) if server.ends_loudly() else (signal.SIGKILL, signal.SIGSEGV)
        self.enough = False
        self.replaces = False

    def __str__(self):
        ends = collections.Counter(str(w.ended) for w in self.everyone if w.ended is not None and not w.leaving)
        return (f"seed {self.seed}: {len(self.rooms)} rooms, {len(self.everyone)} memberships, "
                f"{sum(w.said for w in self.everyone)} signals said, {sum(w.heard for w in self.everyone)} heard, "
                f"{dict(self.counts)}, closed {dict(ends)}")

    async def run(self, seconds, what):
        self.replaces = "replace" in what
        acts = {"kill": self.kill, "stop": self.stop, "quit": self.quit, "fill": self.fill,
                "replace": self.replace}
        await asyncio.gather(*(self.sit_down(room, chair) for room, chairs in self.rooms.items()
                               for chair in range(len(chairs))))
        tasks = [asyncio.ensure_future(self.talk(room, chair)) for room, chairs in self.rooms.items()
                 for chair in range(len(chairs))]
        tasks += [asyncio.ensure_future(acts[name]()) for name in what]
        ended, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
        self.enough = True
        await asyncio.gather(*tasks)
        assert not [task for task in ended if task.exception()]
        await settle(self.everyone, 3 * SOON)
        problems = account(self.everyone)
        for w in self.everyone:
            if w.ended is None:
                w.quit("close")
        await asyncio.wait([w.lost for w in self.everyone], timeout=SOON)
        problems += [f"{w}: not closed" for w in self.everyone if not w.lost.done()]
        return problems

    async def wait(self, low, high):
        await asyncio.sleep(self.random.uniform(low, high))

    # The witnesses

    async def sit_down(self, room, chair):
        """Somebody takes the chair; tries until that works."""
        end = time.monotonic() + 3 * SOON
        while True:
            w = Witness(room, f"{chair}-{len(self.everyone)}")
            # A room's process and the broker that die together leave nobody who could say goodbye.
            w.ways_to_be_lost += ("end",) if self.replaces else ()
            try:
                await w.connect(self.server)
                self.everyone.append(w)
                await w.join()
                break
            except (OSError, asyncio.TimeoutError) as error:
                # A room may be full of those whose end is not known yet; there may be no descriptor.
                self.counts["refused"] += 1
                w.leaving = True
                if w.transport:
                    w.transport.abort()
                if time.monotonic() > end:
                    raise AssertionError(f"{w}: nobody gets in: {error!r}") from error
                await self.wait(0.05, 0.2)
        self.rooms[room][chair] = w
        inode = socket_inode(w.transport.get_extra_info("sockname")[1], self.server.port)
        if inode:
            self.inodes[inode] = room

    async def talk(self, room, chair):
        while not self.enough:
            w = self.rooms[room][chair]
            if not w.is_member():
                await w.lost
                await self.wait(0, 0.1)
                if not self.enough:
                    await self.sit_down(room, chair)
                continue
            if w.present and self.random.random() < 0.3:
                w.signal_to(self.random.choice(list(w.present)), self.random.choice(self.sizes))
            else:
                w.signal(self.random.choice(self.sizes))
            if self.random.random() < 0.3:
                await self.wait(0, self.pause)
            if self.random.random() < 0.05:
                await w.ping(3 * SOON)  # (it must not be so fast that others are too slow)

    async def quit(self):
        while not self.enough:
            await self.wait(0, 0.3)
            w = self.random.choice(self.random.choice(list(self.rooms.values())))
            if w and w.is_member():
                how = self.random.choice(WAYS_OUT)
                w.quit(how)
                self.counts[f"quit: {how}"] += 1

    async def fill(self):
        """Takes more connections than there are to be had, for a moment."""
        while not self.enough:
            await self.wait(1, 4)
            held = []
            try:
                while not self.enough and len(held) < 2000:
                    held.append(socket.socket())
                    held[-1].setblocking(False)
                    held[-1].connect_ex(("127.0.0.1", self.server.port))
                    if len(held) % 20 == 0:
                        await asyncio.sleep(0)
            except OSError:
                pass
            self.counts["most connections held"] = max(self.counts["most connections held"], len(held))
            await self.wait(0, 1)
            for s in held:
                s.close()

    # The processes

    def choose(self):
        """A process that is a room, and the room; or None."""
        processes = room_processes(self.server)
        if not processes:
            return None, None
        process = self.random.choice(processes)
        rooms = {self.inodes[inode] for inode in sockets(process) if inode in self.inodes}
        return (process, rooms.pop()) if len(rooms) == 1 else (None, None)

    def may_die_in_work(self, room):
        forgotten = time.monotonic() - FORGOTTEN_SECONDS
        self.deaths[room] = [at for at in self.deaths[room] if at > forgotten]
        return len(self.deaths[room]) < DEATHS_IN_WORK

    def stop_in_work(self, process):
        """Stops it, if possible in the middle of its work. Returns whether it is stopped."""
        for _ in range(300):
            if not stop(process):
                return False
            if not is_waiting(process):
                return True
            process.kill(signal.SIGCONT)
            time.sleep(self.random.uniform(0, 0.0005))
        return stop(process)

    def kill_one(self):
        process, room = self.choose()
        if not process:
            return
        wanted = self.may_die_in_work(room)
        if not (self.stop_in_work(process) if wanted else stop(process)):
            return
        if is_waiting(process):
            self.counts["killed at rest"] += 1
        elif wanted:
            self.deaths[room].append(time.monotonic())
            self.counts["killed in work"] += 1
        else:
            process.kill(signal.SIGCONT)
            return
        process.kill(self.random.choice(self.deadly))
        process.kill(signal.SIGCONT)  # (without which only SIGKILL ends it)

    async def kill(self):
        while not self.enough:
            await asyncio.get_running_loop().run_in_executor(None, self.kill_one)
            await self.wait(0, 0.1)

    async def replace(self):
        """The broker is killed, or gives way to another."""
        loop = asyncio.get_running_loop()
        while not self.enough:
            await self.wait(1, 4)
            brokers = [p for p in (await loop.run_in_executor(None, self.server.roles))["broker"] if p.state not in "ZX"]
            if len(brokers) != 1:
                continue
            if self.random.random() < 0.5:
                brokers[0].kill()
                self.counts["brokers killed"] += 1
            else:
                self.server.send_signal(signal.SIGHUP)
                self.counts["brokers replaced"] += 1
            self.server._broker = None  # another one, as it should be

    async def stop(self):
        """For a moment, or (if it does not work just then) until it is given up."""
        loop = asyncio.get_running_loop()
        while not self.enough:
            await self.wait(0, 0.2)
            process, room = await loop.run_in_executor(None, self.choose)
            if not process or not await loop.run_in_executor(None, stop, process):
                continue
            began = time.monotonic()
            working = not is_waiting(process)
            for_long = self.random.random() < 0.1 and not working
            self.counts["stopped for long" if for_long else "stopped"] += 1
            await asyncio.sleep(1.5 * PATIENCE if for_long else self.random.uniform(0, 0.06))
            process.kill(signal.SIGCONT)
            if working and time.monotonic() - began > 0.9:
                self.deaths[room].append(time.monotonic())  # on a busy machine it was given up
