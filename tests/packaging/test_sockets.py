"""
test_sockets PROGRAM - the server as a service manager starts it: sockets passed by name, and what it says of itself.

The service manager is this test; it knows sd_listen_fds(3) and sd_notify(3) from their manual pages alone.
"""
import http.client
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv.pop(1)
SOON = 20


class Manager(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.notified.close)
        self.notified.bind(f"{self.folder.name}/notify")
        self.notified.settimeout(SOON)
        self.server = None

    def tearDown(self):
        self.stop()

    def stop(self):
        if self.server and self.server.poll() is None:
            self.server.terminate()
            self.server.communicate(timeout=SOON)

    def listener(self, listen=True, kind=socket.SOCK_STREAM, family=socket.AF_INET):
        made = socket.socket(family, kind)
        self.addCleanup(made.close)
        if family == socket.AF_UNIX:
            made.bind(f"{self.folder.name}/client")
        else:
            made.bind(("127.0.0.1", 0))
        if listen:
            made.listen()
        return made

    def start(self, listeners, *flags, names="client", **environment):
        """Starts the server with these as its descriptors from 3 on."""
        self.stop()
        fds = [each.fileno() for each in listeners]
        # LISTEN_PID is only known in the child: a shell says it, and becomes the server.
        above = max(fds, default=3) + 50
        for i, fd in enumerate(fds):  # out of each other's way first
            os.dup2(fd, above + i)
        moves = "".join(f"exec {3 + i}<&{above + i}; exec {above + i}<&-; " for i in range(len(fds)))
        self.server = subprocess.Popen(
            ["bash", "-c", f'{moves}LISTEN_PID=$$ exec "$0" "$@"', PROGRAM, *flags],
            env={"PATH": os.environ["PATH"], "NOTIFY_SOCKET": f"{self.folder.name}/notify", "LISTEN_FDNAMES": names,
                 "LISTEN_FDS": str(len(fds)), "VIDEO_SIGNALING_POOL_SIZE": "1", **environment},
            pass_fds=[above + i for i in range(len(fds))], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, cwd="/")
        for i in range(len(fds)):
            os.close(above + i)

    def heard(self):
        return self.notified.recv(4096).decode().split("\n")

    def ends(self, status):
        out, err = self.server.communicate(timeout=SOON)
        self.assertEqual(self.server.returncode, status, out + err)
        return out, err

    def health(self, port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SOON)
        connection.request("GET", "/health")
        status = connection.getresponse().status
        connection.close()
        return status

    def test_serves_what_was_passed(self):
        one, two = self.listener(), self.listener()
        self.start([one, two], names="client:client")
        self.assertEqual(self.heard(), ["READY=1", "STATUS=Serving"])
        for each in one, two:
            self.assertEqual(self.health(each.getsockname()[1]), 200)
        self.server.send_signal(signal.SIGTERM)
        self.assertIn("STOPPING=1", self.heard())
        out, _ = self.ends(0)
        self.assertEqual(out, "", "a service has no banner")

    def test_gives_signs_of_life(self):
        self.start([self.listener()], WATCHDOG_USEC="300000")
        heard = [self.heard() for _ in range(6)]
        self.assertGreaterEqual(heard.count(["WATCHDOG=1"]), 5, heard)

    def test_says_that_a_broker_was_lost(self):
        self.start([self.listener()])
        self.heard()
        children = pathlib.Path(f"/proc/{self.server.pid}/task/{self.server.pid}/children").read_text().split()
        broker = [pid for pid in children if b"broker" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()]
        os.kill(int(broker[0]), signal.SIGKILL)
        self.assertEqual(self.heard(), ["STATUS=The broker was lost; another is being started"])
        self.assertEqual(self.heard(), ["STATUS=Serving"])

    def test_a_setting_must_agree(self):
        passed = self.listener()
        port = passed.getsockname()[1]
        for flags in (["--port", str(port)], ["--host", "127.0.0.1"], ["--host", "localhost"]):
            self.start([passed], "-n", *flags)
            self.ends(0)
        for flags in (["--port", "1"], ["--host", "*"], ["--host", "::1"], ["-n", "--port", "1"]):
            self.start([passed], *flags)
            _, err = self.ends(1)
            self.assertIn(f"disagrees with the socket that the service manager made, which is 127.0.0.1 port {port}", err)

    def test_a_proxys_socket(self):
        passed, proxy = self.listener(), self.listener()
        port = str(passed.getsockname()[1])
        self.start([passed, proxy], "-n", "--port", port, names="client:client-proxy")
        self.ends(0)
        self.start([passed, proxy], "-n", "--listen", "127.0.0.1:1 proxy", names="client:client-proxy")
        self.assertIn("disagrees", self.ends(1)[1])
        self.assertIn("STATUS=listen", self.heard()[0], "the manager is told why, too")
        self.start([passed, proxy], "--port", port, names="client:client-proxy")
        self.assertEqual(self.heard()[0], "READY=1")
        self.assertEqual(self.health(passed.getsockname()[1]), 200)
        with socket.create_connection(proxy.getsockname(), SOON) as client:
            client.sendall(b"PROXY TCP4 192.0.2.1 192.0.2.2 5 6\r\nGET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            self.assertIn(b"200", client.recv(4096))

    def test_a_unix_socket_will_do(self):
        passed = self.listener(family=socket.AF_UNIX)
        self.start([passed])
        self.assertEqual(self.heard()[0], "READY=1")
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(SOON)
            client.connect(passed.getsockname())
            client.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            self.assertIn(b"200", client.recv(4096))
        self.start([passed], "-n", "--port", "1")
        self.assertIn("a Unix socket", self.ends(1)[1])

    def test_what_is_no_listener(self):
        for wrong in self.listener(listen=False), self.listener(listen=False, kind=socket.SOCK_DGRAM):
            self.start([wrong])
            self.assertIn("no listening stream socket", self.ends(1)[1])

    def test_what_has_another_name(self):
        self.start([self.listener()], names="we\x1bird")
        self.assertIn('a descriptor called "we\\x1bird"', self.ends(1)[1])
        self.start([self.listener(), self.listener()], names="metrics:metrics")
        self.assertIn('"metrics" twice', self.ends(1)[1])
        self.start([self.listener(listen=False)], names="control")
        self.assertIn('"control" that is no listening stream socket', self.ends(1)[1])

    def test_the_operators_sockets(self):
        client, metrics, control = self.listener(), self.listener(), self.listener(family=socket.AF_UNIX)
        self.start([metrics, control, client], names="metrics:control:client")
        self.assertEqual(self.heard()[0], "READY=1")
        connection = http.client.HTTPConnection("127.0.0.1", metrics.getsockname()[1], timeout=SOON)
        connection.request("GET", "/metrics")
        self.assertIn(b"video_signaling", connection.getresponse().read())
        connection.close()
        with socket.socket(socket.AF_UNIX) as operator:
            operator.connect(control.getsockname())
        self.assertEqual(self.health(client.getsockname()[1]), 200)
        for flag, where in (("--metrics", "127.0.0.1:%d" % metrics.getsockname()[1]), ("--control", control.getsockname())):
            self.start([metrics, control, client], flag, "none", names="metrics:control:client")
            self.assertIn(f"disagrees with the socket that the service manager made, which is {where}", self.ends(1)[1])
        self.assertTrue(os.path.exists(control.getsockname()), "the socket's file is the manager's")

    def test_what_was_meant_for_another(self):
        self.start([self.listener()], "-n", "--port", "1", LISTEN_FDS="0")
        self.ends(0)


unittest.main()
