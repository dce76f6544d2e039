"""
What the processes of a running server are, seen from outside: rights that they have, and every descriptor, each of
which must be one that we can explain.

Run as root, the server's processes all share one user, as under the packaged unit: that they can't reach each other
rests then on seccomp and on their not being dumpable, which is looked at here. tests/sandbox tries it from inside.
"""
import collections
import os
import pathlib
import re
import unittest

from raw import Raw
from server import SOON, WRAPPER, Server, main, wait_until


def status_of(process):
    text = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return dict(line.split(":\t", 1) for line in text.split("\n") if ":\t" in line)


def limits_of(process):
    lines = pathlib.Path(f"/proc/{process.pid}/limits").read_text().split("\n")[1:]
    return {line[:26].strip(): tuple(line[26:].split()[:2]) for line in lines if line}


class Audit(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if WRAPPER:
            raise unittest.SkipTest("a wrapper has descriptors and rights of its own")
        cls.server = Server("--log-level", "debug").start()
        cls.addClassCleanup(cls.server.kill)
        if "process=roomd layers=none" in cls.server.output():
            raise unittest.SkipTest("this build has no sandbox")
        cls.clients = [Raw(cls.server) for _ in range(6)]
        for i, client in enumerate(cls.clients[:4]):
            client.join(f"audit-{i // 2}", f"member-{i}")
        # The pool has been filled again, too.
        whole = {"keeper": 1, "broker": 1, "zygote": 1, "warm": cls.server.pool_size, "room": 2}
        cls.roles = wait_until(lambda: cls.settled(whole), SOON, cls.server.tree)

    @classmethod
    def tearDownClass(cls):
        for client in cls.clients:
            client.close()
        cls.server.stop()

    @classmethod
    def settled(cls, whole):
        roles = cls.server.roles()
        return {role: len(found) for role, found in roles.items() if found} == whole and dict(roles)

    def everyone(self):
        for role, found in self.roles.items():
            for process in found:
                yield role, process

    def test_no_role_is_unknown(self):
        self.assertEqual(set(self.roles), {"keeper", "broker", "zygote", "warm", "room"})

    def test_rights(self):
        users = set()
        for role, process in self.everyone():
            with self.subTest(role=role, pid=process.pid):
                status = status_of(process)
                users.add(status["Uid"])
                for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
                    self.assertEqual(int(status[name], 16), 0, name)
                if os.geteuid() == 0:
                    self.assertEqual(int(status["CapBnd"], 16), 0)
                    self.assertNotIn("0", status["Uid"].split())
                    self.assertNotIn("0", status["Gid"].split())
                self.assertEqual(status["NoNewPrivs"], "1")
                self.assertEqual(status["Seccomp"], "0" if role == "keeper" else "2")
                lists = {"keeper": 0, "zygote": 1, "broker": 1, "warm": 2, "room": 2}
                around = int(status_of(self.server.one("keeper")).get("Seccomp_filters", 0))
                self.assertEqual(int(status.get("Seccomp_filters", around + lists[role])), around + lists[role])
                self.assertEqual(status["Threads"], "1")
        self.assertEqual(len(users), 1)

    def test_nobody_can_look_inside(self):
        """What is not dumpable belongs, in /proc, to root."""
        for role, process in self.everyone():
            with self.subTest(role=role, pid=process.pid):
                self.assertEqual(os.stat(f"/proc/{process.pid}/environ").st_uid, 0)
                if os.geteuid() != 0:
                    with self.assertRaises(PermissionError):
                        os.listdir(f"/proc/{process.pid}/fd")

    def test_limits(self):
        for role, process in self.everyone():
            with self.subTest(role=role, pid=process.pid):
                limits = limits_of(process)
                self.assertEqual(limits["Max core file size"], ("0", "0"))
                if role not in ("keeper", "zygote"):
                    self.assertEqual(limits["Max processes"], ("0", "0"))
                if role in ("room", "warm", "zygote"):
                    for name in ("Max data size", "Max locked memory", "Max msgqueue size"):
                        self.assertEqual(limits[name], ("0", "0"), name)
                    self.assertLessEqual(int(limits["Max open files"][1]), 1100)
                    self.assertLessEqual(int(limits["Max stack size"][1]), 1 << 20)
                if role in ("room", "warm"):
                    self.assertEqual(limits["Max file size"], ("0", "0"))
                    self.assertNotEqual(limits["Max address space"][1], "unlimited")

    def test_environment_and_arguments(self):
        if os.geteuid() != 0:
            self.skipTest("only root may look")
        for role, process in self.everyone():
            if role != "keeper":
                environment = pathlib.Path(f"/proc/{process.pid}/environ").read_bytes()
                shown = [b"GLIBC_TUNABLES=glibc.pthread.rseq=0\0"]
                if role != "broker":
                    shown.append(b"")  # where the title has moved, nothing lies behind it
                self.assertIn(environment, shown)

    def test_nothing_is_writable_and_executable(self):
        if os.geteuid() != 0:
            self.skipTest("only root may look")
        for role, process in self.everyone():
            for line in pathlib.Path(f"/proc/{process.pid}/maps").read_text().split("\n"):
                self.assertNotRegex(line, r"^\S+ .w?x.* rw?xs|^\S+ rwx", f"{role}: {line}")

    def test_descriptors(self):
        if os.geteuid() != 0:
            self.skipTest("only root may look")
        members = len(self.clients[:4])
        rooms = len(self.roles["room"]) + len(self.roles["warm"])
        lobby = len(self.clients) - members
        listeners = 2  # 127.0.0.1 and ::1
        expected = {
            # Programs: the broker's, and roomd's twice, for it is counted by those made of it, and replaced by an upgrade.
            "keeper": {"standard": 3, "signalfd": 1, "eventpoll": 1, "program": 3, "page": 1, "tcp listener": listeners, "channel": 2 + rooms,
                       "ledger": rooms, "roster": rooms, "broker's memory": 1, "secrets": 1},
            # eventfd, random and the socket of nobody: libwebsockets', which parses with them. statm: its own memory and
            # the keeper's, for the metrics.
            "broker": {"standard": 3, "signalfd": 1, "eventpoll": 1, "timerfd": 1, "tcp listener": listeners, "channel": 1 + rooms, "tcp": members + lobby,
                       "tcp of nobody": 1, "eventfd": 1, "random": 1, "statm": 2},
            "zygote": {"standard": 3, "channel": 1},
            "warm": {"standard": 3, "eventpoll": 1, "timerfd": 1, "channel": 1},
            "room": {"standard": 3, "eventpoll": 1, "timerfd": 1, "channel": 1, "tcp": members // 2},
        }
        for role, process in self.everyone():
            with self.subTest(role=role, pid=process.pid):
                kinds = collections.Counter(self.explain(process, int(n)) for n in os.listdir(f"/proc/{process.pid}/fd"))
                self.assertEqual(dict(kinds), expected[role])

    def explain(self, process, number):
        """What the descriptor is. One that we don't know comes out as what the kernel says of it."""
        target = os.readlink(f"/proc/{process.pid}/fd/{number}")
        flags = int(re.search(r"^flags:\s+(\d+)", pathlib.Path(f"/proc/{process.pid}/fdinfo/{number}").read_text(), re.MULTILINE)[1], 8)
        if number <= 2:
            return "standard"
        # Nothing else would survive an exec.
        if not flags & os.O_CLOEXEC and not (number <= 4 and process.pid != self.server.keeper.pid):
            return f"{number} -> {target}, inherited by whatever is executed"
        if target.startswith("anon_inode:["):
            return target[12:-1]
        if target.startswith("/memfd:"):
            files = {"/memfd:room": "ledger", "/memfd:roster": "roster", "/memfd:broker": "broker's memory",
                     "/memfd:secrets": "secrets"}
            return files.get(target.split(" ")[0], target) if flags & os.O_RDWR else target
        if target in (f"/proc/{process.pid}/statm", f"/proc/{self.server.keeper.pid}/statm"):
            return "statm"
        if target == "/dev/urandom":
            return "random"
        if re.search(r"/video-signaling-(broker|roomd)$", target):
            return "program" if flags & os.O_PATH else target
        if target.endswith("/www"):
            return "page"
        if target.startswith("socket:"):
            return self.explain_socket(int(target[8:-1]))
        return target

    def explain_socket(self, inode):
        for path, name in (("/proc/net/tcp", "tcp"), ("/proc/net/tcp6", "tcp")):
            for line in pathlib.Path(path).read_text().split("\n")[1:]:
                fields = line.split()
                if fields and int(fields[9]) == inode:
                    local, state = int(fields[1].rpartition(":")[2], 16), fields[3]
                    self.assertEqual(local, self.server.port)
                    return {"0A": "tcp listener", "01": "tcp"}.get(state, f"tcp in state {state}")
        for line in pathlib.Path("/proc/net/unix").read_text().split("\n")[1:]:
            fields = line.split()
            if fields and int(fields[6]) == inode:
                # SOCK_SEQPACKET, connected, and without a name.
                return "channel" if fields[4] == "0005" and len(fields) == 7 else f"a Unix socket {line}"
        return "tcp of nobody"  # bound and connected to nothing, it is in no table


if __name__ == "__main__":
    main()
