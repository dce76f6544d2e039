"""
inject - fails every system call of a process once, by its ordinal, and sees that the server lives on.

    tests/fault/inject.py broker|keeper|zygote|roomd [--full]

For each call that can fail, and each way it does: strace makes its first one fail while a session goes on, then its
second, and so on until a session makes no more of them. Whatever became of that session, then strace is gone, an
honest session works, and everything is as it was: the same keeper and broker, descriptors, processes.

A call that is made to fail is replaced by getpid(), which the broker's sandbox and the zygote's let through; roomd's lets
nothing through that could stand in, so `roomd` needs a build without a sandbox.
"""
import pathlib
import re
import signal
import subprocess
import sys
import time

TREE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TREE / "tests/blackbox"))

import server as servers  # noqa: E402
from raw import CLOSE, Closed, Raw, frame, say  # noqa: E402

FAULTS = {
    "broker": {
        "accept4": ("EMFILE", "ENOMEM", "ECONNABORTED"), "recvfrom": ("ECONNRESET", "EINTR", "ETIMEDOUT"),
        "sendmsg": ("ETOOMANYREFS", "EAGAIN", "ENOBUFS"), "recvmsg": ("EINTR",), "epoll_ctl": ("ENOMEM", "ENOSPC"),
        "setsockopt": ("ENOBUFS",), "shutdown": ("ENOTCONN",), "fcntl": ("EMFILE",), "mmap": ("ENOMEM",), "brk": ("ENOMEM",),
        "write": ("EAGAIN", "EIO"), "poll": ("EINTR",), "epoll_wait": ("EINTR",), "getsockopt": ("ENOBUFS",), "ioctl": ("EINVAL",),
        "lseek": ("EIO",),
    },
    "keeper": {
        "socketpair": ("EMFILE", "ENFILE"), "memfd_create": ("EMFILE", "ENOMEM"), "ftruncate": ("ENOMEM",), "fcntl": ("ENOMEM",),
        "sendmsg": ("ETOOMANYREFS", "ENOBUFS", "EAGAIN"), "recvmsg": ("EINTR",),
        "epoll_wait": ("EINTR",), "mmap": ("ENOMEM",), "brk": ("ENOMEM",), "kill": ("ESRCH",),
    },
    # The zygote, and what it has forked: every child of that time fails.
    "zygote": {
        "clone": ("EAGAIN", "ENOMEM"), "recvmsg": ("EINTR",), "sendmsg": ("ENOBUFS",), "mmap": ("ENOMEM",), "lseek": ("EIO",),
        "epoll_create1": ("EMFILE", "ENOMEM"), "timerfd_create": ("EMFILE", "ENOMEM"), "epoll_ctl": ("ENOMEM",),
    },
    "roomd": {
        "recvfrom": ("ECONNRESET", "EINTR", "ETIMEDOUT"), "sendto": ("EPIPE", "EAGAIN", "EINTR", "ENOBUFS"), "recvmsg": ("EINTR",),
        "sendmsg": ("EAGAIN", "ENOBUFS"), "epoll_ctl": ("ENOMEM", "ENOSPC"), "epoll_wait": ("EINTR",), "shutdown": ("ENOTCONN",),
        "setsockopt": ("ENOBUFS",),
    },
}

# Those that no bound on descriptors or memory is behind: with --full alone.
UNLIKELY = {
    "keeper": {"read": ("EINTR",), "poll": ("EINTR",), "write": ("EAGAIN", "EIO")},
    "zygote": {
        "prlimit64": ("EPERM",), "prctl": ("EINVAL",), "seccomp": ("ENOMEM",), "poll": ("EINTR",),
    },
}

# Which of the calls can fail so at all: of epoll_ctl() adding, of fcntl() duplicating and sealing, of sendmsg() one
# with descriptors. What comes of another is no finding.
CAN_FAIL = {"epoll_ctl": "EPOLL_CTL_ADD", "fcntl": "F_DUPFD|F_ADD_SEALS", "ETOOMANYREFS": "SCM_RIGHTS"}

ORDINALS = 40 if servers.FULL else 3


class Injector:
    """strace on running processes, with one fault."""

    def __init__(self, pids, call, error, ordinal, follow, folder):
        self.file = f"{folder}/strace"
        arguments = [*(["-f"] if follow else []), "-qq", "-o", self.file, "-e", f"trace={call}",
                     "-e", f"inject={call}:error={error}:when={ordinal}:syscall=getpid"]
        pathlib.Path(self.file).unlink(missing_ok=True)
        self.process = subprocess.Popen(["strace", *arguments, *(x for pid in pids for x in ("-p", str(pid)))],
                                        stderr=subprocess.PIPE, text=True)
        servers.wait_until(lambda: all(self.is_traced(pid) for pid in pids), servers.SOON, self.said)

    def is_traced(self, pid):
        if self.process.poll() is not None:
            raise AssertionError(f"strace ended: {self.process.stderr.read()}")
        return re.search(rf"^TracerPid:\s+{self.process.pid}$", pathlib.Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)

    def said(self):
        return "strace attached"

    def end(self):
        """Lets go; returns the call that was made to fail, or None."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(servers.SOON)
        self.process.stderr.close()
        found = re.search(r"^.*\(INJECTED.*$", pathlib.Path(self.file).read_text(errors="replace"), re.MULTILINE)
        return found and found[0]


def session(server, heal=False, politely=False, timeout=1.0):
    """Two people in a room, all of their ways; each step on its own, for any may fail."""
    clients = []
    steps = [
        lambda: clients.append(Raw(server)), lambda: clients.append(Raw(server)),
        lambda: clients[0].send(say("join", room_id="fault", sender="one")), lambda: clients[0].hear("joined", timeout=timeout),
        lambda: clients[1].send(say("join", room_id="fault", sender="two")), lambda: clients[1].hear("joined", timeout=timeout),
        lambda: clients[0].send(say("offer", data=1)), lambda: clients[1].hear("offer", timeout=timeout),
        *([lambda: [p.kill() for p in server.roles()["room"]], lambda: clients[1].assert_alive()] if heal else []),
        lambda: clients[1].send(say("leave")), lambda: clients[1].hear("left", timeout=timeout),
        lambda: clients[1].send(say("ping", data="x" * 200000)),
        *([lambda: clients[0].send(frame(CLOSE, b"")), lambda: clients[0].hear_gone(timeout)] if politely
          else [lambda: clients[0].abort()]),
    ]
    for step in steps:
        try:
            step()
        except (OSError, AssertionError, IndexError, Closed):
            if len(clients) < 2:
                break
    for client in clients:
        client.close()


def honest_session(server):
    with Raw(server) as one, Raw(server) as two:
        one.join("honest", "one")
        two.join("honest", "two")
        one.hear("user-joined")
        one.say("offer", data=1)
        two.hear("offer", data=1)
        two.say("leave")
        two.hear("left")
        one.hear("user-left")


class Fault:
    def __init__(self, role):
        self.role = role
        self.server = None
        self.made = 0

    def start(self):
        # A shorter time-out than that of the tests: a step that will not be answered is no finding.
        self.server = servers.Server("--pool-size", "2", "--request-timeout-ms", "2000", *servers.UNBOUNDED).start()
        self.server.assert_works()
        honest_session(self.server)
        self.before = self.server.descriptors_at_rest()

    def pids(self):
        roles = self.server.roles()
        if self.role == "roomd":
            return [p.pid for p in roles["warm"]]
        return [roles[self.role][0].pid]

    def one(self, call, error, ordinal):
        """Returns whether the call was made so often."""
        injector = Injector(self.pids(), call, error, ordinal, self.role == "zygote", self.server.folder)
        session(self.server, heal=call in ("getsockopt", "ioctl", "lseek", "kill"), politely=call == "shutdown")
        # What the session's end leads to; and strace, told to go in the middle of an injection, would leave a call with
        # what its stand-in returned.
        time.sleep(0.05 if self.role == "broker" else 0.2)
        failed = injector.end()
        if failed and not re.search(CAN_FAIL.get(error) or CAN_FAIL.get(call, ""), failed):
            self.server.kill()
            self.start()
            return True
        try:
            servers.wait_until(lambda: self.works(), servers.SOON, lambda: f"an honest session; {self.server.output()[-2000:]}")
            self.server.assert_works()
            self.server.assert_back_at(self.before, 10)
        except AssertionError as problem:
            print(f"\n{self.role}: {call} #{ordinal} = {error}: {failed}\n{problem}\n{self.server.output()[-1500:]}")
            self.server.kill()
            self.start()
            self.findings.append(f"{call} #{ordinal} = {error}: {str(problem)[:150]}")
        self.made += failed is not None
        return failed is not None

    def works(self):
        """After a while: one of the faults may have made it wait before it tries again."""
        try:
            honest_session(self.server)
            return True
        except (OSError, AssertionError):
            time.sleep(0.05)
            return False

    def all(self):
        self.findings = []
        self.start()
        faults = {**FAULTS[self.role], **(UNLIKELY.get(self.role, {}) if servers.FULL else {})}
        for call, errors in faults.items():
            for error in errors:
                ordinal = 1
                while ordinal <= ORDINALS and self.one(call, error, ordinal):
                    ordinal += 1
                print(f"{self.role}: {call} {error}: {ordinal - 1} made to fail", flush=True)
        if self.findings:
            self.server.kill()
        else:
            self.server.stop()
        print(f"{self.made} faults, {len(self.findings)} findings", *self.findings, sep="\n")
        return 1 if self.findings or not self.made else 0


if __name__ == "__main__":
    if not servers.may_trace():
        print("strace is missing, or may not trace here")
        sys.exit(77)
    sys.exit(Fault(sys.argv[1]).all())
