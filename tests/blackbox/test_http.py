#!/usr/bin/python3
"""Plain HTTP: health, the demo page's files, and every request that must be refused, politely, and then closed."""
import base64
import html.parser
import pathlib
import re
import socket
import subprocess
import tempfile
import unittest

from client import AsyncServerCase, Client
from raw import Closed, Raw, upgrade_request
from server import PATIENCE, SOON, Server, ServerCase, main

HEALTH = b'{"status":"ok","service":"video-signaling-server","version":"1.0.0"}'


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
        return True
    except OSError:
        return False


class Health(AsyncServerCase):
    def test_health(self):
        status, headers, body = self.server.get("/health")
        self.assertEqual((status, body), (200, HEALTH))
        self.assertEqual(headers["Content-Type"].partition(";")[0], "application/json")
        self.assertEqual(headers["Access-Control-Allow-Origin"], "*")
        self.assertEqual(headers["Content-Length"], str(len(HEALTH)))

    def test_health_for_a_balancer(self):
        """HTTP/1.0, no Host, query strings, headers of all kinds."""
        for request in (
            b"GET /health HTTP/1.0\r\n\r\n", b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n",
            b"GET /health?probe=1 HTTP/1.1\r\nHost: x\r\n\r\n",
            b"GET /health HTTP/1.1\r\nHost: 10.0.0.1:3000\r\nUser-Agent: kube-probe/1.27\r\nAccept: */*\r\n"
            b"Connection: close\r\n\r\n",
            b"GET /health HTTP/1.1\r\nhost: x\r\nORIGIN: https://a.example\r\naccept-encoding: gzip, br\r\n\r\n",
        ):
            with self.subTest(request=request), Raw(self.server, upgrade=False) as client:
                client.send(request)
                response = client.response()
                self.assertEqual((response.status, response.body), (200, HEALTH))
                self.assertEqual(response.headers["access-control-allow-origin"], "*")

    def test_head(self):
        for path in ("/health", "/live", "/", "/video-signaling.js"):
            with self.subTest(path):
                status, headers, body = self.server.get(path)
                self.assertEqual(status, 200)
                with Raw(self.server, upgrade=False) as client:
                    client.send(f"HEAD {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
                    head = client.response_head()
                    self.assertEqual(head.status, 200)
                    self.assertEqual(head.headers.get("content-length"), headers["Content-Length"])
                    self.assertEqual(head.headers.get("content-type"), headers["Content-Type"])
                    client.hear_end()

    def test_live(self):
        self.assertEqual(self.server.get("/live")[0], 200)

    def test_curl(self):
        result = subprocess.run(
            ["curl", "-sS", "-i", "--max-time", str(SOON), f"http://localhost:{self.server.port}/health"],
            capture_output=True,
            check=True)
        head, _, body = result.stdout.partition(b"\r\n\r\n")
        self.assertTrue(head.startswith(b"HTTP/1.1 200"), head)
        self.assertEqual(body, HEALTH)

    def test_connection_is_closed_after_a_plain_response(self):
        for path in ("/health", "/", "/nothing", "/ws"):
            with self.subTest(path), Raw(self.server, upgrade=False) as client:
                client.send(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n".encode())
                client.response()
                client.hear_end()

    def test_pipelined_requests(self):
        """A second request on a connection that ends after the first answer is not answered, and does no harm."""
        with Raw(self.server, upgrade=False) as client:
            client.send_lenient(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n" * 50)
            self.assertEqual(client.response_head().status, 200)
            client.hear_gone()

    def test_keep_alive_then_upgrade_to_something_else(self):
        """What was a use after free in libwebsockets 4.1.6."""
        for _ in range(3):
            with Raw(self.server, upgrade=False) as client:
                client.send_lenient(b"GET /a HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n")
                self.assertEqual(client.response_head().status, 404)
                client.send_lenient(upgrade_request("/").replace(b"websocket", b"foo"))
                client.hear_gone()
            with Raw(self.server, upgrade=False) as client:
                client.send_lenient(b"GET /a HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n"
                                    + upgrade_request("/").replace(b"websocket", b"foo"))
                client.hear_gone()

    @unittest.skipUnless(has_ipv6(), "no IPv6 here")
    async def test_ipv6_too(self):
        self.assertEqual(self.server.get("/health", host="::1")[2], HEALTH)
        four, six = await Client.connect(self.server), await Client.connect(self.server, host="::1")
        await four.join("both-families", "four")
        await six.join("both-families", "six")
        await four.hear_join(six)
        await four.say("offer", data=4)
        await six.hear("offer", data=4, sender="four")


class Refusals(ServerCase):
    def refuse(self, request, *statuses, must_answer=True):
        """The request gets one of the statuses, never a 101, and the connection ends. Returns the response."""
        with Raw(self.server, upgrade=False) as client:
            client.send_lenient(request)
            try:
                response = client.response()
            except Closed:
                if must_answer:
                    raise
                return None
            self.assertIn(response.status, statuses, response)
            client.hear_end()
            return response

    def test_unknown_paths(self):
        for path in ("/nothing", "/health/", "/healthz", "/live/x", "/index.htm", "/a/b/c", "/%00", "/%",
                "/favicon.gif", "/.git/config"):
            with self.subTest(path):
                self.refuse(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode(), 404, 400)
        self.assertEqual(self.server.get("/nothing")[0], 404)

    def test_no_way_out_of_the_folder(self):
        for path in ("/../settings.h", "/../../CMakeLists.txt", "/%2e%2e/settings.h", "/..%2fsettings.h",
                     "//etc/passwd", "/etc/passwd",
                     "/./../settings.h", "/..\\settings.h", "/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
                     "/index.html/../../settings.h",
                     "/....//settings.h", "/video-signaling.js%00.html", "file:///etc/passwd"):
            with self.subTest(path):
                response = self.refuse(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
                                       400, 403, 404, must_answer=False)
                if response:
                    self.assertNotIn(b"root:", response.body)
                    self.assertNotIn(b"SETTINGS", response.body)

    def test_version_8(self):
        for version in ("8", "7", "0", "14", "99", "013", "13x", ""):
            with self.subTest(version):
                response = self.refuse(upgrade_request(version=version), 426, 400)
                if version in ("8", "7", "14"):
                    self.assertEqual(response.status, 426)
                if response.status == 426:
                    self.assertEqual(response.headers.get("sec-websocket-version"), "13")

    def test_no_version(self):
        self.refuse(upgrade_request(without=("Sec-WebSocket-Version",)), 426, 400)

    def test_no_key_or_a_bad_one(self):
        self.refuse(upgrade_request(without=("Sec-WebSocket-Key",)), 400)
        for key in ("", "x", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZQ==dGhl", "!" * 24, "A" * 200,
                    base64.b64encode(b"x" * 15).decode(), base64.b64encode(b"x" * 17).decode()):
            with self.subTest(key):
                self.refuse(upgrade_request(key=key), 400)

    def test_plain_get_of_the_endpoint(self):
        for path in ("/ws", "/ws/room"):
            response = self.refuse(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode(), 426, 400)
            self.assertTrue(response.body or response.status == 426)

    def test_half_an_upgrade(self):
        self.refuse(upgrade_request(without=("Upgrade",)), 426, 400)
        self.refuse(upgrade_request(without=("Connection",)), 426, 400)
        self.refuse(upgrade_request().replace(b"websocket", b"websockets"), 426, 400, must_answer=False)

    def test_upgrade_by_another_method(self):
        for method in ("POST", "PUT", "HEAD", "OPTIONS", "DELETE"):
            with self.subTest(method):
                self.refuse(upgrade_request(method=method), 400, 404, 405, 426, 501, must_answer=False)

    def test_upgrade_elsewhere(self):
        for path in ("/", "/health", "/live", "/nothing", "/video-signaling.js"):
            with self.subTest(path), Raw(self.server, upgrade=False) as client:
                client.send_lenient(upgrade_request(path))
                try:
                    self.assertNotEqual(client.response_head().status, 101)
                except Closed:
                    pass

    def test_h2c(self):
        settings = "AAMAAABkAAQCAAAAAAIAAAAA"
        for extra in ("Connection: Upgrade, HTTP2-Settings", "Connection: Upgrade"):
            for path in ("/", "/health", "/ws"):
                with self.subTest(path), Raw(self.server, upgrade=False) as client:
                    client.send_lenient(f"GET {path} HTTP/1.1\r\nHost: x\r\n{extra}\r\nUpgrade: h2c\r\n"
                                        f"HTTP2-Settings: {settings}\r\n\r\n".encode())
                    try:
                        response = client.response_head()
                        self.assertNotEqual(response.status, 101)
                    except Closed:
                        pass
                    client.hear_gone()

    def test_http2_preface(self):
        with Raw(self.server, upgrade=False) as client:
            client.send_lenient(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0")
            self.assertTrue(not client.ended)
            client.hear_gone()

    def test_other_methods(self):
        for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "FOO", "G" * 5000):
            for path in ("/health", "/", "/ws"):
                with self.subTest(method=method[:10], path=path):
                    self.refuse(f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode(), 400, 403,
                                404, 405, 414, 426,
                                431, 501, must_answer=False)
        self.assertIn(self.server.get("/health", method="POST", body=b"x")[0], (404, 405))

    def test_post_with_a_body(self):
        for body in (b"", b"x" * 100, b"x" * 100000):
            for path in ("/health", "/ws", "/"):
                with self.subTest(path=path, size=len(body)):
                    request = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
                    self.refuse(request, 400, 403, 404, 405, 413, 426, must_answer=False)

    def test_huge_heads(self):
        """Past 8 KiB it is refused or the connection ends, at once: and never upgraded."""
        for size in (9000, 20000, 100000, 1000000):
            for request in (
                b"GET /health HTTP/1.1\r\nHost: x\r\nX-Pad: " + b"x" * size + b"\r\n\r\n",
                b"GET /" + b"x" * size + b" HTTP/1.1\r\nHost: x\r\n\r\n",
                b"GET /health HTTP/1.1\r\nHost: x\r\n" + b"a: b\r\n" * (size // 6) + b"\r\n",
                upgrade_request(extra=(f"Cookie: {'x' * size}",)), upgrade_request(path="/ws?" + "x" * size),
            ):
                with self.subTest(size=size, request=request[:20]):
                    self.refuse(request, 400, 403, 404, 413, 414, 431, must_answer=False)

    def test_heads_that_fit(self):
        """A browser's: cookies and all."""
        with Raw(self.server, upgrade=False) as client:
            client.send(upgrade_request(key="dGhlIHNhbXBsZSBub25jZQ==", extra=(
                f"Cookie: session={'x' * 4000}", "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
                "Origin: https://a.example",
                "Accept-Encoding: gzip, deflate, br", "Accept-Language: de-DE,de;q=0.9", "Cache-Control: no-cache",
                "Pragma: no-cache",
                "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits")))
            client.assert_upgraded(b"dGhlIHNhbXBsZSBub25jZQ==")
            client.assert_alive()

    def test_header_spellings(self):
        """Names and these values in any case, `Connection` as a list (Firefox)."""
        for old, new in ((b"Upgrade: websocket", b"UPGRADE: WebSocket"), (b"Connection: Upgrade",
            b"connection: keep-alive, Upgrade"),
                         (b"Connection: Upgrade", b"Connection:upgrade"), (b"Host: localhost", b"HOST: [::1]:3000")):
            with self.subTest(new), Raw(self.server, upgrade=False) as client:
                client.send(upgrade_request(key="dGhlIHNhbXBsZSBub25jZQ==").replace(old, new))
                client.assert_upgraded(b"dGhlIHNhbXBsZSBub25jZQ==")
                client.assert_alive()

    def test_nonsense(self):
        """Not HTTP at all: refused or cut, within the time for a request, and never an upgrade."""
        for junk in (b"\0" * 100, b"\r\n" * 1000, b"GET\r\n\r\n", b"GET /\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
                     b" GET / HTTP/1.1\r\n\r\n",
                     b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 500, b"SSH-2.0-OpenSSH_9.2\r\n",
                     b"x" * 20000,
                     b"GET / HTTP/1.1\r\nHost\r\n\r\n", b"GET / HTTP/1.1\r\n: x\r\n\r\n",
                     b"GET / HTTP/1.1\nHost: x\n\n",
                     b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
                     b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nGET /health HTTP/1.1\r\nHost: x\r\n\r\n"):
            with self.subTest(junk[:20]), Raw(self.server, upgrade=False) as client:
                client.send_lenient(junk)
                client.end_lenient()
                client.hear_gone(timeout=15 * PATIENCE)
        self.assertEqual(self.server.get("/health")[2], HEALTH)

    def test_ended_inside_the_request(self):
        request = upgrade_request()
        for at in range(0, len(request), 7):
            client = Raw(self.server, upgrade=False)
            client.send(request[:at])
            client.abort() if at % 2 else client.close()
        self.assertEqual(self.server.get("/health")[2], HEALTH)

    def test_ended_right_behind_the_request(self):
        for i in range(60):
            client = Raw(self.server, upgrade=False)
            client.send(upgrade_request())
            client.abort() if i % 2 else client.close()
        self.assertEqual(self.server.get("/health")[2], HEALTH)


class Links(html.parser.HTMLParser):
    """What a page loads, and what it has inline."""

    def __init__(self):
        super().__init__()
        self.urls, self.inline, self.language, self.inside = [], [], None, None

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.inside = tag
        if tag == "html":
            self.language = values.get("lang")
        if tag in ("script", "img", "source", "iframe") and "src" in values:
            self.urls.append(values["src"])
        if tag == "link" and "href" in values:
            self.urls.append(values["href"])
        self.inline += [name for name in values if name.startswith("on") or name == "style"]
        if tag == "style" or tag == "script" and "src" not in values:
            self.inline.append(tag)


class DemoPage(ServerCase):
    TYPES = {".js": "javascript", ".css": "text/css", ".svg": "image/svg+xml", ".html": "text/html",
             ".png": "image/png",
             ".ico": "image/", ".ts": ""}

    def test_page(self):
        status, headers, body = self.server.get("/")
        self.assertEqual(status, 200)
        self.assertRegex(headers["Content-Type"].lower(), r"^text/html; *charset=utf-8$")
        self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
        text = body.decode("utf-8")
        links = Links()
        links.feed(text)
        self.assertTrue(links.language)
        self.assertEqual(links.inline, [], "inline code or style, which a strict policy forbids")
        for url in links.urls:
            with self.subTest(url):
                self.assertNotRegex(url, r"^(\w+:)?//", "another origin")
                self.check_file("/" + url.lstrip("./"))

    def check_file(self, path):
        status, headers, body = self.server.get(path)
        self.assertEqual(status, 200, path)
        self.assertGreater(len(body), 0)
        self.assertEqual(headers["Content-Length"], str(len(body)))
        self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
        self.assertIn(self.TYPES[pathlib.PurePath(path).suffix], headers["Content-Type"])
        return body.decode("utf-8")

    def test_module_for_front_ends_and_all_it_imports(self):
        seen, todo = set(), ["/video-signaling.js"]
        links = Links()
        links.feed(self.server.get("/")[2].decode())
        todo += ["/" + url.lstrip("./") for url in links.urls if url.endswith(".js")]
        while todo:
            path = todo.pop()
            if path in seen:
                continue
            seen.add(path)
            text = self.check_file(path)
            for target in re.findall(r"""^\s*(?:import|(?:import|export)\b[^;'"]*?\bfrom)\s*['"]([^'"]+)['"]""", text,
                    re.MULTILINE):
                self.assertRegex(target, r"^\.?/", f"{path} imports {target}")
                todo.append("/" + target.lstrip("./"))
            self.assertNotRegex(text, r"""(from|import\(?)\s*['"]https?:""")

    def test_content_security_policy(self):
        policy = self.server.get("/")[1]["Content-Security-Policy"]
        directives = {part.split()[0]: part.split()[1:] for part in policy.split(";") if part.strip()}
        self.assertIn(directives["default-src"], (["'none'"], ["'self'"]))
        for name, sources in directives.items():
            for source in sources:
                self.assertNotIn(source, ("'unsafe-inline'", "'unsafe-eval'", "*", "http:", "https:", "data:",
                    "'unsafe-hashes'")
                                 if name in ("default-src", "script-src", "style-src", "object-src",
                                 "base-uri") else ("*",), policy)
        self.assertIn(directives.get("object-src", directives["default-src"]), (["'none'"],))
        self.assertEqual(directives.get("frame-ancestors"), ["'none'"], policy)
        self.assertIn("base-uri", directives)

    def test_page_and_index_are_the_same(self):
        self.assertEqual(self.server.get("/")[2], self.server.get("/?x=1")[2])

    def test_every_response_is_hardened(self):
        for path in ("/", "/nothing", "/video-signaling.js", "/health"):
            self.assertEqual(self.server.get(path)[1]["X-Content-Type-Options"], "nosniff", path)


class OtherPages(unittest.TestCase):
    def test_none(self):
        with Server("--www", "none") as server:
            self.assertEqual(server.get("/")[0], 404)
            self.assertEqual(server.get("/video-signaling.js")[0], 404)
            self.assertEqual(server.get("/health")[2], HEALTH)
            with Raw(server) as client:
                client.join("no-page", "a")

    def test_another_folder(self):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder).chmod(0o755)
            pathlib.Path(folder, "index.html").write_text("<!doctype html><title>ours</title>")
            pathlib.Path(folder, "big.js").write_text("// " + "x" * 500000)
            pathlib.Path(folder, ".hidden").write_text("hidden")
            pathlib.Path(folder, "link.txt").symlink_to("/etc/passwd")
            with Server("--www", folder) as server:
                self.assertEqual(server.get("/")[2], b"<!doctype html><title>ours</title>")
                self.assertEqual(len(server.get("/big.js")[2]), 500003)
                self.assertEqual(server.get("/.hidden")[0], 404)
                self.assertNotIn(b"root:", server.get("/link.txt")[2])


if __name__ == "__main__":
    main()
