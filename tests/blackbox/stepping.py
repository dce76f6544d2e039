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

# It waits for something to do if a step takes longer than this.
STILL_SECONDS = 0.1 * PATIENCE

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


def may_step():
    return os.geteuid() == 0 and platform.machine() == "x86_64"


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
        for done in range(most):
            self.ptrace(SINGLESTEP)
            if not self.has_stopped():
                return done
        return most

    def has_stopped(self):
        """Waits for the end of a step, not for long."""
        tries = 0
        end = None
        while os.waitpid(self.pid, WALL | os.WNOHANG)[0] == 0:
            tries += 1
            if tries < 100:
                continue
            end = end or time.monotonic() + STILL_SECONDS
            if time.monotonic() > end:
                return False
            time.sleep(0.0002)
        return True

    def kill(self):
        """Its parent hears of it only once we have."""
        os.kill(self.pid, signal.SIGKILL)
        while not os.WIFSIGNALED(os.waitpid(self.pid, WALL)[1]):
            pass
