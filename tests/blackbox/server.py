"""
server - the real server under test: starts it, looks at its processes and descriptors, stops it and checks that
nothing of it is left.

Everything binds a free port on loopback, so that any number of tests may run side by side; processes are told apart
and ended by pid alone.

  VIDEO_SIGNALING_BIN            the program (default: that of the dev preset)
  VIDEO_SIGNALING_TEST_WRAPPER   a command to run it under, e.g. "valgrind -q --trace-children=yes --error-exitcode=99"
  VIDEO_SIGNALING_TEST_PATIENCE  what to multiply every time-out by (default 1, under a wrapper 10)
  VIDEO_SIGNALING_TEST_FULL      1: the long form of the tests that have one; the argument --full says the same
"""
import collections
import ctypes
import http.client
import os
import pathlib
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
TREE = HERE.parent.parent
BINARY = os.environ.get("VIDEO_SIGNALING_BIN") or str(TREE / "build/dev/video-signaling")
WRAPPER = shlex.split(os.environ.get("VIDEO_SIGNALING_TEST_WRAPPER", ""))
PATIENCE = float(os.environ.get("VIDEO_SIGNALING_TEST_PATIENCE") or (10 if WRAPPER else 1))
FULL = os.environ.get("VIDEO_SIGNALING_TEST_FULL") == "1" or "--full" in sys.argv

SPARE_ROSTERS = 32  # LIMIT_SPARE_ROSTERS

# How long anything that should come at once may take before the test gives up: it must hold on a busy machine.
SOON = 10 * PATIENCE

PRCTL = ctypes.CDLL(None, use_errno=True).prctl

# What no process of ours may ever say.
ALARMS = re.compile(
    r"AddressSanitizer|LeakSanitizer|UndefinedBehaviorSanitizer|ThreadSanitizer|MemorySanitizer|runtime error:"
    r"|Assertion .*failed|assertion failed|stack smashing|buffer overflow detected|double free|corrupted"
    r"|ERROR SUMMARY: [1-9]|Invalid (read|write|free)|uninitialised|(definitely|indirectly) lost: [1-9]"
    r"|Mismatched free|Process terminating with default action|Segmentation fault"
)

# Of this test's own environment the server gets nothing but what the tools around it need.
PASSED_ON = re.compile(r"^(PATH|ASAN_OPTIONS|UBSAN_OPTIONS|LSAN_OPTIONS|GCOV_.*|LLVM_PROFILE_FILE|VALGRIND_.*)$")

# Bounds that a test in a hurry, with all its clients at one address, would meet before an honest client does.
UNBOUNDED = (
    "--address-connections", "0", "--join-rate", "0", "--message-rate", "0", "--byte-rate", "0",
    "--bad-messages-max", "0",
)


def wait_until(condition, seconds, what, pause=0.01, pause_max=0.05):
    """Waits until condition() is true, and returns what it returned. It looks less often as time goes by: what is looked
    at needs the processor as well."""
    end = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds:g} s: {what() if callable(what) else what}")
        time.sleep(pause)
        pause = min(pause * 1.2, pause_max)


def may_trace():
    return shutil.which("strace") and subprocess.run(
        ["strace", "-qq", "-o", "/dev/null", "true"], check=False, stderr=subprocess.DEVNULL).returncode == 0


def raise_descriptor_limit():
    """Lets this process, and the servers it starts, have as many descriptors as the system allows."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def stop_with_parent():
    """For a child, before it becomes another program: when this test ends in whatever way, it gets SIGTERM."""
    PRCTL(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


class Process(collections.namedtuple("Process", "pid ppid state session start title")):
    """One process as /proc shows it. Two with the same pid and start are the same."""

    @classmethod
    def read(cls, pid):
        """Returns the process, or None if there is none."""
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
                fields = file.read().rpartition(")")[2].split()
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                title = file.read().replace(b"\0", b" ").decode(errors="replace").strip()
        except (FileNotFoundError, ProcessLookupError):
            return None
        return cls(int(pid), int(fields[1]), fields[0], int(fields[3]), int(fields[19]), title)

    @classmethod
    def all(cls):
        found = (cls.read(name) for name in os.listdir("/proc") if name.isdigit())
        return [process for process in found if process]

    def alive(self):
        now = Process.read(self.pid)
        return now is not None and now.start == self.start

    def maps(self):
        """Its memory, as proc(5) lists it."""
        with open(f"/proc/{self.pid}/maps", encoding="utf-8", errors="replace") as file:
            return file.read()

    def descriptors(self):
        """What the process has open, as a Counter of kinds: {"socket": 3, "anon_inode:[eventpoll]": 1, ...}"""
        kinds = collections.Counter()
        folder = f"/proc/{self.pid}/fd"
        for name in os.listdir(folder):
            try:
                target = re.sub(r"^/proc/\d+/", "/proc/", os.readlink(f"{folder}/{name}"))
            except FileNotFoundError:
                continue
            if WRAPPER and re.search(r"valgrind_proc_|vgdb-pipe", target):
                continue
            # (A program that is built anew under a running server is "deleted".)
            kinds[re.sub(r"^(socket|pipe):.*|(?<!room) \(deleted\)$", r"\1", target)] += 1
        return kinds

    def wrapped_program(self):
        """The name of a program that the keeper has started, where a wrapper hides titles."""
        return self.title.rpartition("/")[2]

    def is_zygote(self):
        """Of a roomd whose title is hidden: only the zygote still has the keeper's channel."""
        try:
            return os.readlink(f"/proc/{self.pid}/fd/3").startswith("socket:")
        except OSError:
            return False

    def has_members(self):
        """Of a roomd whose title is hidden: beside its channel, a room has a socket of each member."""
        try:
            return self.descriptors()["socket"] > 1
        except OSError:
            return False

    def kill(self, number=signal.SIGKILL):
        if self.alive():
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                pass


def still_zombies(processes, seconds=SOON):
    """Those of the zombies that nobody has reaped after a while."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        processes = [p for p in processes if p.alive()]
        if not processes:
            break
        time.sleep(0.02)
    return processes


class Server:
    """
    One server. `with Server("--max-members", "2") as server:` starts it and, at the end, stops it by SIGTERM with all
    the checks of stop(); after an exception it is killed instead.
    """

    def __init__(self, *flags, port=0, environment=None, pool_size=4, descriptors=None):
        # Servers side by side would meet at the default control socket and metrics port.
        apart = [part for flag in ("--control", "--metrics") if flag not in flags for part in (flag, "none")]
        self.flags = [*(["--port", str(port)] if port is not None else []), *apart, *flags]
        self.environment = environment or {}
        self.max_descriptors = descriptors
        self.pool_size = int(flags[flags.index("--pool-size") + 1]) if "--pool-size" in flags else pool_size
        self.keeper = None
        self.port = None
        self.folder = None
        self._heir = None
        self._seen = {}
        self._rooms = set()
        self._broker = None

    def __enter__(self):
        return self if self.keeper else self.start()

    def __exit__(self, kind, value, traceback):
        if kind is None:
            self.stop()
        else:
            sys.stderr.write(f"\n--- the server's output\n{self.output()[-4000:]}\n---\n")
            self.kill()

    def command(self):
        poor = ["/bin/sh", "-c", f'ulimit -n {self.max_descriptors}; exec "$@"', "sh"] if self.max_descriptors else []
        return [*poor, *WRAPPER, BINARY, *self.flags]

    def clean_environment(self):
        environment = {name: value for name, value in os.environ.items() if PASSED_ON.match(name)}
        return {**environment, **self.environment}

    def launch(self, command=None, **options):
        """Starts the keeper, or a command in its place, and waits for nothing. Should the test be killed, the keeper
        is told to stop."""
        self.folder = tempfile.mkdtemp(prefix="video-signaling-test-")
        with open(f"{self.folder}/stdout", "wb") as out, open(f"{self.folder}/stderr", "wb") as err:
            self.keeper = subprocess.Popen(
                command or self.command(), env=self.clean_environment(), stdin=subprocess.DEVNULL, stdout=out,
                stderr=err, cwd="/", start_new_session=True, preexec_fn=stop_with_parent, **options,
            )
        # (A keeper that has become another user is not told of its parent's death.)
        self._heir = subprocess.Popen(["/bin/sh", "-c", 'read -r it_is_over || kill -TERM "$0"', str(self.keeper.pid)],
                                      stdin=subprocess.PIPE, start_new_session=True)

    def start(self, **options):
        """launch(), and waits until it is ready and its pool is full."""
        try:
            self.launch(**options)
            found = wait_until(self._ready, SOON, lambda: f"ready; it says: {self.output()}")
            self.port = int(found.group(1))
            self.wait_for_pool()
        except BaseException:
            self.kill()
            raise
        return self

    def _ready(self):
        if self.keeper.poll() is not None:
            raise AssertionError(f"the server ended with {self.keeper.returncode}: {self.output()}")
        return re.search(r"^\s*health\s+http://\S*?:(\d+)/health\s*$", self.stdout(), re.MULTILINE)

    def stdout(self):
        return self._said("stdout") if self.folder else self._last_words[0]

    def stderr(self):
        return self._said("stderr") if self.folder else self._last_words[1]

    def _said(self, name):
        return pathlib.Path(self.folder, name).read_bytes().decode(errors="replace")

    def output(self):
        return self.stdout() + self.stderr()

    # Processes

    def tree(self):
        """All its processes, zombies too: the keeper's session and descendants. None is forgotten: see remains()."""
        everyone = Process.all()
        family = {self.keeper.pid}
        before = 0
        while len(family) != before:
            before = len(family)
            family |= {p.pid for p in everyone if p.ppid in family or p.session == self.keeper.pid}
        tree = [p for p in everyone if p.pid in family]
        self._seen.update({(p.pid, p.start): p for p in tree})
        return tree

    def remains(self):
        """Those of all processes ever seen that still exist."""
        tree = {(p.pid, p.start) for p in self.tree()}
        return [Process.read(p.pid) or p for key, p in self._seen.items() if key in tree or p.alive()]

    def role(self, process):
        """keeper, broker, zygote, warm or room."""
        if process.pid == self.keeper.pid:
            return "keeper"
        if WRAPPER:
            return self._role_of_wrapped(process)
        if process.title.startswith("video-signaling: zygote"):
            return "zygote"
        if process.title.startswith("video-signaling: broker"):
            return "broker"
        if process.title.startswith("roomd: warm"):
            return "warm"
        if re.match(r"roomd: \d+ member", process.title):
            return "room"
        return f"unknown ({process.state} {process.title!r})"

    def _role_of_wrapped(self, process):
        """By its program and what it has open, for a wrapper hides titles. Who was a room once is no other thing later."""
        if process.wrapped_program() == "video-signaling-broker":
            return "broker"
        if process.wrapped_program() != "video-signaling-roomd":
            return "starting"
        if process.is_zygote():
            return "zygote"
        if process.has_members():
            self._rooms.add((process.pid, process.start))
        return "room" if (process.pid, process.start) in self._rooms else "warm"

    def roles(self):
        """{"keeper": [Process], "broker": [Process], "zygote": [Process], "warm": [...], "room": [...]}"""
        roles = collections.defaultdict(list)
        for process in self.tree():
            roles[self.role(process)].append(process)
        return roles

    def one(self, role):
        """The only process that is that; waits until another, which is ending, has ended."""
        return wait_until(lambda: len(found := self.roles()[role]) == 1 and found, SOON,
                          lambda: f"one process is {role}: {self.roles()}")[0]

    def is_at_rest(self):
        """Nothing but the keeper, the broker, the zygote and the pool."""
        roles = self.roles()
        counts = {role: len(found) for role, found in roles.items() if found}
        expected = {"keeper": 1, "broker": 1, "zygote": 1, "warm": self.pool_size}
        return counts == {role: n for role, n in expected.items() if n}

    @staticmethod
    def ends_loudly():
        """Does a crash end in a report, which the checks take for a fault? With a sanitizer, and under a wrapper."""
        return bool(WRAPPER) or Server.is_sanitized()

    @staticmethod
    def is_sanitized():
        """Built with AddressSanitizer? Its shadow is in every process's memory, and its leak check at every exit."""
        return b"__asan_init" in pathlib.Path(BINARY).read_bytes()

    def wait_for_pool(self, seconds=SOON):
        wait_until(self.is_at_rest, seconds, lambda: f"keeper, broker and a pool of {self.pool_size}: {self.tree()}")

    def descriptors(self):
        """{role: [Counter of kinds, ...]}, comparable with one taken at another time: without spare rosters."""
        seen = {role: [process.descriptors() for process in found] for role, found in self.roles().items() if found}
        for kinds in seen.get("keeper", ()):
            rooms = kinds["/memfd:room (deleted)"]
            if rooms < kinds["/memfd:roster"] <= rooms + SPARE_ROSTERS:
                kinds["/memfd:roster"] = rooms
        return {role: sorted(found, key=lambda kinds: sorted(kinds.items())) for role, found in seen.items()}

    def descriptors_at_rest(self, seconds=SOON):
        """descriptors() once the pool is full and nothing moves: a roomd has its title a moment before the broker
        hears of it, and another may just be ending."""
        def settled():
            try:
                seen = self.descriptors()
                time.sleep(0.03)
                return self.is_at_rest() and self.descriptors() == seen and seen
            except FileNotFoundError:
                return None

        return wait_until(settled, seconds, lambda: f"at rest, with a pool of {self.pool_size}: {self.tree()}")

    def assert_back_at(self, before, seconds=5 * PATIENCE):
        """Waits until processes and their descriptors are what descriptors_at_rest() returned before; on a busy machine as
        long as that comes nearer within the time given, for a thing that leaks does not."""
        def total(now):
            return sum(sum(sum(kinds.values()) for kinds in found) for found in now.values())

        after, fewest, end = {}, None, time.monotonic() + seconds
        while True:
            try:
                after = self.descriptors()
                if after == before:
                    return
                if fewest is None or total(after) < fewest:
                    fewest, end = total(after), time.monotonic() + seconds
            except FileNotFoundError:
                end = time.monotonic() + seconds  # one of them has just ended
            if time.monotonic() > end:
                raise AssertionError(f"not within {seconds:g} s: descriptors as before: {before}, now {after}")
            time.sleep(0.01)

    def assert_works(self):
        """The keeper and the broker are the ones that started, none is a zombie, nobody has said anything alarming."""
        assert self.keeper.poll() is None, f"the keeper ended with {self.keeper.returncode}: {self.output()}"
        roles = self.roles()
        broker = [(p.pid, p.start) for p in roles["broker"]]
        self._broker = self._broker or broker
        assert broker == self._broker, f"the broker is another one: {self.output()[-4000:]}"
        zombies = [p for found in roles.values() for p in found if p.state == "Z"]
        assert not still_zombies(zombies), f"zombies: {zombies}"
        self.assert_output_is_clean()

    def assert_output_is_clean(self):
        output = self.output()
        alarm = ALARMS.search(output)
        assert not alarm, f"{alarm.group(0)!r} in the server's output:\n{output[-8000:]}"
        control = re.search(r"[\x00-\x08\x0b-\x1f\x7f\x80-\x9f\u202a-\u202e\u2066-\u2069\ufffd]", output)
        assert not control, f"{control.group(0)!r} in the server's output:\n{output[-4000:]!r}"

    # The end

    def send_signal(self, number):
        os.kill(self.keeper.pid, number)

    def assert_gone(self, seconds=3 * PATIENCE):
        """Waits until the keeper has ended and no process of the tree is left; on a busy machine as long as they become
        fewer within the time given. Returns the keeper's exit status."""
        fewest, end = None, time.monotonic() + seconds
        while True:
            # A reparented process that has ended may wait for its new parent, which is no part of the server.
            ended = self.keeper.poll() is not None
            left = [p for p in self.remains() if p.state != "Z" and not (ended and p.pid == self.keeper.pid)]
            if ended and not left:
                return self.keeper.returncode
            if fewest is None or len(left) < fewest:
                fewest, end = len(left), time.monotonic() + seconds
            if time.monotonic() > end:
                raise AssertionError(f"after {seconds:g} s, processes are left: {left}: {self.output()[-4000:]}")
            time.sleep(0.02)

    def stop(self, number=signal.SIGTERM):
        """Stops it as an operator would, and checks that it ends well. Does nothing if it was stopped or killed."""
        if self.keeper is None:
            return
        try:
            self.tree()
            self.send_signal(number)
            status = self.assert_gone()
            assert status == 0, f"exit status {status}: {self.output()[-4000:]}"
            self.assert_output_is_clean()
        finally:
            self.kill()

    def kill(self):
        """Ends whatever is left, by pid. Does nothing the second time."""
        if self.keeper is not None:
            for process in self.remains():
                process.kill()
            self.keeper.kill()
            self.keeper.wait()
            for process in self.remains():
                process.kill()
            self.keeper = None
        if self._heir:
            self._heir.communicate(b"\n")
            self._heir = None
        if self.folder:
            self._last_words = self.stdout(), self.stderr()
            shutil.rmtree(self.folder)
            self.folder = None

    # A plain request

    def get(self, path, method="GET", host="127.0.0.1", headers=None, body=None):
        """Returns (status, headers, body); headers as http.client.HTTPMessage."""
        connection = http.client.HTTPConnection(host, self.port, timeout=SOON)
        try:
            connection.request(method, path, headers=headers or {}, body=body)
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()


class ServerCase(unittest.TestCase):
    """Tests that share one server, started with `flags`, that must come through each of them unharmed."""

    flags = ()

    @classmethod
    def setUpClass(cls):
        cls.server = Server(*cls.flags).start()
        cls.addClassCleanup(cls.server.kill)
        cls.server.assert_works()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def tearDown(self):
        self.server.assert_works()


def in_lobby_and_room(case):
    """A class decorator: makes two of a TestCase, with place = "lobby" and "room", in its stead."""
    module = sys.modules[case.__module__]
    for place in ("lobby", "room"):
        name = f"{case.__name__}In{place.capitalize()}"
        setattr(module, name, type(name, (case,), {"place": place, "__module__": case.__module__}))


def main():
    """unittest.main() that knows --full."""
    unittest.main(argv=[argument for argument in sys.argv if argument != "--full"])
