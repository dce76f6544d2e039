"""
Is each system call that a sandbox allows really made? A list that is longer than what is needed is a hole. This reads
the tables of broker/sandbox_linux.c and roomd/sandbox_linux.c (the zygote's, which its roomds inherit, and the room's),
runs a server under strace through what servers meet, and complains of every entry that was never used.
"""
import collections
import json
import pathlib
import re
import signal
import socket
import sys
import tempfile
import time

TREE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TREE / "tests/blackbox"))

import server as servers  # noqa: E402
from raw import Raw, frame, say, upgrade_request  # noqa: E402

# What is made elsewhere, or only where something is missing here.
ELSEWHERE = {
    "epoll_pwait": "where there is no epoll_wait", "ppoll": "where there is no poll",
    "broker clock_gettime": "where the vDSO can't tell the time",
    "zygote write": "where a start fails", "zygote restart_syscall": "where it was stopped",
    "zygote getpid": "in tests/fault",
}

# How strace calls what the tables call otherwise.
STRACE_SAYS = {"IPPROTO_TCP": "SOL_TCP", "SIOCINQ": "FIONREAD", "SIOCOUTQ": "TIOCOUTQ"}


def tables(path):
    """Those of a file, each: [(name of the call, names of the constants that its arguments must be)]."""
    return [rules(text) for text in re.findall(r"clang-format off(.*?)clang-format on", path.read_text(), re.DOTALL)]


def rules(text):
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    text = "\n".join(line for line in text.split("\n") if not re.match(r"\s*#|.*\\$|\s*sizeof", line))
    found = []
    for part in re.split(r"\b(?=(?:ALLOW|ALLOW_IF|CALL)\(\w)", text)[1:]:
        call = re.match(r"\w+\((\w+)", part)[1]
        part = re.sub(r'"[^"]*"', "", part)
        found.append((call, re.findall(r"\b(?:F|SO|TCP|SOL|IPPROTO)_\w+|\bSIOC\w+", part)))
    assert len(found) > 10, text
    return found


class Traced(servers.Server):
    control = None  # the directory of its control socket

    def command(self):
        return ["strace", "-f", "-qq", "-s", "24", "-o", f"{self.folder}/trace", *super().command()]

    def end_by_broker(self):
        """Stops the server through its keeper, which is a child of strace's here."""
        keeper = [p for p in self.tree() if p.title.startswith("video-signaling: keeper")][0]
        keeper.kill(signal.SIGTERM)
        self.keeper.wait(servers.SOON)

    def is_at_rest(self):
        return any(p.title.startswith("roomd: warm") for p in self.tree())


def calls_in(trace):
    """{part: {call: {text of each}}}, of each process from the moment on at which it is in its sandbox. A roomd, which no
    exec has made, is in the zygote's from its first moment on, and then in its own, too."""
    executed = set(re.findall(r"^(\d+) +execve", trace, re.MULTILINE))
    parts, coming, begun = collections.defaultdict(tuple), {}, {}
    found = collections.defaultdict(lambda: collections.defaultdict(set))
    for line in trace.split("\n"):
        match = re.match(r"(\d+) +(<\.\.\. )?(\w+)(.*)", line)
        if not match:
            continue
        pid, resumed, call, rest = match.groups()
        if "<unfinished" in rest:
            begun[pid] = rest
        rest = begun.pop(pid, "") + rest if resumed else rest
        if pid not in executed and pid not in parts:
            # libc's fork() begins with set_robust_list(): the keeper tries in such a child what namespaces there are
            parts[pid], coming[pid] = ((), "") if call == "set_robust_list" else (("zygote",), "roomd")
        if call == "execveat":
            coming[pid] = "broker" if '"video-signaling: broker' in rest else "zygote"
        for part in parts[pid]:
            found[part][call].add(rest)
        if call == "seccomp" and "SECCOMP_SET_MODE_FILTER" in rest and pid in coming:
            parts[pid] += (coming.pop(pid),)
    return found


# --- what servers meet ---


def rooms(server, client):
    """Whoever is alone in one."""
    client.assert_alive()  # the turn in which it was let in is over, and the title shows it
    found = [p for p in server.tree() if p.title.startswith("roomd: 1 member") and p.state != "Z"]
    assert found
    return found


def watched_room(server):
    """The watchdog looks at a room; that comes once in a second of processor time, and here by hand."""
    with Raw(server) as one:
        one.join("watched", "one")
        for room in rooms(server, one):
            room.kill(signal.SIGXCPU)
        one.assert_alive()


def slow_reader(server, room):
    """Is sent more than it takes; then it reads it after all."""
    with Raw(server, receive_bytes=4096) as slow:
        if room:
            slow.join(room, "slow")
        ping = say("ping", data="x" * 30000)
        slow.socket.settimeout(1)
        sent = 0
        try:
            while sent < 300 * len(ping):
                sent += slow.socket.send(ping[sent % len(ping):])
        except TimeoutError:
            pass
        for _ in range(sent // len(ping)):
            slow.message()


def never_reader(server):
    """Is ended by a reset, in the lobby, when more is owed to it than may be."""
    with Raw(server, receive_bytes=4096) as slow:
        slow.socket.settimeout(servers.SOON)
        slow.send_lenient(say("ping", data="x" * 30000) * 1000)
        slow.hear_gone()


def dead(server, room):
    """Does not answer a ping: it is reset."""
    with Raw(server, answer_pings=False) as client:
        if room:
            client.join(room, "dead")
        client.hear_gone()


def lost_room(server):
    """A room goes on in another process."""
    with Raw(server) as one:
        one.join("lost", "one")
        for room in rooms(server, one):
            room.kill()
        one.assert_alive()


def operator(server, *requests):
    """Looks, over the control socket."""
    with socket.socket(socket.AF_UNIX) as control:
        control.settimeout(servers.SOON)
        control.connect(f"{server.control}/control.sock")
        for request in requests:
            control.sendall(json.dumps(request).encode() + b"\n")
            assert b'"ok":true' in control.recv(65536)


def meet_what_servers_meet(server):
    with Raw(server) as one, Raw(server) as two:
        one.join("room", "one")
        two.join("room", "two")
        one.hear("user-joined")
        operator(server, {"command": "status"}, {"command": "show", "room": "room"})
        one.say("leave")
        one.hear("left")
        two.hear("user-left")
        one.send(frame(0x8, b""))
        one.hear_gone()
    watched_room(server)
    lost_room(server)
    server.get("/")
    with Raw(server, upgrade=False) as client:
        client.send(upgrade_request(method="CONNECT"))
        client.response()
    with Raw(server, upgrade=False) as client:
        client.send(upgrade_request(without=("Host",)))
        client.response()
    never_reader(server)
    for room in (None, "slow"):
        slow_reader(server, room)
        dead(server, room)


def main():
    if not servers.may_trace():
        print("strace is missing, or may not trace here")
        return 77
    with tempfile.TemporaryDirectory(prefix="video-signaling-test-") as control:
        return check(control)


def check(control):
    server = Traced("--control", f"{control}/control.sock", "--metrics", "127.0.0.1:0",
                    "--ping-interval-ms", "1500", "--ping-timeout-ms", "3000", "--log-level", "debug", "--pool-size", "1",
                    "--queue-bytes-max", "8000000",
                    *servers.UNBOUNDED)
    server.control = control
    try:
        server.start()
        meet_what_servers_meet(server)
        server.end_by_broker()
        trace = pathlib.Path(server.folder, "trace").read_text(errors="replace")
    finally:
        server.kill()
    calls = calls_in(trace)
    complaints = []
    lists = zip(("broker", "zygote", "roomd"), (x for program in ("broker", "roomd") for x in tables(TREE / program / "sandbox_linux.c")),
                strict=True)
    for part, entries in lists:
        print(f"{part} makes: {' '.join(sorted(calls[part]))}")
        for call, constants in entries:
            wanted = [STRACE_SAYS.get(name, name) for name in constants]
            elsewhere = call in ELSEWHERE or f"{part} {call}" in ELSEWHERE
            if not elsewhere and not any(all(name in text for name in wanted) for text in calls[part].get(call, ())):
                complaints.append(f"{part}: {call} {' '.join(constants)}: allowed, and never called")
    print("\n".join(complaints))
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
