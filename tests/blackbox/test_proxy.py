#!/usr/bin/python3
"""Behind a proxy: who the client is said to be and who is believed, the PROXY protocol, several listeners, Unix sockets."""
import contextlib
import json
import os
import pathlib
import re
import socket
import stat
import struct
import subprocess
import tempfile
import time
import unittest

import server as servers
from raw import Closed, Raw, say, upgrade_request
from server import SOON, Server, ServerCase, main, wait_until

V2 = b"\r\n\r\n\0\r\nQUIT\n"


def v1(source, port=4711, kind="TCP4", destination="127.0.0.1"):
    return f"PROXY {kind} {source} {destination} {port} 443\r\n".encode()


def v2(source, port=4711, command=0x21, more=b""):
    six = ":" in source
    family = socket.AF_INET6 if six else socket.AF_INET
    addresses = socket.inet_pton(family, source) + socket.inet_pton(family, "::1" if six else "127.0.0.1")
    body = addresses + struct.pack(">HH", port, 443) + more
    return V2 + bytes([command, 0x21 if six else 0x11]) + struct.pack(">H", len(body)) + body


class ProxyServer:
    """A server with a control socket, a PROXY listener, and Unix sockets of both kinds."""

    def __init__(self, *flags):
        self.folder = tempfile.mkdtemp(prefix="video-signaling-test-")
        os.chmod(self.folder, 0o777)  # a server that was started as root removes its sockets as somebody else
        self.unix, self.unix_proxy = f"{self.folder}/http", f"{self.folder}/proxy"
        self.server = Server("--control", f"{self.folder}/control", "--log-level", "debug", "--log-names", "plain", "--listen",
                             f"127.0.0.1:0 proxy, unix:{self.unix} mode=0666, unix:{self.unix_proxy} proxy", *flags)

    def __enter__(self):
        self.server.start()
        self.port = int(re.search(r"also on    127\.0\.0\.1:(\d+), behind the PROXY protocol", self.server.stdout())[1])
        return self

    def __exit__(self, kind, value, traceback):
        self.server.__exit__(kind, value, traceback)
        left = os.listdir(self.folder)
        for name in left:
            os.unlink(f"{self.folder}/{name}")
        os.rmdir(self.folder)
        assert kind or not left, f"{left} are left"

    def address_of(self, client):
        """What operators see as the address of somebody who has joined."""
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(SOON)
            control.connect(f"{self.folder}/control")
            control.sendall(json.dumps({"command": "show", "room": client.room_id}).encode() + b"\n")
            reply = json.loads(control.makefile().readline())
        return [one["address"] for one in reply["members"] if one["client"] == client.client_id][0]

    def seen(self, to=None, before=b"", extra=(), source=None):
        """Joins a room and returns what the server takes for the address."""
        with Raw(self.server, to=to, before=before, extra=extra, source=source) as client:
            client.join("room", "a")
            return self.address_of(client)


class Forwarded(unittest.TestCase):
    def test_only_trusted_ones_are_believed(self):
        with ProxyServer("--trusted-proxies", "127.0.0.2, 127.0.1.0/24, 2001:db8::/32") as p:
            x = "X-Forwarded-For: "
            for headers, wanted in (
                ((x + "192.0.2.1",), "192.0.2.1"), ((x + "6.6.6.6, 192.0.2.1",), "192.0.2.1"),
                ((x + "192.0.2.1:5000",), "192.0.2.1:5000"), ((x + "2001:db9::1",), "2001:db9::1"),
                ((x + "[2001:db9::1]:80",), "[2001:db9::1]:80"), ((x + "6.6.6.6, 192.0.2.1, 127.0.1.7, 2001:db8::9",), "192.0.2.1"),
                ((x + "6.6.6.6", x + "192.0.2.1"), "192.0.2.1"), ((x + "127.0.1.1, 127.0.1.2",), "127.0.1.1"),
                ((x + "garbage\u00e9<>\", 192.0.2.1",), "192.0.2.1"), ((x + ",, 192.0.2.1 , ",), "192.0.2.1"),
                (("Forwarded: for=192.0.2.1;proto=https;by=203.0.113.43",), "192.0.2.1"),
                (('Forwarded: for=6.6.6.6, For="[2001:db9::17]:4711"',), "[2001:db9::17]:4711"),
                (('forwarded: proto=https; for="192.0.2.1:80"',), "192.0.2.1:80"),
                (("Forwarded: for=6.6.6.6", "Forwarded: for=192.0.2.1"), "192.0.2.1"),
                (("Forwarded: for=192.0.2.1", x + "192.0.2.1"), "192.0.2.1"),
            ):
                with self.subTest(headers):
                    self.assertEqual(p.seen(source="127.0.0.2", extra=headers), wanted)
            for headers in ((), (x + "unknown",), (x + "192.0.2.1, unknown",), ("Forwarded: for=_hidden",), (x + "192.0.2.1.5",),
                            ("Forwarded: proto=https",), (x,)):
                with self.subTest(headers):
                    self.assertRegex(p.seen(source="127.0.0.2", extra=headers), r"^127\.0\.0\.2:\d+$")
            # From anybody else, it is air.
            for source in "127.0.0.1", "127.0.0.3", "127.0.2.1":
                for headers in ((x + "192.0.2.1",), ("Forwarded: for=192.0.2.1",), ("Forwarded: for=\"",)):
                    with self.subTest(source=source, headers=headers):
                        self.assertRegex(p.seen(source=source, extra=headers), rf"^{re.escape(source)}:\d+$")

    def test_what_is_refused(self):
        with ProxyServer("--trusted-proxies", "127.0.0.2") as p:
            for headers in (
                ('Forwarded: for="6.6.6.6', ), ('Forwarded: for=6.6.6.6;x=", for=192.0.2.1',), ("Forwarded: for=a;for=b",),
                ("Forwarded: =", ), ("Forwarded: for",), ("Forwarded: for=6.6.6.6", "X-Forwarded-For: 192.0.2.1"),
                ("X-Forwarded-For: 6.6.6.6,", " 192.0.2.1"), ("X-Forwarded-For: 6.6.6.6", "Forwarded: for=unknown"),
                ('Forwarded: for="a\\"b"',), ("X-Forwarded-For: 1.2.3.4",) * 17,
            ):
                with self.subTest(headers), Raw(p.server, upgrade=False, source="127.0.0.2") as client:
                    client.send(upgrade_request(extra=headers))
                    self.assertEqual(client.response().status, 400)

    def test_which_header(self):
        x, f = "X-Forwarded-For: 192.0.2.1", "Forwarded: for=198.51.100.1"
        for which, wanted in ("x-forwarded-for", "192.0.2.1"), ("forwarded", "198.51.100.1"):
            with ProxyServer("--trusted-proxies", "127.0.0.1", "--proxy-header", which) as p:
                self.assertEqual(p.seen(extra=(x, f)), wanted)
                self.assertRegex(p.seen(extra=(f if which[0] == "x" else x,)), r"^127\.0\.0\.1:\d+$")

    def test_limits_count_the_client(self):
        with ProxyServer("--trusted-proxies", "127.0.0.2", "--address-connections", "2") as p, contextlib.ExitStack() as stack:
            def status(address, source="127.0.0.2"):
                client = stack.enter_context(Raw(p.server, upgrade=False, source=source))
                client.send(upgrade_request(extra=(f"X-Forwarded-For: {address}",)))
                return client.response_head().status
            self.assertEqual([status("192.0.2.1") for _ in range(3)], [101, 101, 503])
            self.assertEqual([status("192.0.2.2") for _ in range(3)], [101, 101, 503])
            self.assertEqual([status("2001:db8::1"), status("2001:db8::2"), status("2001:db8::3")], [101, 101, 503])
            # Whoever is not believed is counted as who it is, whatever it says.
            self.assertEqual([status(f"192.0.2.{i}", "127.0.0.9") for i in range(10, 13)], [101, 101, 503])
            self.assertEqual(p.server.get("/health")[0], 200)

    def test_joins_count_the_client(self):
        with ProxyServer("--trusted-proxies", "127.0.0.1", "--join-rate", "1", "--join-burst", "2") as p:
            def refused(address):
                with Raw(p.server, extra=(f"X-Forwarded-For: {address}",)) as client:
                    client.say("join", room_id="r", sender="a")
                    return client.hear()["action"] == "error"
            begun = time.monotonic()
            tries = 0
            while not refused("192.0.2.1"):
                tries += 1
                self.assertLess(tries, 3 + time.monotonic() - begun)
            self.assertFalse(refused("192.0.2.2"))


class ProxyProtocol(unittest.TestCase):
    def test_both_versions(self):
        with ProxyServer() as p:
            for to in p.port, p.unix_proxy:
                for before, wanted in (
                    (v1("192.0.2.1"), "192.0.2.1:4711"), (v1("2001:db8::1", kind="TCP6", destination="::1"), "[2001:db8::1]:4711"),
                    (v2("192.0.2.1"), "192.0.2.1:4711"), (v2("2001:db8::1"), "[2001:db8::1]:4711"),
                    (v2("192.0.2.1", more=b"\x01\0\x02h2" + b"\x20\0\x05\x01\0\0\0\0"), "192.0.2.1:4711"),
                    (v2("192.0.2.1", 65535, more=b"\x04\0\x64" + bytes(100)), "192.0.2.1:65535"),
                ):
                    with self.subTest(to=to, before=before):
                        self.assertEqual(p.seen(to=to, before=before), wanted)
                # The proxy itself.
                own = r"^127\.0\.0\.1:\d+$" if to == p.port else "^unix$"
                for before in (v2("192.0.2.1", command=0x20), V2 + b"\x20\0\0\0", b"PROXY UNKNOWN\r\n", V2 + b"\x21\0\0\0",
                               b"PROXY UNKNOWN ffff:: ffff:: 1 2\r\n", V2 + b"\x21\x31\0\xd8" + bytes(216)):
                    with self.subTest(to=to, before=before):
                        self.assertRegex(p.seen(to=to, before=before), own)

    def test_in_pieces(self):
        with ProxyServer() as p:
            for before in v1("192.0.2.1"), v2("2001:db8::1"):
                with Raw(p.server, to=p.port, upgrade=False) as client:
                    client.send_slowly(before + upgrade_request())
                    self.assertEqual(client.response_head().status, 101)
                    client.join("room", "a")
                    self.assertRegex(p.address_of(client), r"192\.0\.2\.1:4711|\[2001:db8::1\]:4711")

    def test_malformed_ones_are_cut_off(self):
        head = upgrade_request()
        with ProxyServer() as p:
            for before in (
                b"", b"\r\n", v1("192.0.2.256"), v1("192.0.2.1", 65536), v1("192.0.2.1", "+1"), v1("192.0.2.1", "01"),
                v1("192.0.2.1", kind="TCP6"), v1("2001:db8::1"), v1("192.0.2.1", kind="UDP4"), v1("192.0.2.1", kind="tcp4"),
                v1("192.0.2.1").replace(b" ", b"  ", 1), b"PROXY TCP4 192.0.2.1\r\n", b"PROXY\r\n", b"PROXY ", v1("192.0.2.1")[:-2] + b"\n",
                v1("192.0.2.1")[:-2] + b" more\r\n", b"PROXY TCP4 " + b"1" * 100 + b"\r\n", b"proxy TCP4 192.0.2.1 127.0.0.1 1 2\r\n",
                V2[:-1] + b"\x0b", V2 + b"\x11\x11\0\x0c" + bytes(12), V2 + b"\x22\x11\0\x0c" + bytes(12), V2 + b"\x21\x11\0\x0b" + bytes(11),
                V2 + b"\x21\x12\0\x0c" + bytes(12), V2 + b"\x21\x21\0\x0c" + bytes(12), V2 + b"\x21\x41\0\x0c" + bytes(12),
                V2 + b"\x21\x11\xff\xff" + bytes(65535), b"\x16\x03\x01\x02\0\x01",
            ):
                with self.subTest(before[:60]), Raw(p.server, to=p.port, upgrade=False) as client:
                    client.send_lenient(before + head)
                    with self.assertRaises(Closed):
                        client.response_head()
                    self.assertFalse(client.buffer, "an answer")
            # One header, not two.
            with Raw(p.server, to=p.port, upgrade=False) as client:
                client.send(v1("192.0.2.1") * 2 + head)
                self.assertEqual(client.response().status, 400)

    def test_one_that_never_comes(self):
        with ProxyServer("--request-timeout-ms", "300") as p:
            for before in b"", b"PROXY TCP4 192.", V2:
                with Raw(p.server, to=p.port, upgrade=False) as client:
                    client.send(before)
                    client.hear_gone()
            with Raw(p.server, to=p.port, upgrade=False) as client:
                client.send(b"PROXY TCP4 192.")
                client.end_lenient()
                client.hear_gone()

    def test_from_elsewhere(self):
        """Only of those who are named, if any are."""
        with ProxyServer("--trusted-proxies", "127.0.0.2") as p:
            with Raw(p.server, to=p.port, upgrade=False, source="127.0.0.1") as client:
                client.send_lenient(v1("192.0.2.1") + upgrade_request())
                client.hear_gone()
                self.assertFalse(client.buffer)
            self.assertEqual(p.seen(to=p.port, before=v1("192.0.2.1"), source="127.0.0.2"), "192.0.2.1:4711")
            self.assertEqual(p.seen(to=p.unix_proxy, before=v2("192.0.2.1")), "192.0.2.1:4711")

    def test_on_a_listener_that_is_not_for_it(self):
        with ProxyServer() as p:
            for before in v1("192.0.2.1"), v2("192.0.2.1"):
                for to in None, p.unix:
                    with Raw(p.server, to=to, upgrade=False) as client:
                        client.send(before + upgrade_request())
                        self.assertEqual(client.response_head().status, 400)

    def test_limits_count_the_client(self):
        with ProxyServer("--address-connections", "2") as p, contextlib.ExitStack() as stack:
            def status(address):
                client = stack.enter_context(Raw(p.server, upgrade=False, to=p.port, before=v2(address)))
                client.send(upgrade_request())
                return client.response_head().status
            for address in "192.0.2.1", "192.0.2.2", "2001:db8::1":
                self.assertEqual([status(address) for _ in range(3)], [101, 101, 503])

    def test_a_proxy_behind_a_proxy(self):
        with ProxyServer("--trusted-proxies", "127.0.0.1, 10.0.0.0/8") as p:
            x = ("X-Forwarded-For: 192.0.2.1",)
            self.assertEqual(p.seen(to=p.port, before=v2("10.1.2.3"), extra=x), "192.0.2.1")
            self.assertEqual(p.seen(to=p.port, before=v2("11.1.2.3"), extra=x), "11.1.2.3:4711")


class UnixSockets(unittest.TestCase):
    def test_they_are_a_proxys(self):
        with ProxyServer("--address-connections", "2", "--join-rate", "1", "--join-burst", "1") as p:
            self.assertEqual(stat.S_IMODE(os.stat(p.unix).st_mode), 0o666)
            self.assertEqual(stat.S_IMODE(os.stat(p.unix_proxy).st_mode), 0o660)
            self.assertEqual(p.seen(to=p.unix, extra=("X-Forwarded-For: 192.0.2.1",)), "192.0.2.1")
            # Without a word whence they came, they can't be counted.
            for _ in range(4):
                self.assertEqual(p.seen(to=p.unix), "unix")

    def test_two_meet_across_listeners(self):
        with ProxyServer() as p:
            with Raw(p.server, to=p.unix) as one, Raw(p.server) as two, Raw(p.server, to=p.port, before=v1("192.0.2.1")) as three:
                for client, name in (one, "one"), (two, "two"), (three, "three"):
                    client.join("room", name)
                one.hear("user-joined", sender="two")
                one.hear("user-joined", sender="three")
                two.hear("user-joined", sender="three")
                three.say("offer", data={"x": 1.50})
                one.hear("offer", sender="three")
                two.hear("offer", sender="three")
                one.say("leave")
                one.hear("left")
                one.join("other", "one")

    def test_when_the_room_is_lost_they_are_told(self):
        """The kernel does not say where the stream of a Unix socket stands: 1012, and they come back."""
        with ProxyServer() as p:
            with Raw(p.server, to=p.unix) as local, Raw(p.server) as other:
                local.join("room", "local")
                other.join("room", "other")
                local.hear("user-joined")
                p.server.one("room").kill()
                local.hear_close(1012)
                other.hear("user-left", sender="local")
                other.assert_alive()

    def test_stale_and_busy_ones(self):
        with tempfile.TemporaryDirectory(prefix="video-signaling-test-") as folder:
            os.chmod(folder, 0o777)
            path = f"{folder}/s"
            with socket.socket(socket.AF_UNIX) as stale:
                stale.bind(path)
            with Server("--listen", f"unix:{path}") as server:
                with Raw(server, to=path) as client:
                    client.assert_alive()
                self.fails("another program listens there", f"unix:{path}")
            pathlib.Path(path).write_text("not a socket", encoding="ascii")
            self.fails("another program listens there, or it is no socket", f"unix:{path}")
            self.fails("there is no such directory", f"unix:{folder}/none/s")
            self.fails("there is no group no-such-group", f"unix:{folder}/t group=no-such-group")
            self.assertEqual(pathlib.Path(path).read_text(encoding="ascii"), "not a socket")

    def fails(self, words, *listen):
        done = subprocess.run(
            [servers.BINARY, "--port", "0", "--control", "none", "--metrics", "none", "--listen", *listen],
            env=Server().clean_environment(), stdin=subprocess.DEVNULL, capture_output=True, timeout=SOON, check=False, text=True)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn(words, done.stderr)

    def test_nothing_else(self):
        with tempfile.TemporaryDirectory(prefix="video-signaling-test-") as folder:
            path = f"{folder}/s"
            server = Server("--host", "none", "--listen", f"unix:{path}", port=None)
            server.launch()
            try:
                wait_until(lambda: "is ready" in server.stdout(), SOON, server.output)
                self.assertIn(f"also on    {path}", server.stdout())
                with Raw(server, to=path) as client:
                    client.assert_alive()
                sockets = subprocess.run(["ss", "-Hltnp"], capture_output=True, text=True, check=False).stdout \
                    if any(os.access(f"{d}/ss", os.X_OK) for d in os.environ["PATH"].split(":")) else ""
                self.assertNotIn(f"pid={server.keeper.pid},", sockets)
                server.stop()
            finally:
                server.kill()
        self.fails("host = \"none\" (--host) needs listen", "", "--host", "none")
        for bad in "3001", "localhost", "unix:s", "unix:", "127.0.0.1:3001 proxxy", "127.0.0.1:3001 mode=0660", "unix:/s mode=9", "1.2.3:80":
            with self.subTest(bad):
                self.fails("is no list of listeners", bad)


if __name__ == "__main__":
    main()
