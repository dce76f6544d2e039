"""
Honest rooms, and beside them every attack that one machine can run: nobody honest is dropped or kept waiting for long,
whoever attacks is out within its bound, and afterwards everything is back where it was.

An honest room is watched by a process of its own, which notes how long each signal took. The measure is the calm
before; here it is printed, and held against the attack's with --full alone, for time is not to be trusted on a machine
that runs other tests.
"""
import multiprocessing
import os
import signal
import socket
import time
import unittest
import warnings

from raw import Closed, Raw, frame, say, upgrade_request
from killing import make_spin, make_swell, may_spin, may_swell, room_process_of, wait_idle
from server import FULL, PATIENCE, SOON, UNBOUNDED, WRAPPER, Server, main, raise_descriptor_limit, wait_until

SECONDS = 8 if FULL else 1.5
SLOW_CONNECTIONS = 2000 if FULL else 400


def attacker_address(i):
    """Whoever comes from 127.0.1.x is no honest client."""
    return f"127.0.1.{1 + i % 250}"


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))] * 1000


def be_honest(port, newcomers, pipe):
    """A process: a pair that talks all the time, and perhaps a newcomer now and then. Says how long things took."""
    warnings.simplefilter("ignore", ResourceWarning)  # the process's end closes

    class Where:
        pass
    Where.port = port
    signals, connects, phase = [], [], 0
    one, two = Raw(Where), Raw(Where)
    one.join("honest", "one")
    two.join("honest", "two")
    one.hear("user-joined")
    pipe.send("ready")
    number = 0
    while True:
        if pipe.poll():
            if pipe.recv() == "end":
                break
            pipe.send((signals, connects))
            signals, connects = [], []
        number += 1
        began = time.monotonic()
        one.say("offer", data=number)
        two.hear("offer", data=number)
        signals.append(time.monotonic() - began)
        if newcomers and number % 20 == 0:
            began = time.monotonic()
            with Raw(Where, source="127.0.0.9") as late:
                late.join(f"late-{number}", "late")
            connects.append(time.monotonic() - began)
        time.sleep(0.022)  # within message_rate
    one.assert_alive()
    two.assert_alive()
    pipe.send("alive")


class Honest:
    """The process that be_honest()s."""

    def __init__(self, server, newcomers):
        self.pipe, other = multiprocessing.get_context("fork").Pipe()
        self.process = multiprocessing.get_context("fork").Process(target=be_honest, args=(server.port, newcomers, other), daemon=True)
        self.process.start()
        self.answer()

    def answer(self):
        if not self.pipe.poll(2 * SOON):
            raise AssertionError("the honest pair is kept waiting")
        try:
            return self.pipe.recv()
        except EOFError:
            raise AssertionError("the honest pair was dropped") from None

    def times(self):
        self.pipe.send("times")
        return self.answer()

    def end(self):
        self.pipe.send("end")
        assert self.answer() == "alive"
        self.process.join(SOON)


class Attack(unittest.TestCase):
    # The honest must not be given up only because this machine keeps them from their answers.
    flags = ("--request-timeout-ms", "3000", "--join-timeout-ms", "3000", "--ping-interval-ms", "1000",
             "--ping-timeout-ms", str(int(6000 * PATIENCE)))

    @classmethod
    def setUpClass(cls):
        raise_descriptor_limit()
        if WRAPPER:
            raise unittest.SkipTest("a wrapper is slower than any attack")

    def beside(self, attack, *flags, descriptors=None, needs_sandbox=False):
        """Runs attack(server, until) in another process, beside honest people; then all is as it was."""
        with Server(*self.flags, *flags, descriptors=descriptors) as server:
            if needs_sandbox and "process=roomd layers=none" in server.output():
                self.skipTest("this build has no sandbox")
            with Raw(server) as first:
                first.join("first", "first")
            before = server.descriptors_at_rest()
            # Without descriptors nobody new comes in.
            honest = Honest(server, newcomers=not descriptors)
            # What else this machine does in one round is no fault of ours: the best of some rounds counts.
            for _ in range(4 if FULL else 1):
                if self.round(server, honest, attack):
                    break
            else:
                self.fail("the honest pair felt it in every round")
            honest.end()
            server.assert_works()
            server.assert_back_at(before, 3 * SOON)

    def round(self, server, honest, attack):
        honest.times()
        time.sleep(SECONDS)
        calm = honest.times()
        process = multiprocessing.get_context("fork").Process(target=self.run_attack, args=(attack, server))
        process.start()
        process.join(SECONDS + 4 * SOON)
        self.assertEqual(process.exitcode, 0, "the attack itself failed")
        return self.is_calm(calm, honest.times())

    @staticmethod
    def run_attack(attack, server):
        warnings.simplefilter("ignore", ResourceWarning)
        if FULL:
            os.nice(19)  # the attackers' own work happens elsewhere
        attack(server, time.monotonic() + SECONDS)

    def is_calm(self, calm, attacked):
        shown = [f"{name} {percentile(values[0], 0.5):.2f}/{percentile(values[0], 0.99):.2f} ms of {len(values[0])}"
                 for name, values in (("calm", calm), ("attacked", attacked))]
        connects = percentile(attacked[1], 1) if attacked[1] else 0
        print(f"\n{self.id().rpartition('.')[2]}: {', '.join(shown)} (p50/p99), slowest join {connects:.1f} ms", flush=True)
        self.assertGreater(len(attacked[0]), 10)
        return not FULL or (percentile(attacked[0], 0.99) < max(2 * percentile(calm[0], 0.99), 5)
                            and (not attacked[1] or percentile(attacked[1], 0.9) < 100))

    def test_message_flood(self):
        def flood(server, until):
            batch = say("offer", data="x" * 20) * 1000
            sent = 0
            while time.monotonic() < until or sent < 3000:
                with Raw(server, source=attacker_address(sent)) as client:
                    # Who is thrown out and comes back at once, again and again, meets the bound on joins: that is its bound, too.
                    client.send_lenient(say("join", room_id=f"flood-{sent}", sender="flooder") + batch)
                    client.hear_gone()
                    sent += 1000
        self.beside(flood)

    def test_message_flood_without_bounds(self):
        """50,000 a second and more, and each one is taken: only its own room feels it."""
        def flood(server, until):
            batch = say("ping") * 5000
            with Raw(server, source=attacker_address(0)) as client:
                client.join("flood", "flooder")
                while time.monotonic() < until:
                    client.send(batch)
                    for _ in range(5000):
                        client.message()
        self.beside(flood, *UNBOUNDED)

    def test_never_reads(self):
        def never_read(server, until):
            clients = []
            for i in range(20):
                client = Raw(server, source=attacker_address(i), receive_bytes=2048)
                clients.append(client)
                client.send_lenient(say("join", room_id=f"never-{i % 5}", sender="x"))
                client.socket.setblocking(False)
            batch = say("offer", data="x" * 30000)
            while time.monotonic() < until:
                for client in clients:
                    try:
                        client.socket.send(batch)
                    except (BlockingIOError, ConnectionError):
                        pass
        self.beside(never_read, "--message-rate", "0", "--byte-rate", "0", "--join-rate", "0")

    def test_slow_connections(self):
        kinds = (b"", b"G", b"GET /ws HTTP/1.1\r\nHost: x\r\nX-a: ", b"POST /ws HTTP/1.1\r\nContent-Length: 9999\r\n\r\nx", upgrade_request()[:-2])

        def be_slow(server, until):
            clients = [Raw(server, upgrade=False, source=attacker_address(i)) for i in range(SLOW_CONNECTIONS)]
            for i, client in enumerate(clients):
                client.send_lenient(kinds[i % len(kinds)])
            while time.monotonic() < until:
                for client in clients[:200]:
                    client.send_lenient(b"x")
                time.sleep(0.2)
            for client in clients:  # by hand: select() takes no descriptor beyond 1023
                try:
                    while client.socket.recv(65536):
                        pass
                except ConnectionError:
                    pass
        self.beside(be_slow, "--max-lobby", "4000")

    def test_room_creation_flood(self):
        def make_rooms(server, until):
            i = 0
            while time.monotonic() < until:
                with Raw(server, source=attacker_address(0)) as client:
                    for _ in range(30):
                        client.send_lenient(say("join", room_id=f"made-{i}", sender="a") + say("leave"))
                        i += 1
                    client.hear()
        self.beside(make_rooms)

    def test_connection_flood(self):
        """From one address: it is bounded, and told so."""
        def connect(server, until):
            clients = []
            while time.monotonic() < until:
                one = socket.socket()
                one.bind((attacker_address(0), 0))
                try:
                    one.connect(("127.0.0.1", server.port))
                    clients.append(one)
                except OSError:
                    one.close()
                if len(clients) > 1500:
                    for client in clients[:700]:
                        client.close()
                    del clients[:700]
        self.beside(connect)

    def hurt(self, *ways):
        """Whoever has taken over a room's process does what it likes with it."""
        def hurt(server, until):
            i = 0
            while time.monotonic() < until or i < len(ways):
                with Raw(server, source=attacker_address(i)) as client:
                    try:
                        client.join(f"hurt-{i}", "a")
                        process = room_process_of(server, client)
                        wait_idle(process)
                        ways[min(i, len(ways) - 1)](process)
                    except (AssertionError, OSError, ValueError, Closed):
                        continue  # on a busy machine that took so long that the server gave the client up
                    client.send_lenient(say("ping"))
                    time.sleep(0.05)
                    i += 1
        self.beside(hurt, needs_sandbox=make_swell in ways)

    def test_a_stopped_and_a_killed_roomd(self):
        self.hurt(*(lambda process, number=number: process.kill(number) for number in 5 * (signal.SIGSTOP, signal.SIGKILL)))

    @unittest.skipUnless(may_spin() and may_swell(), "only root may put code into a process")
    def test_a_spinning_and_a_swelling_roomd(self):
        self.hurt(make_spin, make_swell)  # only one spins: it needs two seconds of a processor until it is found out

    def test_descriptor_exhaustion(self):
        """More connections than the server may have descriptors, in the lobby and in rooms."""
        def exhaust(server, until):
            clients = []
            while time.monotonic() < until:
                try:
                    client = Raw(server, upgrade=False, source=attacker_address(len(clients)))
                except OSError:
                    continue
                client.send_lenient(upgrade_request() + say("join", room_id=f"full-{len(clients) % 100}", sender="x"))
                clients.append(client)
                if len(clients) > 400:
                    clients.pop(0).abort()
            for client in clients:
                client.abort()
        self.beside(exhaust, descriptors=300)


if __name__ == "__main__":
    main()
