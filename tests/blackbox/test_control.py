"""The control socket: what operators ask, what they may, and that none of them can hold up the broker."""
import json
import os
import pathlib
import pwd
import resource
import socket
import subprocess
import sys
import time
import unittest

from operator_client import Control, Operated, assert_refusal
from raw import Raw
from server import FULL, PATIENCE, SOON, UNBOUNDED, WRAPPER, main, raise_descriptor_limit, wait_until


class ControlCase(unittest.TestCase):
    flags = ()

    @classmethod
    def setUpClass(cls):
        cls.server = Operated(*cls.flags, *UNBOUNDED).start()
        cls.addClassCleanup(cls.server.kill)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def setUp(self):
        self.clients = []
        self.addCleanup(self.leave_all)
        self.control = self.server.connect()
        self.addCleanup(self.control.close)

    def leave_all(self):
        for client in self.clients:
            client.close()
        wait_until(lambda: not self.server.rooms(), SOON, "no room")

    def tearDown(self):
        self.server.assert_works()

    def member(self, room, label, **options):
        client = Raw(self.server, **options)
        self.clients.append(client)
        client.join(room, label)
        return client

    def pair(self, room="room"):
        alice = self.member(room, "alice")
        bob = self.member(room, "bob")
        alice.hear("user-joined")
        return alice, bob


class Looking(ControlCase):
    def test_status(self):
        self.pair()
        status = self.control.do("status")
        self.assertEqual(status["id"], 1)
        self.assertEqual(status["state"], "serving")
        self.assertEqual(status["rooms"], {"now": 1, "max": 5000})
        self.assertEqual((status["members"], status["connections"]["now"], status["lobby"]["now"]), (2, 2, 0))
        self.assertEqual(status["keeper_pid"], self.server.keeper.pid if not WRAPPER else status["keeper_pid"])
        self.assertIn("warm", status["pool"])
        if not WRAPPER and not self.server.is_sanitized():
            self.assertIn("seccomp", status["sandbox"]["roomd"])
        # The same, asked by another program as the same user.
        user = pathlib.Path(f"/proc/{status['pid']}").stat().st_uid
        may = subprocess.run(["unshare", "--user", "--net", "true"], check=False, user=user, stderr=subprocess.DEVNULL)
        self.assertEqual({"user", "net"} <= set(status["namespaces"]), may.returncode == 0,
                         status["namespaces"])

    def test_list_and_show(self):
        alice, bob = self.pair("W\u00e4rd \"3\"")
        rooms = self.control.rooms()
        self.assertEqual([(r["room"], r["members"], r["state"]) for r in rooms], [("W\u00e4rd \"3\"", 2, "open")])
        alice.say("offer", data={"sdp": "a=candidate:1 1 udp 1 192.0.2.1 5 typ host\r\n"})
        bob.hear("offer")
        bob.say("answer", data="x")
        alice.hear("answer")
        alice.say("ice-candidate", data={"candidate": "candidate:1 1 udp 1 192.0.2.1 5 typ srflx raddr 0.0.0.0"})
        bob.hear("ice-candidate")
        room = self.control.do("show", room="W\u00e4rd \"3\"")
        one, two = room["members"]
        self.assertEqual((one["label"], two["label"]), ("alice", "bob"))
        self.assertEqual(one["client"], alice.client_id)
        self.assertEqual(one["address"], f"127.0.0.1:{alice.socket.getsockname()[1]}")
        self.assertEqual(one["sent"], {"offer": 1, "answer": 0, "ice-candidate": 1, "host": 1, "srflx": 1, "prflx": 0,
                                       "relay": 0})
        self.assertEqual((one["messages_in"], two["messages_in"]), (2, 1))
        self.assertEqual((one["messages_out"], two["messages_out"]), (3, 3))  # joined, user-joined, answer
        self.assertGreater(one["bytes_in"], 100)
        self.assertEqual(one["queued"], 0)
        self.assertLess(one["idle_ms"], 5000 * PATIENCE)

    def test_settings(self):
        settings = self.control.do("settings")["settings"]
        self.assertEqual((settings["max_rooms"], settings["log_level"], settings["metrics"]), (5000, "info", "none"))

    def test_list_comes_in_pieces(self):
        for i in range(150):
            self.member(f"room-{i}", "x")
        self.control.send({"id": "l", "command": "list"})
        first, second = self.control.read(), self.control.read()
        self.assertTrue(first["more"] and not second["more"])
        self.assertEqual((first["id"], second["id"]), ("l", "l"))
        self.assertEqual(len({r["room"] for r in first["rooms"] + second["rooms"]}), 150)

    def test_round_trip_of_pings(self):
        with Operated("--ping-interval-ms", "100") as server, server.connect() as control:
            with Raw(server) as client:
                client.join("r", "x")
                client.frame()  # a ping, not answered by this reader
                client.send(b"\x8a\x80\0\0\0\0")
                wait_until(lambda: "rtt_ms" in control.do("show", room="r")["members"][0], SOON, "a round trip")

    def test_several_lines_at_once_and_no_newline_at_the_end(self):
        self.control.socket.sendall(b'{"id":1,"command":"status"}\n{"id":2,"command":"list"}\r\n\n{"id":3,"command":"status"}')
        self.control.socket.shutdown(socket.SHUT_WR)
        replies = []
        while (reply := self.control.read()) is not None:
            replies.append(reply["id"])
        self.assertEqual(replies, [1, 2, None, 3])

    def test_watch(self):
        watcher = self.server.connect()
        self.addCleanup(watcher.close)
        watcher.send({"id": "w", "command": "watch"})
        self.assertTrue(watcher.read()["ok"])
        alice, _ = self.pair("seen")
        opened = watcher.hear("room-opened", room="seen")
        self.assertEqual(opened["id"], "w")
        self.assertEqual(watcher.hear("joined", label="alice")["client"], alice.client_id)
        with Raw(self.server) as lone:
            lone.say("offer", data=1)
            lone.hear_error("not-in-room")
        watcher.hear("refused", code="not-in-room")
        alice.say("leave")
        self.assertEqual(watcher.hear("left", label="alice")["reason"], "leave")

    def test_watch_sees_a_room_lost_and_healed(self):
        with self.server.connect() as watcher:
            watcher.do("watch")
            alice, _ = self.pair("lost")
            [room] = [r for r in self.control.rooms() if r["room"] == "lost"]
            os.kill(room["pid"], 9)
            watcher.hear("roomd-lost", room="lost")
            watcher.hear("roomd-healed", room="lost")
            alice.assert_alive()
            self.assertEqual(self.control.do("status")["totals"]["rooms_healed"], 1)

    def test_trace(self):
        alice, bob = self.pair("traced")
        self.member("other", "x")
        with self.server.connect() as tracer:
            self.assertEqual(len(tracer.do("trace", room="traced")["members"]), 2)
            alice.assert_alive()  # the room looks at its members first, and at what the broker says last: a turn later it knows
            time.sleep(0.2)
            alice.say("offer", target="bob", data={"sdp": "secret typ relay secret"})
            signal = tracer.hear("signal")
            self.assertEqual((signal["action"], signal["client"], signal["to"]), ("offer", alice.client_id, bob.client_id))
            self.assertEqual(signal["candidates"], {"relay": 1})
            self.assertNotIn("secret", json.dumps(signal))
            self.assertEqual(signal["bytes"], len('{"sdp": "secret typ relay secret"}'))


class Refusals(ControlCase):
    def test_requests_that_are_none(self):
        for line in (b"", b"nonsense", b"[]", b"{}", b'{"command":1}', b"\xff\xfe", b"{" * 1000, b'{"command":"status"'):
            with self.subTest(line=line[:20]):
                self.control.send(line)
                assert_refusal(self.control.read(), "bad-request")
        self.control.refused("unknown-command", "explode")
        self.control.send({"v": 9, "command": "status"})
        assert_refusal(self.control.read(), "unknown-version")
        self.control.refused("bad-request", "show")
        self.control.refused("bad-request", "log", level="loud")
        self.control.do("status")

    def test_names_that_are_none(self):
        self.pair()
        self.member("room", "bob")
        self.control.refused("no-such-room", "show", room="nowhere")
        self.control.refused("no-such-room", "trace", room="nowhere")
        self.control.refused("no-such-room", "close", room="nowhere")
        self.control.refused("no-such-room", "show", room="#99999")
        self.control.refused("no-such-client", "kick", room="room", client="carol")
        self.control.refused("no-such-client", "kick", room="room", client="ab")
        self.control.refused("ambiguous-client", "kick", room="room", client="bob")

    def test_a_line_without_end(self):
        sent = 0
        try:
            while sent < 100 << 20:
                sent += self.control.socket.send(b"x" * 65536)
        except (BrokenPipeError, ConnectionResetError):
            pass
        self.assertLess(sent, 10 << 20)
        assert_refusal(self.control.read(), "too-long")
        self.server.once("status")

    def test_half_a_line(self):
        self.control.socket.settimeout(20 * PATIENCE)
        self.control.socket.sendall(b'{"command":')
        assert_refusal(self.control.read(), "too-slow")
        self.assertIsNone(self.control.read())

    def test_too_many(self):
        crowd = []
        try:
            while True:
                crowd.append(self.server.connect())
                if len(crowd) >= 500:
                    crowd[-1].socket.settimeout(0.05)
                    try:
                        reply = crowd[-1].read()
                    except TimeoutError:
                        continue
                    assert_refusal(reply, "too-many")
                    break
                self.assertLess(len(crowd), 600)
            self.control.do("status")
        finally:
            for control in crowd:
                control.close()


class Acting(ControlCase):
    def test_kick(self):
        for by in ("label", "id", "digits"):
            with self.subTest(by=by):
                alice, bob = self.pair(by)
                who = {"label": "bob", "id": bob.client_id, "digits": bob.client_id[:8]}[by]
                self.control.do("kick", room=by, client=who)
                bob.hear_close(4001)
                alice.hear("user-left", client_id=bob.client_id, reason="kicked")
                alice.assert_alive()
                self.assertRegex(self.server.stderr(),
                                 rf'kick uid={os.getuid()} pid=\d+ room="{by}" client={bob.client_id[:8]}')

    def test_close(self):
        alice, bob = self.pair("closed")
        self.control.do("close", room="closed")
        for client in (alice, bob):
            client.hear_close(4002, skip=True)
        self.assertIn(f"close-room uid={os.getuid()}", self.server.stderr())
        self.member("closed", "again")

    def test_drain(self):
        alice, _ = self.pair("before")
        self.assertTrue(self.control.do("drain")["changed"])
        self.assertFalse(self.control.do("drain")["changed"])
        try:
            status, _, body = self.server.get("/health")
            self.assertEqual((status, json.loads(body)["status"]), (503, "draining"))
            self.assertEqual(self.server.get("/live")[0], 200)
            self.assertEqual(self.control.do("status")["state"], "draining")
            with Raw(self.server) as late:
                late.say("join", room_id="after", sender="x")
                late.hear_error("draining")
                late.join("before", "x")
                alice.hear("user-joined")
        finally:
            self.assertTrue(self.control.do("undrain")["changed"])
        self.assertEqual(self.server.get("/health")[0], 200)
        self.member("after", "x")
        self.assertRegex(self.server.stderr(), rf"undrain uid={os.getuid()}")

    def test_log_level(self):
        alice, bob = self.pair("logged")
        alice.say("offer", data="unheard")
        bob.hear("offer")
        self.assertEqual(self.control.do("log", level="debug")["before"], "info")
        def said():  # the room hears of the level over another way than of the signal: at once, but not before
            alice.say("answer", data="secret-thing")
            bob.hear("answer")
            return "relayed room=" in self.server.stderr()
        wait_until(said, SOON, "a line of the signal")
        self.control.do("log", level="error")
        for i in range(30):  # past every rate, below every level
            self.control.do("log", level="error" if i % 2 else "warn")
        self.control.do("log", level="info")
        text = self.server.stderr()
        self.assertRegex(text, r"relayed .*action=answer bytes=14")
        self.assertNotIn("secret-thing", text)
        self.assertNotIn("action=offer", text)
        self.assertEqual(text.count(f"log-level uid={os.getuid()}"), 33)


class Names(unittest.TestCase):
    def check(self, names, room_looks, label_looks):
        with Operated("--log-names", names) as server, server.connect() as control:
            with Raw(server) as client:
                client.join("the-room", "the-label")
                [room] = control.rooms()
                self.assertRegex(room["room"], room_looks)
                shown = control.do("show", room=room["room"])
                self.assertEqual(control.do("show", room="the-room")["number"], shown["number"])
                self.assertRegex(str(shown["members"][0]["label"]), label_looks)
                if names != "plain":
                    self.assertNotIn("the-", json.dumps(shown))
                if names == "hashed":
                    self.assertIn(f"room={room['room']}", server.stderr())
                    control.do("kick", room=room["room"], client=shown["members"][0]["label"])
                    client.hear_close(4001)

    def test_plain(self):
        self.check("plain", "^the-room$", "^the-label$")

    def test_hashed(self):
        self.check("hashed", "^[0-9a-f]{8}$", "^[0-9a-f]{8}$")

    def test_none(self):
        self.check("none", r"^#\d+$", "^None$")


class Socket(unittest.TestCase):
    """The file: whose it is, and what becomes of it."""

    def test_a_dead_server_s_file_is_replaced_and_a_living_one_s_is_not(self):
        with Operated() as first:
            os.chmod(first.directory.name, 0o777)  # who is root now is somebody else when he removes the file
            second = Operated()
            second.flags[second.flags.index("--control") + 1] = first.control
            with self.assertRaisesRegex(AssertionError, "another server listens there"):
                second.start()
            first.once("status")
            first.keeper.kill()
            first.assert_gone()
            self.assertTrue(os.path.exists(first.control))
            second.start()
            with Control(first.control) as control:
                control.do("status")
            second.stop()
            self.assertFalse(os.path.exists(first.control))
            first.kill()

    def test_is_not_for_everyone(self):
        with Operated() as server:
            self.assertEqual(os.stat(server.control).st_mode & 0o777, 0o600)

    def test_none(self):
        with Operated("--control", "none") as server:
            self.assertFalse(os.path.exists(server.control))

    @unittest.skipIf(os.getuid() != 0, "needs another user")
    @unittest.skipIf(WRAPPER, "runs nothing as another user")
    def test_rights(self):
        """By file mode and group, and by what the peer is."""
        other = pwd.getpwnam("daemon")
        group = "daemon"
        program = ("import socket,sys\ns=socket.socket(socket.AF_UNIX)\ns.connect(sys.argv[1])\n"
                   "for c in sys.argv[2:]:\n s.sendall(b'{\"command\":\"%s\"}\\n'%c.encode());print(s.recv(9999).decode())")

        def ask(server, *commands):
            os.chmod(server.directory.name, 0o755)
            return subprocess.run(["/usr/bin/python3", "-c", program, server.control, *commands], user=other.pw_uid,
                                  group=other.pw_gid, extra_groups=[], capture_output=True, text=True, check=False)

        with Operated() as server:
            self.assertIn("PermissionError", ask(server, "status").stderr)
            os.chmod(server.control, 0o666)
            self.assertIn("not-allowed", ask(server, "status").stdout)
        with Operated("--control-group", group) as server:
            self.assertEqual(os.stat(server.control).st_mode & 0o777, 0o660)
            look, act = [line for line in ask(server, "status", "drain").stdout.split("\n") if line]
            self.assertTrue(json.loads(look)["ok"])
            assert_refusal(json.loads(act), "not-allowed")
            self.assertIn(f"control-refused uid={other.pw_uid} command=drain", server.stderr())
        with Operated("--control-admin-group", group) as server:
            self.assertIn('"changed":true', ask(server, "drain").stdout)
            self.assertIn(f"drain uid={other.pw_uid}", server.stderr())


@unittest.skipIf(WRAPPER, "a wrapper is slower than any bound of time")
class Load(unittest.TestCase):
    """Nothing an operator does is felt by clients, and the other way round."""

    def joins(self, server, count):
        """Seconds for so many joins, one after the other."""
        begin = time.monotonic()
        for i in range(count):
            with Raw(server) as client:
                client.join(f"join-{i % 7}", "x")
        return time.monotonic() - begin

    def test_watchers_that_never_read(self):
        with Operated(*UNBOUNDED) as server, server.connect() as control:
            alone = self.joins(server, 150)
            watchers = [server.connect() for _ in range(100)]
            for watcher in watchers:
                watcher.do("watch")
            self.best(3 * alone + 1, lambda: self.joins(server, 150), "joins, beside those who watch")
            for watcher in watchers[:50]:
                for _ in range(150):
                    watcher.hear("joined")
            # Those who did not read are owed a bounded number of events, and told how many they have missed.
            for _ in range(14 if FULL else 7):
                self.joins(server, 150)
            self.assertEqual(control.do("status")["operators"], 101)
            watchers[60].hear("joined")
            for watcher in watchers:
                watcher.close()
            server.assert_works()

    def test_many_rooms(self):
        """The issue's numbers: 5,000 rooms, a list in 100 ms, a status in 10 ms."""
        count = 5000 if FULL else 200
        limit = raise_descriptor_limit()
        count = min(count, (limit - 500) // 4)
        with Operated(*UNBOUNDED, "--max-rooms", "0", "--pool-size", "32", "--max-lobby", "0",
                      "--join-timeout-ms", "0", "--ping-interval-ms", "0", "--ping-timeout-ms", "0") as server:
            clients = [Raw(server) for _ in range(count)]
            for i, client in enumerate(clients):
                client.say("join", room_id=f"room-{i}", sender="x")
            for client in clients:
                client.hear("joined", timeout=120)
            with server.connect() as control:
                for what, most_ms in (("status", 10), ("list", 100), ("show", 10)):
                    self.best((1 if FULL else 10) * most_ms / 1000, lambda what=what: self.time_of(control, what), f"{count} rooms: {what}")
            for what, most_ms in (("status", 10), ("list", 100)):
                self.best((3 if FULL else 30) * most_ms / 1000, lambda what=what: self.time_of_roomctl(server, what), f"{count} rooms: roomctl {what}")
            for client in clients:
                client.close()

    def best(self, most, measure, what):
        """Measures until one is below `most` seconds: what else a machine does is no fault of ours."""
        taken = []
        end = time.monotonic() + 3 * SOON
        while len(taken) < 3 or (min(taken) > most * PATIENCE and time.monotonic() < end):
            taken.append(measure())
        print(f"{what}: {1000 * min(taken):.1f} ms", file=sys.stderr)
        self.assertLess(min(taken), most * PATIENCE, what)

    @staticmethod
    def time_of_roomctl(server, what):
        begin = time.monotonic()
        server.roomctl(what)
        return time.monotonic() - begin

    @staticmethod
    def time_of(control, what):
        begin = time.monotonic()
        if what == "list":
            control.rooms()
        else:
            control.ask(what, room="room-7")
        return time.monotonic() - begin

    def test_hostile_crowd(self):
        """Pipelined requests, lists that nobody reads, connections that come and go: the broker goes on."""
        with Operated(*UNBOUNDED) as server:
            crowd = [server.connect() for _ in range(60)]
            for i, control in enumerate(crowd):
                control.socket.setblocking(False)
                line = b'{"command":"list"}\n' if i % 2 else b'{"command":"show","room":"#1"}\n'
                try:
                    while True:
                        control.socket.send(line * 1000)
                except BlockingIOError:
                    pass
            for _ in range(200):
                server.connect().close()
            self.best(3, lambda: self.joins(server, 20) if server.once("status") else 0, "20 joins beside a crowd")
            for control in crowd:
                control.close()
            server.assert_works()


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    main()
