"""
root - a fresh minimal Debian root with systemd as its first process, in which a package is installed and watched.

Needs to be root, systemd-nspawn, mmdebstrap and the packages' server; where something is missing, Unable says what. The
root is made once, under build/packaging; each boot works on a throwaway overlay of it.
"""
import hashlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

TREE = pathlib.Path(__file__).resolve().parents[2]
CACHE = TREE / "build/packaging"
SUITE = "bookworm"
BASE = ["systemd", "systemd-sysv", "dbus", "iproute2", "procps", "init-system-helpers", "rpm"]
LANDLOCK = "landlock_create_ruleset landlock_add_rule landlock_restrict_self"


class Unable(Exception):
    """Why this machine can't do it."""


def run(*command, check=True, **options):
    result = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        errors="replace", **options)
    if check and result.returncode:
        raise AssertionError(f"{' '.join(map(str, command))}: status {result.returncode}\n{result.stdout}")
    return result


def wait_until(condition, seconds, what):
    end = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what() if callable(what) else what}")
        time.sleep(0.05)


def need(*programs):
    """Installs what is missing of these programs (PROGRAM=PACKAGE), where that can be done."""
    if os.geteuid():
        raise Unable("only root can make and boot a root")
    run(str(TREE / "packaging/install-missing"), *programs, check=False)
    for program in programs:
        if not shutil.which(program.partition("=")[0]):
            raise Unable(f"{program.partition('=')[0]} is not installed, and can't be")


def sources():
    """Where this machine's own apt gets its packages."""
    for path in ("/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"):
        if os.path.exists(path):
            return path
    raise Unable("this machine has no apt sources to make a root from")


def dependencies(deb):
    """The packages that a .deb depends on, the first of each alternative."""
    text = run("dpkg-deb", "-f", deb, "Depends").stdout
    return sorted({re.split(r"[ |(:]", part.strip())[0] for part in text.split(",") if part.strip()})


def make(deb):
    """Makes a root that has all a package needs but not the package. Returns its directory."""
    need("mmdebstrap=mmdebstrap", "systemd-nspawn=systemd-container", "nsenter=util-linux", "dpkg-deb=dpkg")
    packages = BASE + [name for name in dependencies(deb) if name not in BASE]
    key = hashlib.sha256(" ".join([SUITE, *packages]).encode()).hexdigest()[:8]
    root = CACHE / f"root-{SUITE}-{key}"
    if root.exists():
        return root
    CACHE.mkdir(parents=True, exist_ok=True)
    for old in CACHE.glob(f"root-{SUITE}-*"):
        run("rm", "-rf", "--one-file-system", str(old))
    made = run("mmdebstrap", "--variant=minbase", f"--include={','.join(packages)}", SUITE, f"{root}.new", sources(),
               check=False)
    if made.returncode:
        run("rm", "-rf", "--one-file-system", f"{root}.new")
        raise Unable(f"mmdebstrap can't make a root: {made.stdout[-400:]}")
    os.rename(f"{root}.new", root)
    return root


class Root:
    """A booted root. `with Root(directory, packages) as root:`; packages is a directory, seen inside as /packages."""

    def __init__(self, directory, packages, landlock=True):
        self.directory, self.packages, self.landlock = directory, packages, landlock
        self.leader = self.nspawn = None

    def __enter__(self):
        self.log = tempfile.TemporaryFile("w+")
        self.groups = self._groups()
        self.nspawn = subprocess.Popen(
            ["systemd-nspawn", "-q", "-D", str(self.directory), "--volatile=overlay", "--boot", "--register=no",
             "--keep-unit", "--private-network", "--console=read-only", f"--bind-ro={self.packages}:/packages",
             f"--machine=video-signaling-{os.getpid()}",
             *([f"--system-call-filter={LANDLOCK}"] if self.landlock else [])],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            wait_until(self._find_leader, 20, lambda: f"a first process; {self.said()}")
            wait_until(self._is_up, 60, lambda: f"booted; {self.said()}")
        except AssertionError as error:
            self.__exit__(None, None, None)
            raise Unable(f"a root does not boot here: {error}") from None
        return self

    def said(self):
        self.log.seek(0)
        return self.log.read()[-2000:]

    def _find_leader(self):
        if self.nspawn.poll() is not None:
            raise AssertionError(f"systemd-nspawn ended: {self.said()}")
        self.leader = run("pgrep", "-P", str(self.nspawn.pid), check=False).stdout.strip()
        return self.leader

    def _is_up(self):
        if self.nspawn.poll() is not None:
            raise AssertionError(f"systemd-nspawn ended: {self.said()}")
        return self.sh("systemctl is-system-running", check=False).stdout.strip() in ("running", "degraded")

    def __exit__(self, *_):
        if self.nspawn.poll() is None:
            self.nspawn.send_signal(signal.SIGTERM)
            try:
                self.nspawn.wait(20)
            except subprocess.TimeoutExpired:
                self.nspawn.kill()
                self.nspawn.wait()
        # What nspawn leaves behind of the groups it made, deepest first.
        for path in sorted(self._groups() - self.groups, key=len, reverse=True):
            try:
                os.rmdir(path)
            except OSError:
                pass
        self.log.close()

    @staticmethod
    def _groups():
        """The control groups that systemd-nspawn makes for itself, with all below them."""
        found = set()
        for top, folders, _ in os.walk("/sys/fs/cgroup"):
            if re.search(r"/(payload|supervisor)(/|$)", top):
                found.add(top)
        return found

    def sh(self, command, check=True, timeout=120):
        """Runs a shell command inside."""
        return run("nsenter", "-t", self.leader, "-a", "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8",
                   "DEBIAN_FRONTEND=noninteractive", "SYSTEMD_COLORS=0", "SYSTEMD_PAGER=", "sh", "-c", command,
                   check=check, timeout=timeout)

    def outside(self, *command):
        """The command that runs a program of this machine inside the root's network."""
        return ["nsenter", "-t", self.leader, "-n", *command]

    def show(self, unit, *properties):
        """What systemctl show says: one value, or several."""
        text = self.sh(f"systemctl show {unit} " + " ".join(f"-p {name}" for name in properties)).stdout
        values = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
        found = [values.get(name, "") for name in properties]
        return found[0] if len(found) == 1 else found

    def journal(self, unit, since=None):
        return self.sh(f"journalctl -q -o cat -u {unit}" + (f" --after-cursor='{since}'" if since else "")).stdout

    def cursor(self):
        text = self.sh("journalctl -q -n 0 --show-cursor").stdout
        return text.rpartition("cursor: ")[2].strip()


def main(test):
    """Runs a test; where this machine can't, says why and skips."""
    try:
        test()
    except Unable as why:
        print(f"skipped: {why}")
        sys.exit(77)
