"""roomctl as an operator meets it: what it prints, what it ends with, in a pipe and at a terminal."""
import json
import os
import pathlib
import pty
import re
import select
import subprocess
import tempfile
import time
import unittest

from operator_client import ROOMCTL, Operated
from raw import Raw
from server import SOON, TREE, UNBOUNDED, main, wait_until

HOST = {"candidate": "candidate:1 1 udp 1 192.0.2.1 5 typ host"}
SRFLX = {"candidate": "candidate:1 1 udp 1 192.0.2.1 5 typ srflx raddr 0.0.0.0"}
COMMANDS = ("status", "list", "show", "top", "watch", "trace", "kick", "close", "drain", "undrain", "log", "settings")


class RoomctlCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Operated(*UNBOUNDED).start()
        cls.addClassCleanup(cls.server.kill)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def setUp(self):
        self.clients = []
        self.addCleanup(self.leave_all)

    def leave_all(self):
        for client in self.clients:
            client.close()
        wait_until(lambda: not self.server.rooms(), SOON, "no room")

    def member(self, room, label):
        client = Raw(self.server)
        self.clients.append(client)
        client.join(room, label)
        return client

    def pair(self, room="room"):
        alice, bob = self.member(room, "alice"), self.member(room, "bob")
        alice.hear("user-joined")
        return alice, bob

    def run_ok(self, *arguments, **options):
        out, err = self.server.roomctl(*arguments, **options)
        self.assertEqual(err, "")
        self.assertNotIn("\x1b", out)
        for line in out.split("\n"):
            self.assertLessEqual(len(line), 80, line)
        return out


class Looking(RoomctlCase):
    def test_status(self):
        self.pair()
        out = self.run_ok("status")
        self.assertRegex(out, r"^video-signaling \S+, serving for ")
        self.assertRegex(out, r"(?m)^rooms +1 of 5000 \(0 %\)$")
        self.assertIn("members             2\n", out)
        self.assertEqual(json.loads(self.run_json("status"))["members"], 2)

    def run_json(self, *arguments, status=0):
        return self.server.roomctl("--json", *arguments, status=status)[0]

    def test_list(self):
        self.assertEqual(self.run_ok("list"), "No rooms.\n")
        self.pair("two")
        self.member("one", "x")
        self.member("\u75c5\u623f \x22" + "w" * 100, "x")
        lines = self.run_ok("list").split("\n")
        self.assertEqual([line.split()[0] for line in lines[:3]], ["ROOM", "one", "two"])
        self.assertEqual(self.run_ok("list", "--sort", "members", "--limit", "1").split()[6], "two")
        self.assertEqual(self.run_ok("list", "--members", "2").split("\n")[1].split()[:2], ["two", "2"])
        self.assertEqual([r["room"] for r in json.loads(self.run_json("list", "--filter", "ne"))], ["one"])

    def test_show(self):
        alice, bob = self.pair()
        alice.say("offer", data=HOST)
        bob.hear("offer")
        out = self.run_ok("show", "room")
        self.assertIn(alice.client_id[:8] + "  alice", out)
        self.assertIn("sent offer 1, answer 0, ice-candidate 0 (host 1)", out)
        self.assertIn(f"127.0.0.1:{bob.socket.getsockname()[1]}", out)
        self.assertEqual(len(json.loads(self.run_json("show", "room"))["members"]), 2)

    def test_settings_and_help(self):
        self.assertRegex(self.run_ok("settings"), r"(?m)^max_rooms +5000$")
        everything = self.run_ok("--help")
        for command in COMMANDS:
            self.assertRegex(everything, rf"(?m)^  {command}\b")
            self.assertIn(f"roomctl {command}", self.run_ok(command, "--help"))
        self.assertRegex(self.run_ok("--version"), r"^roomctl \d+\.\d+\.\d+\n$")

    def test_watch(self):
        watcher = subprocess.Popen([ROOMCTL, "-s", self.server.control, "watch", "--for", "60"], stdout=subprocess.PIPE,
                                   text=True)
        wait_until(lambda: self.server.once("status")["watchers"] == 1, SOON, "a watcher")
        self.pair("seen")
        lines = [watcher.stdout.readline() for _ in range(3)]
        watcher.terminate()
        watcher.communicate()
        self.assertRegex(lines[0], r"^[\d:.]{12} room-opened +seen")
        self.assertRegex(lines[1], r"joined +seen [0-9a-f]{8} alice \(1 now\)")

    def test_top(self):
        self.pair("on top")
        self.assertIn("on top", self.run_ok("top"))
        out = self.at_terminal("top", keys=(b"\r", b"\x1b", b"m", b"q"))
        self.assertIn("\x1b[?1049h", out)
        self.assertTrue(out.endswith("\x1b[?25h\x1b[?1049l"), out[-40:])
        self.assertIn("alice", out)

    def at_terminal(self, *arguments, keys=()):
        pid, terminal = pty.fork()
        if pid == 0:
            os.execve(ROOMCTL, [ROOMCTL, "-s", self.server.control, *arguments],
                      {"TERM": "xterm", "LC_ALL": "C.UTF-8"})
        out = b""
        keys = list(keys)
        end = time.monotonic() + SOON
        while time.monotonic() < end:
            if not select.select([terminal], [], [], 0.3)[0]:
                if keys:
                    os.write(terminal, keys.pop(0))
                continue
            try:
                out += os.read(terminal, 65536)
            except OSError:
                break
        self.assertEqual(os.waitpid(pid, 0)[1], 0)
        os.close(terminal)
        return out.decode()

    def test_colour_is_for_terminals(self):
        self.assertIn("\x1b[", self.at_terminal("status"))
        self.assertNotIn("\x1b", self.run_ok("status"))


class Tracing(RoomctlCase):
    def verdict(self, sentence, status=9):
        out, _ = self.server.roomctl("trace", "room", "--for", "0", status=status)
        self.assertIn("=> " + sentence, out)
        out, _ = self.server.roomctl("trace", "room", "--for", "0", "--json", status=status)
        return json.loads(out.strip().split("\n")[-1])["code"]

    def test_each_thing_that_may_be_missing(self):
        alice, bob = self.pair()
        self.assertEqual(self.verdict("No offer: "), "no-offer")
        alice.say("offer", data={"sdp": "v=0"})
        bob.hear("offer")
        self.assertEqual(self.verdict("No answer: alice has sent an offer, and bob has not"), "no-answer")
        bob.say("offer", data={"sdp": "v=0"})
        alice.hear("offer")
        self.assertEqual(self.verdict("Glare: "), "glare")
        bob.say("answer", data={"sdp": "v=0"})
        alice.say("answer", data={"sdp": "v=0"})
        alice.say("ice-candidate", data=HOST)
        alice.hear("answer")
        bob.hear("answer")
        bob.hear("ice-candidate")
        self.assertEqual(self.verdict("No candidates one way: bob has sent none"), "no-candidates")
        bob.say("ice-candidate", data=SRFLX)
        alice.hear("ice-candidate")
        self.assertEqual(self.verdict("Host candidates only from alice"), "host-only")
        alice.say("ice-candidate", data=SRFLX)
        bob.hear("ice-candidate")
        self.assertEqual(self.verdict("alice and bob: offer, answer, and candidates", status=0), "complete")

    def test_live(self):
        alice, bob = self.pair()
        tracer = subprocess.Popen([ROOMCTL, "-s", self.server.control, "trace", "room"], stdout=subprocess.PIPE, text=True,
                                  env={"COLUMNS": "80", "LC_ALL": "C.UTF-8"})
        wait_until(lambda: self.server.once("status")["watchers"] == 1, SOON, "a tracer")
        alice.assert_alive()  # a turn of the room: it reads its members first, and at the end that it is traced
        alice.say("offer", data={"sdp": "secret"})
        bob.hear("offer")
        bob.say("answer", data={"sdp": "secret"}, target=alice.client_id)
        bob.say("ice-candidate", data=HOST, target=alice.client_id)
        alice.hear("answer")
        bob.say("leave")
        alice.hear("ice-candidate")
        alice.hear("user-left")
        lines = []
        while not lines or "=>" not in lines[-1]:
            lines.append(tracer.stdout.readline())
            self.assertTrue(lines[-1], lines)
        tracer.send_signal(2)
        tracer.communicate()
        self.assertEqual(tracer.returncode, 9)
        text = "".join(lines)
        self.assertNotIn("secret", text)
        self.assertRegex(text, r"\*-+ offer \d+B -+>\|")
        self.assertRegex(text, r"\|<-+ answer \d+B -+\*")
        self.assertRegex(text, r"\|<-+ ice-candidate host \d+B -+\*")
        self.assertRegex(text, r"left bob: leave")
        self.assertIn("=> The peer is gone: bob has left, and alice", text)
        for line in lines[:-1]:
            self.assertLessEqual(len(line), 81, line)


class Acting(RoomctlCase):
    def test_each(self):
        alice, bob = self.pair()
        self.assertEqual(self.run_ok("kick", "room", "bob"), "bob is being kicked.\n")
        bob.hear_close(4001, skip=True)
        self.assertEqual(self.run_ok("close", "room"), "room is being closed.\n")
        alice.hear_close(4002, skip=True)
        self.assertEqual(self.run_ok("log", "debug"), "The log level is debug; it was info.\n")
        self.run_ok("log", "info")
        self.assertIn("New rooms are refused;", self.run_ok("drain"))
        self.assertIn("refused already", self.run_ok("drain"))
        self.assertEqual(self.run_ok("undrain"), "New rooms are taken again.\n")
        self.assertEqual(self.run_ok("undrain"), "It was not draining.\n")

    def test_drain_and_wait(self):
        alice, bob = self.pair()
        _, err = self.server.roomctl("drain", "--wait", "--timeout", "0.3", status=8)
        self.assertIn("the time is over", err)
        waiting = subprocess.Popen([ROOMCTL, "-s", self.server.control, "drain", "--wait"], stdout=subprocess.PIPE, text=True)
        self.assertIn("already", waiting.stdout.readline())
        alice.close()
        bob.close()
        self.assertTrue(waiting.communicate(timeout=SOON)[0].endswith("The server is empty.\n"))
        self.assertEqual(waiting.returncode, 0)
        self.run_ok("undrain")


class Refusals(RoomctlCase):
    def refused(self, status, sentence, *arguments):
        out, err = self.server.roomctl(*arguments, status=status)
        self.assertEqual(out, "")
        self.assertRegex(err, rf"^roomctl: .*{sentence}.*\n$")

    def test_each(self):
        self.pair()
        self.member("room", "bob")
        self.refused(1, "what is to be done")
        self.refused(1, "no command \"explode\"", "explode")
        self.refused(1, "needs ROOM", "show")
        self.refused(1, "needs CLIENT", "kick", "room")
        self.refused(1, "one word too many", "status", "x")
        self.refused(1, "no option here", "list", "--wait")
        self.refused(1, "no value", "list", "--limit", "x")
        self.refused(1, "no value", "list", "--sort", "x")
        self.refused(4, "no such room", "show", "nowhere")
        self.refused(4, "no such member", "kick", "room", "carol")
        self.refused(5, "2 members", "kick", "room", "bob")
        self.refused(6, "level", "log", "loud")

    def test_nobody_home(self):
        with tempfile.TemporaryDirectory() as empty:
            environment = {"PATH": "/usr/bin:/bin", "XDG_RUNTIME_DIR": empty}
            for command in (["-s", f"{empty}/none.sock"], []):
                if not command and os.path.exists("/run/video-signaling/control.sock"):
                    continue
                for what in (["status"], ["list"], ["show", "x"], ["top"], ["watch"], ["trace", "x"], ["kick", "x", "y"], ["drain"]):
                    done = subprocess.run([ROOMCTL, *command, *what], env=environment, capture_output=True, text=True, check=False)
                    self.assertEqual(done.returncode, 2, done)
                    self.assertRegex(done.stderr, r"^roomctl: no server is running at .*start one with `video-signaling`.*\n$")

    def test_server_goes(self):
        with Operated() as server:
            watcher = subprocess.Popen([ROOMCTL, "-s", server.control, "watch"], stderr=subprocess.PIPE, text=True)
            wait_until(lambda: server.once("status")["watchers"] == 1, SOON, "a watcher")
            server.stop()
            self.assertIn("closed the connection", watcher.communicate(timeout=SOON)[1])
            self.assertEqual(watcher.returncode, 7)


class Papers(unittest.TestCase):
    """What comes with it says what it does."""

    def test_manuals(self):
        for name in ("roomctl.1", "video-signaling-control.7"):
            page = TREE / "packaging/man" / name
            text = page.read_text()
            for command in COMMANDS:
                if command != "top" or name.startswith("roomctl"):  # top lists
                    self.assertTrue(re.search(rf"\b{command}\b", text), f"{name}: {command}")
            done = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", str(page)],
                                  capture_output=True, text=True, check=False, env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"})
            self.assertEqual((done.returncode, done.stderr), (0, ""), name)

    def test_completion(self):
        folder = TREE / "packaging/completion"
        for name in ("roomctl.bash", "_roomctl", "roomctl.fish"):
            text = (folder / name).read_text()
            for command in COMMANDS:
                self.assertRegex(text, rf"\b{command}\b", f"{name}: {command}")

    def test_bash_completes_rooms(self):
        with Operated() as server, Raw(server) as client:
            client.join("ward-17", "x")
            script = (f'source {TREE}/packaging/completion/roomctl.bash; COMP_WORDS=(roomctl -s {server.control} show wa); '
                      'COMP_CWORD=4; COMP_LINE="${COMP_WORDS[*]}"; COMP_POINT=${#COMP_LINE}; _roomctl; echo "${COMPREPLY[@]}"')
            path = f"{pathlib.Path(ROOMCTL).parent}:/usr/bin:/bin"
            done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False, env={"PATH": path})
            self.assertEqual(done.stdout.strip(), "ward-17", done)


if __name__ == "__main__":
    main()
