#!/usr/bin/python3
"""
New programs under a running server: SIGHUP after an upgrade replaces the broker, and the keeper itself, in the same
process. And the keeper's own death, where a service manager keeps descriptors (here: the test, which speaks that
part of systemd's protocol; tests/full/boot has the real one).

With --full, ten times as often.
"""
import array
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

import server
from killing import wait_dead
from operator_client import Operated
from raw import Raw
from server import BINARY, PATIENCE, SOON, UNBOUNDED, WRAPPER, Process, main, wait_until

MANY = 10 if server.FULL else 1
PROGRAMS = ("video-signaling", "video-signaling-broker", "video-signaling-roomd")


def pair(test, running, room_id):
    a, b = Raw(running), Raw(running)
    test.addCleanup(a.close)
    test.addCleanup(b.close)
    a.join(room_id, "a")
    b.join(room_id, "b")
    a.hear("user-joined")
    return a, b


def assert_talk(a, b, mark):
    a.say("offer", data=mark)
    b.hear("offer", client_id=a.client_id, data=mark)
    b.say("answer", data=mark)
    a.hear("answer", client_id=b.client_id, data=mark)


class Talk:
    """Pairs that talk without a pause in threads of their own; what went wrong is raised at the end."""

    def __init__(self, pairs, threads=4):
        self.stop = threading.Event()
        self.failed = []
        self.threads = [threading.Thread(target=self._run, args=(pairs[i::threads],)) for i in range(threads)]

    def _run(self, pairs):
        number = 0
        while not self.stop.is_set() and not self.failed:
            number += 1
            try:
                for a, b in pairs:
                    assert_talk(a, b, number)
            except BaseException as problem:  # pylint: disable=broad-except
                self.failed.append(problem)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()
        if self.failed:
            raise self.failed[0]


class Upgrade(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="video-signaling-test-")
        self.addCleanup(shutil.rmtree, self.folder)
        os.chmod(self.folder, 0o755)
        self.install()
        self.config = pathlib.Path(self.folder, "settings.conf")
        self.config.write_text("", encoding="utf-8")
        self.server = Operated(*UNBOUNDED, "--config", str(self.config))
        self.server.command = lambda: [*WRAPPER, f"{self.folder}/video-signaling", *self.server.flags]
        self.server.start()
        self.addCleanup(self.server.kill)

    def install(self, which=PROGRAMS):
        """As a package does: each file is replaced by another."""
        for program in which:
            shutil.copy(pathlib.Path(BINARY).parent / program, f"{self.folder}/{program}.new")
            os.rename(f"{self.folder}/{program}.new", f"{self.folder}/{program}")

    def brokers(self):
        return {p.pid for p in self.server.roles()["broker"] if p.state not in "ZX"}

    def upgrade(self):
        before, ready = self.brokers(), self.server.output().count("ready version=")
        self.server.send_signal(signal.SIGHUP)
        # (One that does not serve yet is part of a reload that goes on: another one asked for now would be the same.)
        wait_until(lambda: len(now := self.brokers()) == 1 and not now & before and
                   self.server.output().count("ready version=") > ready, SOON,
                   lambda: f"another broker: {self.server.tree()} {self.server.output()}")

    def executable(self):
        """Of the keeper; a wrapper is the same program for ever."""
        return None if WRAPPER else os.stat(f"/proc/{self.server.keeper.pid}/exe").st_ino

    def test_nobody_notices(self):
        pairs = [pair(self, self.server, f"room {i}") for i in range(50)]
        with Talk(pairs):
            for _ in range(5 * MANY):
                self.install()
                self.upgrade()
                if not WRAPPER:
                    self.assertEqual(self.executable(), os.stat(f"{self.folder}/video-signaling").st_ino)
        late = Raw(self.server)
        self.assertEqual(len(late.join("room 7", "late")["participants"]), 2)
        status = wait_until(lambda: self.patiently("status"), SOON, "a status")
        self.assertEqual((status["connections"]["now"], status["members"]), (101, 101))
        for client in [late, *(c for p in pairs for c in p)]:
            client.close()
        self.server.wait_for_pool()
        self.server.assert_output_is_clean()
        self.server.stop()
        self.assertFalse(os.path.exists(self.server.control))

    def patiently(self, command):
        try:
            return self.server.once(command)
        except (ConnectionError, TypeError):
            return None

    @unittest.skipIf(WRAPPER, "valgrind knows no pidfd_open(2)")
    def test_who_dies_after_it(self):
        """The keeper still knows its children, and their rooms are healed."""
        a, b = pair(self, self.server, "r")
        self.install()
        self.upgrade()
        wait_until(lambda: self.patiently("status"), SOON, "it serves")
        wait_until(lambda: [r["state"] for r in self.server.rooms()] == ["open"], SOON, "the room is known")
        [process] = self.server.roles()["room"]
        process.kill()
        wait_dead(process)
        assert_talk(a, b, 1)
        [broker] = self.server.roles()["broker"]
        broker.kill()
        wait_dead(broker)
        assert_talk(a, b, 2)
        self.server.wait_for_pool = lambda *_: None

    @unittest.skipIf(WRAPPER, "a wrapper starts a script in a way of its own")
    def test_one_that_does_not_start(self):
        """A keeper that does not take its settings is not become, and the broker is replaced all the same."""
        a, b = pair(self, self.server, "r")
        pathlib.Path(f"{self.folder}/bad").write_text("#!/bin/sh\necho 'it is broken' >&2\nexit 1\n", encoding="utf-8")
        os.chmod(f"{self.folder}/bad", 0o755)
        before = self.executable()
        os.rename(f"{self.folder}/bad", f"{self.folder}/video-signaling")
        self.upgrade()
        self.assertEqual(self.executable(), before)
        self.assertIn("upgrade-refused", self.server.stderr())
        self.assertIn("it is broken", self.server.stderr())
        assert_talk(a, b, 1)


    @unittest.skipIf(WRAPPER, "a wrapper is the same program for ever")
    def test_what_a_start_would_not_find(self):
        """What would end the next program keeps this one from becoming it, and -n says it."""
        a, b = pair(self, self.server, "r")
        for line, want in (("www = /no/such/directory", "www: cannot open the directory"),
                           ("user = no-such-user", "there is no user")):
            self.config.write_text(f"{line}\n", encoding="utf-8")
            command = [f"{self.folder}/video-signaling", *self.server.flags, "-n"]
            checked = subprocess.run(command, capture_output=True, text=True, check=False, env={})
            self.assertEqual(checked.returncode, 1, line)
            self.assertIn(want, checked.stderr)
            self.assert_refused(self.install)
        self.config.write_text("", encoding="utf-8")
        self.assert_refused(self.install_half)
        assert_talk(a, b, 1)

    def install_half(self):
        self.install([program for program in PROGRAMS if program != "video-signaling-broker"])
        os.rename(f"{self.folder}/video-signaling-broker", f"{self.folder}/not-yet")

    def assert_refused(self, install):
        refused = self.server.stderr().count("upgrade-refused")
        install()
        self.server.send_signal(signal.SIGHUP)
        wait_until(lambda: self.server.stderr().count("upgrade-refused") > refused, SOON, self.server.output)
        self.assertIsNone(self.server.keeper.poll())

    @unittest.skipIf(WRAPPER, "a wrapper is the same program for ever")
    def test_a_user_that_changes(self):
        """Who the keeper is was settled by the first: the setting waits for a restart."""
        a, b = pair(self, self.server, "r")
        self.config.write_text("user = root\n", encoding="utf-8")
        self.install()
        self.upgrade()
        assert_talk(a, b, 1)


class Manager:
    """As much of a service manager as keeps descriptors: sockets are made here, and what is stored is passed again."""

    def __init__(self, *flags, places=20000):
        self.places = places
        self.folder = tempfile.mkdtemp(prefix="video-signaling-test-")
        os.chmod(self.folder, 0o777)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(f"{self.folder}/notify")
        os.chmod(f"{self.folder}/notify", 0o777)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = self.listener.getsockname()[1]
        self.store = []  # (name, descriptor)
        self.lock = threading.Lock()
        self.reading = threading.Lock()  # whoever holds it keeps the manager from reading
        self.ready = threading.Event()
        self.flags = flags
        self.process = None
        self.pids = set()
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._listen)
        self.thread.start()

    def _listen(self):
        self.socket.settimeout(0.05)
        while not self.ended.is_set():
            with self.reading:
                try:
                    self._take(*self.socket.recvmsg(4096, 4096)[:2])
                except TimeoutError:
                    pass
            time.sleep(0.001)  # for whoever wants that lock

    def _take(self, text, ancillary):
        fds = array.array("i")
        for level, kind, data in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                fds.frombytes(data[:len(data) - len(data) % fds.itemsize])
        said = dict(line.split("=", 1) for line in text.decode().splitlines())
        with self.lock:
            if said.get("FDSTORE") == "1":
                self.store += [(said["FDNAME"], fd) for fd in fds]
            elif said.get("FDSTOREREMOVE") == "1":
                for name, fd in self.store:
                    if name == said["FDNAME"]:
                        os.close(fd)
                self.store = [(name, fd) for name, fd in self.store if name != said["FDNAME"]]
        if said.get("READY") == "1":
            self.ready.set()

    def fill(self):
        """Has its queue full, while it does not read."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
            other.setblocking(False)
            try:
                while True:
                    other.sendto(b"X=1", f"{self.folder}/notify")
            except BlockingIOError:
                pass

    def start(self):
        self.launch()
        assert self.ready.wait(SOON), self.output()
        self.note()
        return self

    def launch(self, program=BINARY):
        self.ready.clear()
        with self.lock:
            passed = [("client", self.listener.fileno()), *self.store]
            sources = [os.dup(fd) for _, fd in passed]
        names = ":".join(name for name, _ in passed)

        def prepare():
            server.stop_with_parent()
            high = [os.dup2(fd, 3000 + i) for i, fd in enumerate(sources)]
            for i, fd in enumerate(high):
                os.dup2(fd, 3 + i)
            os.environ["LISTEN_PID"] = str(os.getpid())

        command = ["/bin/sh", "-c", 'LISTEN_PID=$$ exec "$@"', "sh", program, "--metrics", "none",
                   "--control", f"{self.folder}/control.sock", *UNBOUNDED, *self.flags]
        if self.process:
            self.errors.close()
        self.errors = open(f"{self.folder}/stderr", "ab")  # pylint: disable=consider-using-with
        self.process = subprocess.Popen(
            command, preexec_fn=prepare, close_fds=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=self.errors, start_new_session=True,
            env={"PATH": os.environ["PATH"], "NOTIFY_SOCKET": f"{self.folder}/notify", "FDSTORE": str(self.places),
                 "LISTEN_FDS": str(len(passed)), "LISTEN_FDNAMES": names})
        for fd in sources:
            os.close(fd)

    def output(self):
        return pathlib.Path(self.folder, "stderr").read_text(encoding="utf-8")

    def note(self):
        """Remembers the processes there are, to end them at the end."""
        self.pids |= {(p.pid, p.start) for p in self.family()}

    def family(self):
        everyone = Process.all()
        family = {p.pid for p in everyone if p.session == self.process.pid}
        known = {pid for pid, _ in self.pids}
        return [p for p in everyone if (p.pid in family or p.pid in known) and p.state not in "ZX"]

    def rooms(self):
        return [p for p in self.family() if p.title.startswith("roomd: 2 members")]

    def brokers(self):
        return [p for p in self.family() if p.title == "video-signaling: broker"]

    def brokers_stored(self):
        """Of which brokers there is a pidfd in the store."""
        with self.lock:
            texts = [pathlib.Path(f"/proc/self/fdinfo/{fd}").read_text(encoding="ascii")
                     for name, fd in self.store if name == "+.b"]
        return [int(line.split()[1]) for text in texts for line in text.splitlines() if line.startswith("Pid:")]

    def stop_keeping(self):
        """As when the service is stopped for good."""
        with self.lock:
            for _, fd in self.store:
                os.close(fd)
            self.store = []

    def finish(self):
        self.ended.set()
        self.thread.join()
        self.stop_keeping()
        self.listener.close()
        self.socket.close()
        if self.process:
            self.note()
            self.process.kill()
            self.process.wait()
            for process in self.family():
                if (process.pid, process.start) in self.pids:
                    process.kill()
            self.errors.close()
        shutil.rmtree(self.folder)


@unittest.skipIf(WRAPPER, "valgrind knows no pidfd_open(2)")
class KeeperDies(unittest.TestCase):
    def setUp(self):
        self.manager = Manager()
        self.addCleanup(self.manager.finish)
        self.manager.start()

    def restart(self, number):
        os.kill(self.manager.process.pid, number)
        self.manager.process.wait(SOON)
        self.manager.start()

    def test_rooms_go_on(self):
        pairs = [pair(self, self.manager, f"room {i}") for i in range(20)]
        with Talk(pairs):
            for i in range(4 * MANY):
                self.restart(signal.SIGKILL if i % 2 else signal.SIGTERM)
        late = Raw(self.manager)
        self.assertEqual(len(late.join("room 3", "late")["participants"]), 2)
        late.close()
        for a, b in pairs:
            a.close()
            b.close()
        # Nothing of a room that has ended is kept.
        wait_until(lambda: self.rooms_stored() == 4, SOON, lambda: f"the pool: {self.manager.store}")

    def rooms_stored(self):
        with self.manager.lock:
            return len({name for name, _ in self.manager.store if not name.startswith("+.")})

    def test_healed_and_killed_after_it(self):
        """A keeper that is not the parent of a room's process hears of its end, and has it healed; and again."""
        a, b = pair(self, self.manager, "r")
        for i in range(3):
            self.restart(signal.SIGKILL)
            assert_talk(a, b, i)
            late = Raw(self.manager)
            late.join("r", f"late {i}")  # the census is over
            late.say("leave")
            late.hear("left")
            late.close()
            for client in (a, b):
                client.hear("user-joined")
                client.hear("user-left")
            [process] = wait_until(self.manager.rooms, SOON, "a title of two members")
            process.kill()
            wait_dead(process)
            assert_talk(a, b, i)
            self.manager.note()

    def test_a_manager_that_is_busy(self):
        """What it does not take is said again: that the server is ready, and what is to outlive the keeper."""
        a, b = pair(self, self.manager, "r")
        ready = self.manager.output().count("broker: ready")
        os.kill(self.manager.process.pid, signal.SIGKILL)
        self.manager.process.wait(SOON)
        with self.manager.reading:
            self.manager.fill()
            self.manager.launch()
            wait_until(lambda: self.manager.output().count("broker: ready") > ready, SOON, self.manager.output)
        self.assertTrue(self.manager.ready.wait(SOON), self.manager.output())
        self.manager.note()
        [broker] = self.manager.brokers()
        wait_until(lambda: self.manager.brokers_stored() == [broker.pid], SOON, self.manager.brokers_stored)
        assert_talk(a, b, 0)
        self.restart(signal.SIGKILL)
        assert_talk(a, b, 1)

    def busy(self):
        """A server whose manager takes nothing, in which rooms began, and one ended."""
        old = pair(self, self.manager, "old")
        self.manager.fill()
        pairs = [pair(self, self.manager, f"room {i}") for i in range(6)]
        for client in old:
            client.close()
        for a, b in pairs:
            assert_talk(a, b, 0)
        self.manager.note()
        return pairs

    def assert_all_outlive(self, pairs):
        for number in range(1, 3):
            self.restart(signal.SIGKILL)
            for a, b in pairs:
                assert_talk(a, b, number)

    def test_stopped_while_the_manager_is_busy(self):
        """The keeper stays until it has taken what is to outlive it."""
        with self.manager.reading:
            pairs = self.busy()
            os.kill(self.manager.process.pid, signal.SIGTERM)
            wait_until(lambda: not self.manager.brokers(), SOON, "the broker has ended")
        self.manager.process.wait(SOON)
        self.manager.start()
        self.assert_all_outlive(pairs)

    def test_a_manager_that_stays_busy(self):
        """Nobody waits for it for ever, and the rooms are not ended for that."""
        with self.manager.reading:
            [(a, b), *_] = self.busy()
            os.kill(self.manager.process.pid, signal.SIGTERM)
            self.manager.process.wait(SOON)
            assert_talk(a, b, 1)

    def test_upgraded_while_the_manager_is_busy(self):
        """The keeper becomes another program when the manager has all, or the next one would not know what it lacks."""
        folder = self.programs()
        os.kill(self.manager.process.pid, signal.SIGKILL)
        self.manager.process.wait(SOON)
        self.manager.launch(f"{folder}/video-signaling")
        self.assertTrue(self.manager.ready.wait(SOON), self.manager.output())
        ready = self.manager.output().count("broker: ready")
        with self.manager.reading:
            pairs = self.busy()
            shutil.copy(BINARY, f"{folder}/new")
            os.rename(f"{folder}/new", f"{folder}/video-signaling")
            os.kill(self.manager.process.pid, signal.SIGHUP)
            time.sleep(0.5 * PATIENCE)
            self.assertNotIn("keeper: upgrade", self.manager.output())
        wait_until(lambda: self.manager.output().count("broker: ready") > ready, SOON, self.manager.output)
        self.assertIn("keeper: upgrade", self.manager.output())
        self.assert_all_outlive(pairs)

    def programs(self):
        """A directory with all of them."""
        folder = tempfile.mkdtemp(prefix="video-signaling-test-")
        self.addCleanup(shutil.rmtree, folder)
        os.chmod(folder, 0o755)
        for program in PROGRAMS:
            shutil.copy(pathlib.Path(BINARY).parent / program, f"{folder}/{program}")
        return folder

    def test_a_broker_that_can_not_start(self):
        """The rooms wait for a keeper that has one."""
        a, b = pair(self, self.manager, "r")
        folder = self.programs()
        shutil.copy("/bin/false", f"{folder}/video-signaling-broker")
        self.manager.note()
        os.kill(self.manager.process.pid, signal.SIGKILL)
        self.manager.process.wait(SOON)
        self.manager.launch(f"{folder}/video-signaling")
        self.assertEqual(self.manager.process.wait(SOON), 1)
        assert_talk(a, b, 1)
        self.manager.start()
        assert_talk(a, b, 2)

    def test_a_place_that_is_none(self):
        """What is passed under the name of a place beyond the last is closed."""
        os.kill(self.manager.process.pid, signal.SIGKILL)
        self.manager.process.wait(SOON)
        with self.manager.lock:
            self.manager.store.append(("+Gzzz", os.open("/dev/null", os.O_RDONLY)))
        self.manager.start()
        self.assertIsNone(self.manager.process.poll())

    def test_stopped_for_good(self):
        a, b = pair(self, self.manager, "r")
        self.manager.note()
        os.kill(self.manager.process.pid, signal.SIGTERM)
        self.manager.process.wait(SOON)
        assert_talk(a, b, 1)
        self.manager.stop_keeping()
        a.hear_close(1001)
        b.hear_close(1001)
        wait_until(lambda: not self.manager.family(), 3 * PATIENCE, lambda: f"nobody: {self.manager.family()}")

    def test_the_old_broker_is_gone(self):
        """Two brokers never speak to the rooms: one that is stopped when its keeper dies is ended first."""
        a, b = pair(self, self.manager, "r")
        [broker] = self.manager.brokers()
        broker.kill(signal.SIGSTOP)
        os.kill(self.manager.process.pid, signal.SIGKILL)
        self.manager.process.wait(SOON)
        self.manager.start()
        self.assertFalse(broker.alive() and Process.read(broker.pid).state not in "ZX")
        assert_talk(a, b, 1)
        late = Raw(self.manager)
        self.assertEqual(len(late.join("r", "late")["participants"]), 2)
        late.close()


@unittest.skipIf(WRAPPER, "valgrind knows no pidfd_open(2)")
class SmallStore(unittest.TestCase):
    def test_it_is_not_overfilled(self):
        """A room is stored whole or not at all, and the log says that there are more."""
        manager = Manager("--pool-size", "1", places=2 + 2 * 4 + 3)
        self.addCleanup(manager.finish)
        manager.start()
        pairs = [pair(self, manager, f"room {i}") for i in range(4)]
        wait_until(lambda: "store-full rooms=2 " in manager.output(), SOON, manager.output)
        manager.note()
        with manager.lock:
            stored = [name for name, _ in manager.store if not name.startswith("+.")]
        self.assertEqual(sorted(stored), ["+0"] * 4 + ["+1"] * 4)
        for a, b in pairs:
            assert_talk(a, b, 0)


if __name__ == "__main__":
    main()
