"""
killing - finding a room's process, and ending or stopping it at a chosen moment.

Only a process that ends in the middle of its work counts against its room, so a test must know which one did.
"""
import os
import platform
import signal
import time

from server import PATIENCE, SOON, WRAPPER, wait_until

# An instruction that jumps to itself.
SPIN = {"x86_64": b"\xeb\xfe", "aarch64": b"\x00\x00\x00\x14"}.get(platform.machine())

# Calls mmap() for 16 MiB, again and again.
SWELL = {"x86_64": bytes.fromhex("b809000000" "31ff" "be00000001" "ba03000000" "41ba22000000" "49c7c0ffffffff" "4531c9" "0f05" "ebdb"),
         }.get(platform.machine())

# The system calls in which a room's process waits for something to do.
WAITS = {"x86_64": ("232", "281"), "aarch64": ("22",)}.get(platform.machine(), ())


def room_processes(server):
    """The processes that are rooms, and live."""
    return [p for p in server.roles()["room"] if p.state not in "ZX"]


def room_process(server, other_than=None, seconds=SOON):
    """The process of the only room; waits for it, and for one that is not `other_than`."""
    def only():
        found = [p for p in room_processes(server) if not other_than or p.pid != other_than.pid]
        return found if len(found) == 1 else None

    return wait_until(only, seconds, lambda: f"one room: {server.tree()}")[0]


def wait_dead(process, seconds=SOON):
    """Waits until it is dead, reaped or not."""
    def dead():
        now = type(process).read(process.pid)
        return now is None or now.start != process.start or now.state in "ZX"

    wait_until(dead, seconds, f"{process} dead")


def stop(process):
    """Stops it, and waits until it is stopped. Returns whether it is (it may have ended)."""
    process.kill(signal.SIGSTOP)
    end = time.monotonic() + 2 * PATIENCE
    while time.monotonic() < end:
        now = type(process).read(process.pid)
        if now is None or now.start != process.start or now.state in "ZX":
            return False
        if now.state == "T":
            return True
    return False


def is_waiting(process):
    """Does it wait for something to do, as far as the system call it is in tells?"""
    try:
        with open(f"/proc/{process.pid}/syscall", encoding="ascii") as file:
            return file.read().split()[0] in WAITS
    except (FileNotFoundError, ProcessLookupError):
        return True


def wait_idle(process, seconds=SOON):
    """Waits until it has nothing to do (or has ended)."""
    wait_until(lambda: not process.alive() or is_waiting(process), seconds, f"{process} idle")


def stop_at_rest(process, seconds=SOON):
    """Stops it where it waits for something to do. Returns whether it is stopped (it may have ended)."""
    end = time.monotonic() + seconds
    while stop(process):
        if is_waiting(process):
            return True
        process.kill(signal.SIGCONT)
        if time.monotonic() > end:
            raise AssertionError(f"{process} is always at work")
        time.sleep(0.001)
    return False


def kill_at_rest(process, number=signal.SIGKILL, seconds=SOON):
    """Ends it, and waits until it is dead. It was not at work (it is stopped first to be sure), so its room bears no
    blame, however often this is done."""
    stop_at_rest(process, seconds)
    process.kill(number)
    process.kill(signal.SIGCONT)  # (without which only SIGKILL ends it)
    wait_dead(process)


def may_spin():
    """Can this test make a process spin? (Under a wrapper, it would be the wrapper that spins.)"""
    return os.geteuid() == 0 and SPIN is not None and not WRAPPER


def make_spin(process):
    """From the next thing that it is told, it spins for ever."""
    make_do(process, SPIN)


def may_swell():
    return os.geteuid() == 0 and SWELL is not None and not WRAPPER


def make_swell(process):
    """From the next thing that it is told, it takes memory for ever."""
    make_do(process, SWELL)


def make_do(process, code):
    """The code behind the system call in which it waits is overwritten, in this process alone."""
    with open(f"/proc/{process.pid}/syscall", encoding="ascii") as file:
        after = int(file.read().split()[-1], 16)
    with open(f"/proc/{process.pid}/mem", "r+b", buffering=0) as memory:
        memory.seek(after)
        memory.write(code)


def socket_inode(local_port, server_port):
    """The inode of the server's end of a connection over IPv4: it tells which process has it, of whatever room."""
    local, remote = f":{server_port:04X}", f":{local_port:04X}"
    with open("/proc/net/tcp", encoding="ascii") as file:
        for line in file:
            fields = line.split()
            if fields[1].endswith(local) and fields[2].endswith(remote) and fields[9] != "0":
                return fields[9]
    return None


def sockets(process):
    """The inodes of a process's sockets."""
    found = set()
    folder = f"/proc/{process.pid}/fd"
    try:
        for name in os.listdir(folder):
            try:
                target = os.readlink(f"{folder}/{name}")
            except FileNotFoundError:
                continue
            if target.startswith("socket:["):
                found.add(target[8:-1])
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        pass
    return found


def room_process_of(server, client):
    """The process of the room in which a client (a Raw) sits."""
    inode = socket_inode(client.socket.getsockname()[1], server.port)

    def found():
        return [p for p in room_processes(server) if inode in sockets(p)]

    return wait_until(found, SOON, lambda: f"the room's process: {server.tree()}")[0]
