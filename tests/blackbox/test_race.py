#!/usr/bin/python3
"""
The race of the handoff: joins and leaves of few rooms by many clients, with roomds stopped and continued at random.
Every join is answered, no client is lost, no room is ever two rooms. The clients are churn.c, for speed.

20,000 joins; with --full, a million.
"""
import os
import random
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest

import server
from server import HERE, PATIENCE, UNBOUNDED, Server, main, raise_descriptor_limit

JOINS = 1_000_000 if server.FULL else 20_000
if server.WRAPPER:
    JOINS //= 20
elif Server.is_sanitized():
    JOINS //= 5  # nearly each starts a process, which a sanitizer makes a hundred times as slow

# A room's process may be stopped for this long: well under what would make it count as lost.
STOPPED_SECONDS_MAX = 0.06


def churn_program():
    """Path of the client: what the build made, else made here and now."""
    path = os.environ.get("VIDEO_SIGNALING_CHURN")
    if path:
        return path
    folder = tempfile.mkdtemp(prefix="video-signaling-churn-")
    unittest.addModuleCleanup(shutil.rmtree, folder)
    subprocess.run([os.environ.get("CC", "cc"), "-O2", "-D_GNU_SOURCE", "-o",
                   f"{folder}/churn", str(HERE / "churn.c")], check=True)
    return f"{folder}/churn"


class Tormentor(threading.Thread):
    """Stops and continues roomds at random, warm ones too, until told to end; then all run again."""

    def __init__(self, running, seed):
        super().__init__()
        self.running, self.random, self.enough, self.stops = running, random.Random(seed), threading.Event(), 0
        self.error = None

    def run(self):
        try:
            while not self.enough.is_set():
                roles = self.running.roles()
                roomds = roles["room"] + roles["warm"]
                chosen = self.random.sample(roomds, min(len(roomds), self.random.randint(1, 3)))
                for process in chosen:
                    process.kill(signal.SIGSTOP)
                    self.stops += 1
                time.sleep(self.random.uniform(0, STOPPED_SECONDS_MAX) if self.random.random() < 0.7 else 0)
                for process in chosen:
                    process.kill(signal.SIGCONT)
                time.sleep(self.random.uniform(0, 0.05))
        except BaseException as error:
            self.error = error


class Race(unittest.TestCase):
    def churn(self, clients, rooms, joins, torment, flags=()):
        raise_descriptor_limit()
        seed = random.randrange(1 << 30)
        with Server(*UNBOUNDED, "--max-members", "0", "--max-lobby", "0", *flags) as running:
            running.assert_works()
            before = running.descriptors_at_rest()
            # The leak check of a sanitizer stops its process by itself, and gets stuck if somebody else does too.
            torment = torment and not running.is_sanitized()
            tormentor = Tormentor(running, seed)
            if torment:
                tormentor.start()
            patience = 30 * PATIENCE
            try:
                result = subprocess.run(
                    [churn_program(), str(running.port), str(clients), str(rooms),
                                   str(joins), str(seed), str(int(patience * 1000))],
                    capture_output=True, text=True, timeout=60 * PATIENCE + joins / (300 / PATIENCE))
            finally:
                tormentor.enough.set()
                if torment:
                    tormentor.join()
            self.assertIsNone(tormentor.error)
            self.assertEqual((result.returncode, result.stderr), (0, ""),
                             f"seed {seed}: {result.stdout} {running.output()[-2000:]}")
            self.assertIn("all is well", result.stdout)
            if torment:
                self.assertGreater(tormentor.stops, 0)
            running.assert_back_at(before, 10 * PATIENCE)
            running.assert_works()
            print(result.stdout.strip(), f"{tormentor.stops} stops, seed {seed}", flush=True)

    def test_few_rooms_many_clients(self):
        self.churn(64, 8, JOINS // 2, torment=True)

    def test_rooms_that_mostly_have_one_member(self):
        """Where retirement is raced most: nearly every leave empties its room, nearly every join finds it going."""
        self.churn(12, 8, JOINS // 4, torment=True)

    def test_one_room(self):
        self.churn(3, 1, JOINS // 4, torment=True)

    def test_no_pool(self):
        """Every room must first be started."""
        self.churn(16, 6, JOINS // 20, torment=True, flags=("--pool-size", "0"))

    def test_undisturbed(self):
        self.churn(64, 16, JOINS // 4, torment=False)


if __name__ == "__main__":
    main()
