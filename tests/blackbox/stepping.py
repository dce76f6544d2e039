"""
stepping - ends a process after so many instructions of what it is about to do (ptrace(2)).

Needs root: a room's process is not dumpable.
"""
import ctypes
import os
import platform
import signal
import time

from server import PATIENCE

# <sys/ptrace.h>
SINGLESTEP, ATTACH = 9, 16
WALL = 0x40000000  # __WALL of <sys/wait.h>

# It waits for something to do if it sleeps in a step for longer than this; and nobody has all day.
STILL_SECONDS = 0.05
MOST_SECONDS = 10 * PATIENCE

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


def may_step():
    return os.geteuid() == 0 and platform.machine() == "x86_64"


class StandsStill(Exception):
    """It waits for something to do, or takes too long."""


class Stepped:
    """A process that goes on only as far as it is told to."""

    def __init__(self, process):
        self.pid = process.pid
        self.ptrace(ATTACH)
        os.waitpid(self.pid, WALL)

    def ptrace(self, request):
        if libc.ptrace(request, self.pid, None, None) < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))

    def step(self, most):
        """So many instructions, or until it waits for something to do. Returns how many it were."""
        done = before = 0
        end = time.monotonic() + MOST_SECONDS

        def look(*_):
            nonlocal before
            if (done == before and self.sleeps()) or time.monotonic() > end:
                raise StandsStill
            before = done

        handler = signal.signal(signal.SIGALRM, look)
        signal.setitimer(signal.ITIMER_REAL, STILL_SECONDS, STILL_SECONDS)
        try:
            while done < most:
                self.ptrace(SINGLESTEP)
                os.waitpid(self.pid, WALL)
                done += 1
        except StandsStill:
            pass
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, handler)
        return done

    def sleeps(self):
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] == "S"

    def kill(self):
        """Its parent hears of it only once we have."""
        os.kill(self.pid, signal.SIGKILL)
        while not os.WIFSIGNALED(os.waitpid(self.pid, WALL)[1]):
            pass
