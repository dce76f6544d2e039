"""What Prometheus finds at /metrics, and that the dashboard and the alerts ask for nothing else."""
import json
import re
import shutil
import socket
import subprocess
import unittest
import urllib.error
import urllib.request

from operator_client import Operated
from raw import Raw
from server import SOON, TREE, UNBOUNDED, Server, main, wait_until

PROMETHEUS = TREE / "packaging/prometheus"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Metered(Operated):
    def __init__(self, *flags):
        self.metrics_port = free_port()
        super().__init__("--metrics", f"127.0.0.1:{self.metrics_port}", *flags)

    def fetch(self, path="/metrics", method="GET"):
        request = urllib.request.Request(f"http://127.0.0.1:{self.metrics_port}{path}", method=method)
        with urllib.request.urlopen(request, timeout=SOON) as response:
            self.headers = response.headers
            return response.read().decode()

    def metrics(self):
        """{'name{label="x"}': value}, without the prefix."""
        found = {}
        for line in self.fetch().split("\n"):
            if line and not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                found[name.removeprefix("video_signaling_")] = float(value)
        return found


class Metrics(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Metered(*UNBOUNDED).start()
        cls.addClassCleanup(cls.server.kill)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def tearDown(self):
        self.server.assert_works()

    def test_they_count(self):
        before = self.server.metrics()
        with Raw(self.server) as alice, Raw(self.server) as bob:
            alice.join("a-secret-room", "a-secret-label")
            bob.join("a-secret-room", "another-label")
            alice.hear("user-joined")
            alice.say("offer", data="12345")
            bob.hear("offer")
            bob.say("leave", target=1)
            bob.hear("left")
            alice.say("offer", data=1, target="nobody")
            alice.hear("user-left")
            alice.hear_error("no-such-target")
            bob.say("offer", data=1)
            bob.hear_error("not-in-room")
            now = self.server.metrics()
            text = self.server.fetch()

            def grown(name):
                return now[name] - before[name]

            self.assertEqual(grown("joins_total"), 2)
            self.assertEqual(grown("relayed_messages_total{action=\"offer\"}"), 1)
            self.assertEqual(grown("relayed_bytes_total{action=\"offer\"}"), 7)
            self.assertEqual(grown("left_total{reason=\"leave\"}"), 1)
            self.assertEqual(grown("refusals_total{code=\"no-such-target\"}"), 1)
            self.assertEqual(grown("refusals_total{code=\"not-in-room\"}"), 1)
            self.assertEqual(grown("join_seconds_count"), 2)
            self.assertEqual(grown("join_seconds_bucket{le=\"+Inf\"}"), 2)
            self.assertEqual((now["rooms"], now["members"], now["lobby"]), (1, 1, 1))
            self.assertGreater(now["process_memory_bytes{kind=\"broker\"}"], 10000)
            self.assertNotIn("secret", text)
            self.assertNotIn(alice.client_id, text)
        wait_until(lambda: self.server.metrics()["rooms"] == 0, SOON, "no room")
        after = self.server.metrics()
        for name in now:
            if "_total" in name or name.endswith("_count"):
                self.assertGreaterEqual(after[name], now[name], f"{name} has gone back")

    def test_promtool(self):
        if not shutil.which("promtool"):
            self.skipTest("promtool is missing")
        done = subprocess.run(["promtool", "check", "metrics"], input=self.server.fetch(), capture_output=True, text=True,
                              check=False)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))
        done = subprocess.run(["promtool", "check", "rules", PROMETHEUS / "video-signaling.rules.yml"], capture_output=True,
                              text=True, check=False)
        self.assertEqual(done.returncode, 0, done)

    def test_dashboard_and_alerts_ask_for_what_there_is(self):
        there = {line.split()[2] for line in self.server.fetch().split("\n") if line.startswith("# TYPE")}
        there |= {name + ending for name in there for ending in ("_bucket", "_count", "_sum")}
        there.add("video_signaling_memory_bytes")  # where there is a control group
        json.loads((PROMETHEUS / "video-signaling-dashboard.json").read_text())
        for name in ("video-signaling-dashboard.json", "video-signaling.rules.yml"):
            asked = set(re.findall(r"\bvideo_signaling_\w+", (PROMETHEUS / name).read_text()))
            self.assertGreater(len(asked), 5)
            self.assertEqual(asked - there, set(), name)

    def test_http(self):
        self.server.fetch()
        self.assertTrue(self.server.headers["Content-Type"].startswith("text/plain; version=0.0.4"))
        self.assertEqual(self.server.fetch(method="HEAD"), "")
        for path, method, status in (("/", "GET", 404), ("/metricsx", "GET", 404), ("/metrics", "POST", 405)):
            with self.assertRaises(urllib.error.HTTPError) as caught:
                self.server.fetch(path, method)
            self.assertEqual(caught.exception.code, status)

    def test_slow_and_hostile_collectors(self):
        slow = [socket.create_connection(("127.0.0.1", self.server.metrics_port)) for _ in range(40)]
        for one in slow[:20]:
            one.sendall(b"GET /metrics HTTP/1.1\r\nHost:")
        slow[20].sendall(b"\xff" * 5000)
        with Raw(self.server) as client:
            client.join("meanwhile", "x")
        self.assertIn("build_info", self.server.fetch())  # as soon as they are cut off
        for one in slow:
            one.close()


class Listener(unittest.TestCase):
    def test_none(self):
        with Server() as server:
            self.assertNotIn("metrics", server.stderr())

    def test_taken(self):
        """By default it is done without; what was asked for must be had."""
        with Metered() as first:
            second = Server("--metrics", f"127.0.0.1:{first.metrics_port}")
            with self.assertRaisesRegex(AssertionError, "metrics: cannot listen on 127.0.0.1"):
                second.start()
            second.kill()

    def test_nonsense(self):
        for value in ("9464", "nowhere:1", "127.0.0.1:", "127.0.0.1:99999", "::1:9464", "[::1]"):
            second = Server("--metrics", value)
            with self.assertRaisesRegex(AssertionError, "is no address and port"):
                second.start()
            second.kill()


if __name__ == "__main__":
    main()
