#!/usr/bin/python3
"""The daemon as an operator meets it: how it starts, what it says when it can't, and that it goes when told."""
import os
import pathlib
import pwd
import re
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from raw import Raw
from server import BINARY, PATIENCE, SOON, UNBOUNDED, WRAPPER, Server, main, raise_descriptor_limit, wait_until


def run(*flags, environment=None, user=None, timeout=SOON):
    """Runs the program to its end, which must be soon."""
    base = Server()
    return subprocess.run(
        [*([] if user else WRAPPER), BINARY, *flags], env={**base.clean_environment(), **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=timeout, cwd="/",
        **({"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if user else {}))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Stopping(unittest.TestCase):
    """Each way to stop, with people in the lobby, in rooms, and half through their requests."""

    def crowd(self, running):
        clients = []
        for i in range(6):
            client = Raw(running)
            client.join(f"stop-{i // 2}", "a")
            clients.append(client)
            if i % 2:
                clients[-2].hear("user-joined")
        clients += [Raw(running) for _ in range(3)]
        half = Raw(running, upgrade=False)
        half.send(b"GET /ws HTTP/1.1\r\nHost: x\r\n")
        for client in [*clients, half]:
            self.addCleanup(client.close)
        return clients, half

    def stop(self, how, status):
        with Server() as running:
            clients, half = self.crowd(running)
            running.tree()
            how(running)
            returned = running.assert_gone()
            self.assertEqual(returned, status, running.output())
            running.assert_output_is_clean()
            for client in clients:
                if status == 0:
                    client.hear_close(1001, skip=True)
                else:
                    client.hear_gone()
            half.hear_gone()
            port = running.port
            running.kill()
            # The same port at once, with connections of the last one in TIME_WAIT.
            with Server(port=port) as second:
                with Raw(second) as client:
                    client.join("again", "a")
                second.stop()

    def test_term(self):
        self.stop(lambda running: running.send_signal(signal.SIGTERM), 0)

    def test_interrupt(self):
        self.stop(lambda running: running.send_signal(signal.SIGINT), 0)

    def test_control_c(self):
        """A terminal interrupts every process of the group."""
        self.stop(lambda running: os.killpg(running.keeper.pid, signal.SIGINT), 0)

    def test_control_c_twice(self):
        with Server() as running:
            self.crowd(running)
            running.tree()
            os.killpg(running.keeper.pid, signal.SIGINT)
            time.sleep(0.01)
            try:
                os.killpg(running.keeper.pid, signal.SIGINT)
            except ProcessLookupError:
                pass
            self.assertIn(running.assert_gone(), (0, 130, -signal.SIGINT))
            running.assert_output_is_clean()
            running.kill()

    def test_term_while_many_rooms_are_wanted(self):
        """It does not make them first."""
        rooms = min(600, raise_descriptor_limit() // 4)
        for _ in range(5):  # (on a busy machine they may all be there before we come to say so)
            with Server(*UNBOUNDED, "--max-lobby", "0") as running:
                clients = [Raw(running) for _ in range(rooms)]
                for i, client in enumerate(clients):
                    client.say("join", room_id=f"many-{i}", sender="x")
                clients[10].hear("joined")
                running.send_signal(signal.SIGTERM)
                running.assert_gone(3 * SOON)
                running.kill()
                answered = sum(b"joined" in self.all_of(client) for client in clients)
            print(f"{answered} of {rooms} rooms made before the end", flush=True)
            if answered < 80:
                return
        self.fail("all rooms that are wanted are made before the end")

    @staticmethod
    def all_of(client):
        """What has come from a server that is gone."""
        data = bytes(client.buffer)
        try:
            while more := client.socket.recv(65536):
                data += more
        except ConnectionError:
            pass
        client.close()
        return data

    def test_kill(self):
        self.stop(lambda running: running.send_signal(signal.SIGKILL), -signal.SIGKILL)

    def test_kill_while_roomds_are_stopped(self):
        """Even a roomd that doesn't run can't stay behind."""
        with Server() as running:
            self.crowd(running)
            roles = running.roles()
            for process in roles["room"] + roles["warm"]:
                process.kill(signal.SIGSTOP)
            running.send_signal(signal.SIGKILL)
            running.assert_gone()
            running.kill()

    def test_term_while_roomds_are_stopped(self):
        with Server() as running:
            self.crowd(running)
            roles = running.roles()
            for process in roles["room"] + roles["warm"]:
                process.kill(signal.SIGSTOP)
            running.send_signal(signal.SIGTERM)
            running.assert_gone(10 * PATIENCE)
            running.kill()

    def test_term_right_at_the_start(self):
        """At any moment of the start: it ends, and nothing stays behind."""
        for delay in (0, 0.002, 0.005, 0.01, 0.02, 0.04, 0.08):
            with self.subTest(delay=delay):
                running = Server()
                running.launch()
                try:
                    time.sleep(delay)
                    running.tree()
                    running.send_signal(signal.SIGTERM)
                    self.assertIn(running.assert_gone(), (0, -signal.SIGTERM))
                finally:
                    running.kill()

    def test_hangup_and_pipe_do_no_harm(self):
        with Server() as running:
            running.assert_works()
            running.send_signal(signal.SIGPIPE)
            with Raw(running) as client:
                client.join("pipe", "a")
            running.assert_works()


class Living(unittest.TestCase):
    def test_titles_and_pool(self):
        if WRAPPER:
            self.skipTest("a wrapper hides titles")
        with Server("--pool-size", "3") as running:
            roles = running.roles()
            self.assertTrue(roles["keeper"][0].title.startswith("video-signaling: keeper"), roles)
            self.assertEqual({role: len(found) for role, found in roles.items()
                             if found}, {"keeper": 1, "broker": 1, "zygote": 1, "warm": 3})
            clients = [Raw(running) for _ in range(3)]
            for n, client in enumerate(clients):
                client.join("title-room", "title-sender")
                wait_until(lambda: [p for p in running.tree() if re.match(
                    rf"roomd: {n + 1} member", p.title)], SOON, running.tree)
            # A name never stands in a title.
            self.assertFalse([p for p in running.tree() if "title-" in p.title])
            wait_until(lambda: len(running.roles()["warm"]) == 3, SOON, "the pool is refilled")
            for client in clients:
                client.close()
            running.wait_for_pool()

    def test_no_zombies_and_one_room_one_process(self):
        with Server() as running:
            for _ in range(30):
                clients = [Raw(running) for _ in range(3)]
                for i, client in enumerate(clients):
                    client.join(f"zombies-{i}", "a")
                for client in clients:
                    client.close()
            running.wait_for_pool()
            self.assertEqual([p for p in running.tree() if p.state == "Z"], [])

    def test_pool_heals(self):
        """Warm roomds that die are replaced; joins go on."""
        with Server() as running:
            running.assert_works()
            killed = running.roles()["warm"]
            for process in killed:
                process.kill()
            wait_until(lambda: not any(process.alive() for process in killed), SOON, "they are dead and reaped")
            running.wait_for_pool()
            with Raw(running) as client:
                for i in range(10):
                    client.join(f"healed-{i}", "a")
                    client.say("leave")
                    client.hear("left")
            running.wait_for_pool()
            running.assert_works()

    def test_no_pool(self):
        with Server("--pool-size", "0") as running:
            with Raw(running) as one, Raw(running) as two:
                one.join("no-pool", "one")
                two.join("no-pool", "two")
                one.hear("user-joined")
            running.wait_for_pool()

    def test_nothing_ticks_at_rest(self):
        """CPU at rest is zero."""
        if WRAPPER:
            self.skipTest("a wrapper has a life of its own")
        with Server() as running, Raw(running) as lobby, Raw(running) as one, Raw(running) as two:
            one.join("rest", "one")
            two.join("rest", "two")
            one.hear("user-joined")
            wait_until(lambda: len(running.roles()["warm"]) == 4, SOON, "the pool is refilled")

            def switches():
                counts = {}
                for process in running.tree():
                    text = pathlib.Path(f"/proc/{process.pid}/status").read_text()
                    counts[running.role(process), process.pid] = int(
                        re.search(r"^voluntary_ctxt_switches:\s*(\d+)", text, re.MULTILINE)[1])
                return counts

            time.sleep(1)
            before = switches()
            time.sleep(4)
            after = switches()
            self.assertEqual(before.keys(), after.keys())
            for key in before:
                self.assertLessEqual(after[key] - before[key], 8, f"{key} woke {after[key] - before[key]} times in 4 s")
            lobby.assert_alive()


class Complaints(unittest.TestCase):
    """What can't be done is one clear line on stderr and exit status 1."""

    def complains(self, *flags, words=(), **options):
        result = run(*flags, **options)
        self.assertEqual(result.returncode, 1, (flags, result))
        lines = result.stderr.strip().split("\n")
        self.assertEqual(len(lines), 1, result.stderr)
        self.assertEqual(result.stdout, "")
        for word in words:
            self.assertIn(word, lines[0])
        self.assertNotRegex(lines[0], r"[\x00-\x1f\x7f]")
        return lines[0]

    def test_port_in_use(self):
        with Server() as running:
            line = self.complains("--port", str(running.port), words=(str(running.port), "in use"))
            self.assertRegex(line, r"(?i)port")
            with Raw(running) as client:
                client.join("still-works", "a")

    def test_port_in_use_by_something_else(self):
        for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            with socket.socket(family) as other:
                try:
                    other.bind((address, 0))
                except OSError:
                    continue
                other.listen()
                port = other.getsockname()[1]
                self.complains("--port", str(port), words=(str(port),))

    def test_bad_values(self):
        for flags, words in (
            (("--port", "70000"), ("--port", "70000", "65535")), (("--port", "abc"),
             ("--port", "abc")), (("--port", "-1"), ("--port",)),
            (("--port", ""), ("--port",)), (("--port", "3000x"), ("--port", "3000x")), (("--port", "1e3"), ("--port",)),
            (("--port", " 80"), ("--port",)), (("--port", "99999999999999999999999"), ("--port",)),
            (("--log-level", "loud"), ("--log-level", "loud", "debug")), (("--sandbox", "maybe"), ("--sandbox",
            "require")),
            (("--message-bytes-max", "1"), ("--message-bytes-max", "2048")), (("--message-burst", "0"),
            ("--message-burst",)),
            (("--max-members", "513"), ("--max-members",)), (("--nonsense",),
             ("--nonsense",)), (("--prot", "80"), ("--prot", "--port")),
            (("-x",), ("-x",)), (("extra",), ("extra",)), (("--port",), ("--port",)), (("--", "x"), ()), (("-n=1",),
            ()),
            (("--port", "0", "--www", "/no/such/folder"), ("/no/such/folder",)
             ), (("--port", "0", "--host", "not a host"), ("not a host",)),
            (("--port", "0", "--host", "192.0.2.77"), ("192.0.2.77",)), (("--port",
             "0", "--host", "no-such-host.invalid"), ("no-such-host.invalid",)),
            (("--port", "0", "--host", ""), ("host",)),
            (("--port", "0", "--ping-interval-ms", "60000", "--ping-timeout-ms", "1000"), ("ping_timeout_ms",
            "ping_interval_ms")),
        ):
            with self.subTest(flags):
                self.complains(*flags, words=words)

    def test_bad_values_do_not_reach_the_terminal_raw(self):
        for value in ("\x1b[31mred", "a\nb", "\u202eevil", "x" * 5000, "\x7f"):
            for flags in (("--port", value), ("--" + value,), (value,), ("--config", value), ("--www", value)):
                with self.subTest(flags=flags):
                    line = self.complains(*flags)
                    self.assertNotIn("\u202e", line)

    def test_environment(self):
        for environment, words in (
            ({"PORT": "abc"}, ("PORT", "abc")), ({"LOG_LEVEL": "loud"}, ("LOG_LEVEL", "loud")
             ), ({"VIDEO_SIGNALING_PORT": "70000"}, ("VIDEO_SIGNALING_PORT",)),
            ({"VIDEO_SIGNALING_MESSAGE_RATE": "fast"}, ("VIDEO_SIGNALING_MESSAGE_RATE", "fast")),
        ):
            with self.subTest(environment):
                self.complains(environment=environment, words=words)

    def test_config_file(self):
        for text, line, words in (
            ("host = localhost\nport = abc\n", 2, ("port", "abc")), ("port = 1\n\nport = 2\n", 3,
             ("port", "1")), ("# a comment\n\nnonsense = 1\n", 3, ("nonsense",)), ("port\n", 1, ()),
            ("port = 70000", 1, ("70000", "65535")), ("= 5\n", 1, ()
             ), ("host = localhost\nlog_level = loud\n", 2, ("loud",)),
            ("\n\n\nmessage_rat = 5\n", 4, ("message_rat", "message_rate")
             ), ("port = \x1b[31m\n", 1, ()), ("[server]\nport = 1\n", 1, ()),
            ("port = 1\0\n", 1, ()), ("\xff\xfe = 1\n", 1, ()),
        ):
            with self.subTest(text), tempfile.NamedTemporaryFile("w", encoding="latin-1", suffix=".conf") as file:
                file.write(text)
                file.flush()
                for flags in ((), ("-n",)):
                    complaint = self.complains("--config", file.name, *flags, words=words)
                    self.assertIn(f"{file.name}:{line}", complaint)

    def test_config_file_that_is_not_there(self):
        self.complains("--config", "/no/such/file.conf", words=("/no/such/file.conf",))
        self.complains("--config", "/", words=("/",))

    def nobody(self):
        """A user without privileges who may run the program, as root may try out."""
        if os.geteuid() != 0:
            return None
        try:
            if run("--version", user="nobody").returncode == 0:
                return "nobody"
        except (PermissionError, KeyError, LookupError):
            pass
        self.skipTest("the program lies where nobody may run it")

    def test_missing_privilege(self):
        if int(pathlib.Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text()) <= 1:
            self.skipTest("here anybody may use any port")
        line = self.complains("--port", "1", user=self.nobody(), words=("port 1",))
        self.assertRegex(line, r"(?i)permi|privileg|root|1024")


class Starting(unittest.TestCase):
    def test_version(self):
        result = run("--version")
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "video-signaling 1.0.0\n", ""))

    def test_help(self):
        result = run("--help")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        for word in ("--port", "--host", "--log-level", "--message-rate", "--pool-size", "--config", "-n", "--version",
                "3000"):
            self.assertIn(word, result.stdout)
        self.assertLessEqual(max(map(len, result.stdout.split("\n"))), 80)

    def test_check(self):
        """-n prints what is in force and where each value came from, and starts nothing."""
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
            file.write("# ours\nmax_rooms = 7\nmessage_rate = 1\nbyte_rate = 2\nport = 1\n")
            file.flush()
            result = run("-n", "--config", file.name, "--byte-rate", "44", environment={
                "VIDEO_SIGNALING_MESSAGE_RATE": "33", "VIDEO_SIGNALING_BYTE_RATE": "33", "PORT": "4444",
                "LOG_LEVEL": "debug"})
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            lines = {line.split()[0]: line for line in result.stdout.split("\n")
                                if line.strip() and not line.startswith("#")}

            def in_force(name, value, origin):
                self.assertRegex(lines[name], rf"^{name} = \"?{value}\"?\s")
                self.assertIn(origin, lines[name])

            in_force("max_rooms", "7", f"{file.name}:2")
            in_force("message_rate", "33", "VIDEO_SIGNALING_MESSAGE_RATE")
            in_force("byte_rate", "44", "--byte-rate")
            in_force("port", "4444", "PORT")
            in_force("log_level", "debug", "LOG_LEVEL")
            in_force("pool_size", "4", "default")
            in_force("host", "localhost", "default")
            # What it prints is a config file that means the same.
            with tempfile.NamedTemporaryFile("w", suffix=".conf") as again:
                again.write(result.stdout)
                again.flush()
                second = run("-n", "--config", again.name)
                self.assertEqual(second.returncode, 0, second.stderr)
                strip = lambda text: [line.partition("#")[0].strip() for line in text.split("\n")]
                self.assertEqual(strip(second.stdout), strip(result.stdout))

    def test_check_with_a_port_in_use(self):
        """It is about the settings, and opens nothing."""
        with Server() as running:
            self.assertEqual(run("-n", "--port", str(running.port)).returncode, 0)

    def test_environment(self):
        port = free_port()
        with Server(port=None, environment={"HOST": "127.0.0.1", "PORT": str(port), "LOG_LEVEL": "debug"}) as running:
            self.assertEqual(running.port, port)
            with self.assertRaises(OSError):
                socket.create_connection(("::1", port), timeout=SOON).close()
        port = free_port()
        with Server(port=None, environment={"VIDEO_SIGNALING_PORT": str(port), "PORT": "1"}) as running:
            self.assertEqual(running.port, port)
        port = free_port()
        with Server("--port", str(port), port=None, environment={"VIDEO_SIGNALING_PORT": "1", "PORT": "1"}) as running:
            self.assertEqual(running.port, port)

    def test_config_file(self):
        port = free_port()
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
            os.fchmod(file.fileno(), 0o644)
            file.write(f"# a comment\n\n  port={port}   # which\nmax_members =  1\n")
            file.flush()
            with Server("--config", file.name, port=None) as running:
                self.assertEqual(running.port, port)
                with Raw(running) as one, Raw(running) as two:
                    one.join("config", "one")
                    two.say("join", room_id="config", sender="two")
                    two.hear_error("room-full")

    def test_hosts(self):
        for host, addresses in (("127.0.0.1", ["127.0.0.1"]), ("localhost", ["127.0.0.1", "::1"]), ("::1", ["::1"]),
                                ("*", ["127.0.0.1", "::1"]),
                                ("0.0.0.0", ["127.0.0.1"]), ("127.0.0.5", ["127.0.0.5"])):
            with self.subTest(host), Server("--host", host) as running:
                for address in addresses:
                    self.assertEqual(running.get("/health", host=address)[0], 200)
                for address in {"127.0.0.1", "::1"} - set(addresses):
                    with self.assertRaises(OSError):
                        socket.create_connection((address, running.port), timeout=SOON).close()

    def test_what_it_says_when_ready(self):
        with Server() as running:
            lines = running.stdout().split("\n")
            self.assertEqual(lines[0], "video-signaling 1.0.0 is ready")
            self.assertIn(f"http://localhost:{running.port}/", running.stdout())
            self.assertIn("Ctrl-C", running.stdout())

    def test_two_at_once(self):
        with Server() as one, Server() as two:
            self.assertNotEqual(one.port, two.port)
            with Raw(one) as a, Raw(two) as b:
                a.join("same-name", "a")
                self.assertEqual(b.join("same-name", "b")["participants"], [])

    @unittest.skipIf(WRAPPER, "a wrapper's own descriptors come in their place")
    def test_closed_standard_descriptors(self):
        """Started by something that gives it no stdin, stdout or stderr: it starts all the same."""
        port = free_port()
        script = 'exec <&- >&- 2>&-; exec "$@"'
        running = Server()
        running.port = port
        running.launch(command=["/bin/sh", "-c", script, "sh", *WRAPPER, BINARY, "--port", str(port)])
        try:
            def answers():
                try:
                    return running.get("/health")[0] == 200
                except OSError:
                    return False
            wait_until(answers, SOON, "an answer")
            with Raw(running) as one, Raw(running) as two:
                one.join("closed", "one")
                two.join("closed", "two")
                one.hear("user-joined")
            running.tree()
            running.send_signal(signal.SIGTERM)
            self.assertEqual(running.assert_gone(), 0)
        finally:
            running.kill()

    def test_descriptors_of_whoever_started_it_are_not_kept(self):
        """What a sloppy parent leaves open reaches none of our processes."""
        with tempfile.NamedTemporaryFile() as secret, socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            with Server().start(pass_fds=(secret.fileno(), other.fileno())) as running:
                with Raw(running) as client:
                    client.join("inherit", "a")
                    for process in running.tree():
                        if process.pid == running.keeper.pid and WRAPPER:
                            continue
                        for name in os.listdir(f"/proc/{process.pid}/fd"):
                            try:
                                target = os.readlink(f"/proc/{process.pid}/fd/{name}")
                            except FileNotFoundError:
                                continue
                            self.assertNotEqual(target, secret.name, process)


class Roles(unittest.TestCase):
    """What each process has open: nothing that it doesn't need."""

    def test_descriptors_of_a_roomd(self):
        with Server() as running:
            if WRAPPER:
                self.skipTest("a wrapper has descriptors of its own")
            running.assert_works()
            warm = running.roles()["warm"][0].descriptors()
            clients = [Raw(running) for _ in range(5)]
            for client in clients[:3]:
                client.join("descriptors", "a")
            clients[3].join("descriptors-2", "a")
            wait_until(lambda: len(running.roles()["room"]) == 2, SOON, running.tree)
            # One socket for each member and no more than a warm one had.
            rooms = sorted(sum(p.descriptors().values()) for p in running.roles()["room"])
            self.assertEqual(rooms, [sum(warm.values()) + 1, sum(warm.values()) + 3], warm)
            self.assertLessEqual(warm["socket"], 1, warm)
            for process in running.roles()["room"] + running.roles()["warm"]:
                for name in os.listdir(f"/proc/{process.pid}/fd"):
                    target = os.readlink(f"/proc/{process.pid}/fd/{name}")
                    self.assertRegex(target, r"^(socket:|anon_inode:|pipe:|/memfd:|/dev/null|.*/std(out|err)$)", target)
            for client in clients:
                client.close()

    def test_memory_of_other_clients(self):
        """A roomd has nothing of what a client of another room said, nor of the lobby."""
        if os.geteuid() != 0:
            self.skipTest("only root may look into another process's memory")
        if WRAPPER or Server.is_sanitized():
            self.skipTest("another's memory is mixed into the process's own")
        marker = "marker-5f1c" + "-in-memory"
        with Server() as running, Raw(running) as one, Raw(running) as two, Raw(running) as three:
            for client in (one, two):
                client.join(f"{marker}-room", f"{marker}-sender")
            one.hear("user-joined")
            one.say("offer", data=f"{marker}-data")
            two.hear("offer")
            three.say("ping", data=f"{marker}-lobby")
            three.hear("pong")
            before = running.roles()
            three.join("another-room", "three")
            three.assert_alive()

            secrets = {f"{marker}{end}".encode() for end in ("-room", "-sender", "-data", "-lobby")}

            def secrets_in(process):
                """Those that stand anywhere in the memory that it has mapped and may read."""
                found = set()
                with open(f"/proc/{process.pid}/maps", encoding="utf-8") as maps:
                    lines = maps.readlines()
                with open(f"/proc/{process.pid}/mem", "rb", 0) as mem:
                    for line in lines:
                        span, rights = line.split()[:2]
                        start, end = (int(x, 16) for x in span.split("-"))
                        if "r" in rights and "[v" not in line:
                            try:
                                mem.seek(start)
                                region = mem.read(end - start)
                            except OSError:
                                continue
                            found |= {secret for secret in secrets if secret in region}
                return found

            rooms = wait_until(
                lambda: len(running.roles()["room"]) == 2 and running.roles()["room"], SOON, running.tree)
            old = {p.pid for p in before["room"]}
            for process in rooms:
                if process.pid in old:
                    self.assertTrue(secrets_in(process), "the search itself is blind")
                else:
                    self.assertEqual(secrets_in(process), set())
            for process in running.roles()["warm"]:
                self.assertEqual(secrets_in(process), set())


if __name__ == "__main__":
    main()
