#!/usr/bin/python3
"""Who may come in: access tokens in `join` and in the handshake, the end of a session, origins, roomctl token."""
import base64
import hashlib
import hmac
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest

import jwt

import raw
import server as servers
from raw import Raw, upgrade_request
from server import SOON, UNBOUNDED, WRAPPER, Server, ServerCase, main, wait_until
from tokens import Keys

ROOMCTL = os.path.join(os.path.dirname(servers.BINARY), "roomctl")


def offer(token, *before):
    return (f"Sec-WebSocket-Protocol: {', '.join([*before, 'token.' + token])}",)


class KeyedCase(ServerCase):
    """One server with keys; everything that its tests show it is looked for in its output at the end."""

    more_flags = ()

    @classmethod
    def setUpClass(cls):
        cls.keys = Keys()
        cls.addClassCleanup(lambda: cls.keys.__exit__())
        cls.flags = (*cls.keys.flags(), "--log-level", "trace", "--log-names", "plain", *cls.more_flags)
        cls.shown = []
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        output = cls.server.output()
        super().tearDownClass()
        for token in cls.shown:
            for part in token.split("."):
                assert len(part) < 8 or part not in output, f"{part} of a token is in the server's output"

    def token(self, *args, **kwargs):
        token = self.keys.token(*args, **kwargs)
        self.shown.append(token)
        return token

    def refused(self, client, room, token, words):
        """The join is refused, with these words and nothing of what would be right."""
        if isinstance(token, str):
            self.shown.append(token)
        client.say("join", room_id=room, sender="x", **({} if token is None else {"token": token}))
        error = client.hear_error("unauthorized")
        self.assertIn(words, error["details"])
        for word in {room, *self.keys.signing}:
            self.assertNotIn(f"\"{word}\"", error["details"])
        return error


class Tokens(KeyedCase):
    more_flags = ("--bad-messages-max", "0")

    def test_each_algorithm_and_the_label_is_the_tokens(self):
        for kid in self.keys.signing:
            for with_kid in True, False:
                with self.subTest(kid=kid, with_kid=with_kid), Raw(self.server) as client, Raw(self.server) as other:
                    token = self.token("consult-42", f"doctor-{kid}", kid=kid, with_kid=with_kid)
                    client.say("join", room_id="consult-42", sender="an impostor", token=token)
                    client.hear("joined", sender=f"doctor-{kid}")
                    other.say("join", room_id="consult-42", sender="x", token=self.token("consult-*", "patient"))
                    joined = other.hear("joined", sender="patient")
                    self.assertEqual([one["sender"] for one in joined["participants"]], [f"doctor-{kid}"])
                    client.hear("user-joined", sender="patient")
                    client.say("offer", data=1, sender="an impostor")
                    other.hear("offer", sender=f"doctor-{kid}")

    def test_bad_ones(self):
        good = self.token("room", "a")
        head, body, signature = good.split(".")
        none = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
        with Raw(self.server) as client:
            for token, words in (
                (None, "lets nobody in without"), ("", "lets nobody in without"), ("x", "not a signed JWT"),
                (5, "not a signed JWT"), ({}, "not a signed JWT"), ([], "not a signed JWT"),
                (f"{none}.{body}.", "algorithm is not accepted"), (f"{head}.{body}.", "signature is wrong"),
                (good[:-4], "signature is wrong"), (f"{head}.{body}.{signature[::-1]}", "signature is wrong"),
                (self.token("room", "a", ttl=-31), "has expired"), (self.token("room", "a", nbf=int(time.time()) + 60), "not valid yet"),
                (self.token("other", "a"), "for another room"), (self.token("room*x", "a"), "for another room"),
                (self.token("room", "a", padding="x" * 5000), "too long"), (self.token("room", "a\n"), "whose it is"),
                (self.token("room", "a", kid="one").replace(head, "e30"), "not a signed JWT"),
                (jwt.encode({"room": "room", "sub": "a", "exp": 2**40}, "another secret, which nobody knows of"), "signature is wrong"),
            ):
                with self.subTest(words=words):
                    self.refused(client, "room", token, words)
            # The connection is as it was.
            client.say("join", room_id="room", sender="x", token=good)
            client.hear("joined", sender="a")

    def test_twice(self):
        with Raw(self.server) as client:
            token = self.token("room", "a")
            client.say_text(f'{{"action":"join","room_id":"room","sender":"a","token":"{token}","token":"{token}"}}')
            self.assertIn("token", client.hear_error("invalid-field")["details"])

    def test_another_room_after_leaving(self):
        with Raw(self.server) as client:
            client.say("join", room_id="one", sender="x", token=self.token("one", "a"))
            client.hear("joined", sender="a")
            client.say("leave")
            client.hear("left")
            self.refused(client, "one", None, "lets nobody in without")
            client.say("join", room_id="two", sender="x", token=self.token("two", "b"))
            client.hear("joined", sender="b")

    # In the handshake

    def test_in_the_handshake(self):
        token = self.token("consult-*", "doctor")
        with Raw(self.server, extra=offer(token, "video-signaling")) as client:
            self.assertEqual(client.upgraded.headers.get("sec-websocket-protocol"), "video-signaling")
            self.refused(client, "ward-1", None, "for another room")
            client.say("join", room_id="consult-1", sender="x")
            client.hear("joined", sender="doctor")
            client.say("leave")
            client.hear("left")
            client.say("join", room_id="consult-2", sender="x")
            client.hear("joined", sender="doctor")

    def test_never_sent_back(self):
        for before in ("token-ring",), ():
            with Raw(self.server, extra=offer(self.token("a", "a"), *before)) as client:
                self.assertEqual(client.upgraded.headers.get("sec-websocket-protocol"), before[0] if before else None)
        with Raw(self.server, extra=(f"Sec-WebSocket-Protocol: token.{self.token()}, second",)) as client:
            self.assertEqual(client.upgraded.headers.get("sec-websocket-protocol"), "second")

    def test_refused_before_the_upgrade(self):
        good = self.token("room", "a")
        for token, path, words in (
            (good[:-2], "/ws", b"signature is wrong"), (self.token("room", "a", ttl=-60), "/ws", b"has expired"),
            (self.token("room", "a", nbf=int(time.time()) + 60), "/ws", b"not valid yet"), ("x", "/ws", b"not a signed JWT"),
            (good, "/ws/other", b"for another room"), ("a" * 4097, "/ws", b"too long"),
        ):
            with self.subTest(words=words), Raw(self.server, upgrade=False) as client:
                client.send(upgrade_request(path, extra=offer(token, "v1")))
                response = client.response()
                self.assertEqual(response.status, 401)
                self.assertIn(words, response.body)
                self.assertEqual(response.headers["www-authenticate"], 'Bearer error="invalid_token"')
                self.assertNotIn(b"room-", response.body)
        with Raw(self.server, path="/ws/room", extra=offer(good, "v1")) as client:
            client.say("join", room_id="room", sender="x")
            client.hear("joined", sender="a")
        with Raw(self.server, upgrade=False) as client:
            client.send(upgrade_request(extra=offer(good, f"token.{good}")))
            self.assertEqual(client.response().status, 400)

    def test_it_may_end_in_the_lobby(self):
        with Raw(self.server, extra=offer(self.token("room", "a", ttl=-28), "v1")) as client:
            wait_until(lambda: time.time() % 1 > 0 and self.asked(client), SOON, "an expired token")

    def asked(self, client):
        client.say("join", room_id="room", sender="x")
        message = client.hear()
        if message["action"] == "joined":
            client.say("leave")
            client.hear("left")
            time.sleep(0.1)
            return False
        return message["code"] == "unauthorized" and "has expired" in message["details"]


class ManyFailures(KeyedCase):
    more_flags = ("--join-rate", "1", "--join-burst", "5")

    def test_guesses_are_joins_of_their_address(self):
        """However many connections they come by, and in the handshake too."""
        begun = time.monotonic()
        codes = []
        while "rate-limited" not in codes:
            with Raw(self.server) as client:
                client.say("join", room_id="room", sender="x", token="a.b.c")
                codes.append(client.hear("error")["code"])
            self.assertLess(len(codes), 7 + time.monotonic() - begun)
        self.assertIn("unauthorized", codes)
        with Raw(self.server, upgrade=False) as client:
            client.send(upgrade_request(extra=offer(self.token("room", "a"), "v1")))
            self.assertIn(client.response().status, (503, 101))


class Sessions(KeyedCase):
    more_flags = ("--token-expiry", "session", "--token-leeway", "0")

    def test_a_session_ends_with_its_token(self):
        with Raw(self.server) as client, Raw(self.server) as other:
            other.say("join", room_id="room", sender="x", token=self.token("room", "other"))
            other.hear("joined")
            begun = time.time()
            client.say("join", room_id="room", sender="x", token=self.token("room", "short", ttl=2))
            client.hear("joined")
            other.hear("user-joined")
            try:
                client.message()
                self.fail("a message where the end was expected")
            except raw.Closed as closed:
                self.assertEqual((closed.code, closed.reason), (1008, "the token ended"))
            self.assertGreater(time.time() - begun, 0.9)
            other.hear("user-left", sender="short", reason="timeout")
            other.assert_alive()

    def test_it_outlives_the_rooms_process(self):
        with Raw(self.server) as client:
            client.say("join", room_id="healed", sender="x", token=self.token("healed", "short", ttl=3))
            client.hear("joined")
            room = self.server.one("room")
            room.kill()
            client.assert_alive()
            client.hear_close(1008)

    def test_resuming_does_not_prolong_it(self):
        """And a seat that is kept for somebody whose token ends is kept no longer."""
        for comes_back in True, False:
            with self.subTest(comes_back), Raw(self.server) as other:
                room = f"resumed-{comes_back}"
                other.say("join", room_id=room, sender="x", token=self.token(room, "other"))
                other.hear("joined")
                client = Raw(self.server)
                client.say("join", room_id=room, sender="x", resume=True, token=self.token(room, "short", ttl=6))
                joined = client.hear("joined")
                other.hear("user-joined")
                client.abort()
                other.hear("user-suspended")
                if comes_back:
                    with Raw(self.server) as again:
                        again.say("resume", resume=joined["resume"], seq=0)
                        again.hear("resumed")
                        again.hear_close(1008)
                    other.hear("user-resumed")
                other.hear("user-left", sender="short", reason="timeout")

    def test_expired_by_a_second(self):
        with Raw(self.server) as client:
            self.refused(client, "room", self.token("room", "a", ttl=-1), "has expired")
            client.say("join", room_id="room", sender="x", token=self.token("room", "a", ttl=60))
            client.hear("joined")


class IssuerAndAudience(KeyedCase):
    more_flags = ("--token-issuer", "clinic", "--token-audience", "video", "--token-algorithms", "ES256,EdDSA")

    def test_they_are_looked_at(self):
        with Raw(self.server) as client:
            self.refused(client, "room", self.token("room", "a", kid="curve"), "issuer is not accepted")
            self.refused(client, "room", self.token("room", "a", kid="curve", iss="klinik"), "issuer is not accepted")
            self.refused(client, "room", self.token("room", "a", kid="curve", iss="clinic"), "for another service")
            self.refused(client, "room", self.token("room", "a", iss="clinic", aud="video"), "algorithm is not accepted")
            client.say("join", room_id="room", sender="x",
                       token=self.token("room", "a", kid="edwards", iss="clinic", aud=["audio", "video"]))
            client.hear("joined", sender="a")


class KeyFiles(unittest.TestCase):
    def start_fails(self, keys, words, *flags):
        for check in (), ("-n",):
            done = subprocess.run(
                [servers.BINARY, "--port", "0", "--control", "none", "--metrics", "none", *keys.flags(), *flags, *check],
                env=Server().clean_environment(), stdin=subprocess.DEVNULL, capture_output=True, timeout=SOON, check=False, text=True)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn(words, done.stderr)
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)

    def test_those_that_others_can_read_are_refused(self):
        for mode in 0o604, 0o644, 0o640 | 0o002, 0o660:
            with self.subTest(oct(mode)), Keys() as keys:
                keys.add("two", "HS256", mode)
                self.start_fails(keys, "two.secret can be")
        with Keys() as keys:
            keys.path("curve.pem").chmod(0o644)
            self.start_fails(keys, "curve.pem can be read by others")
        with Keys() as keys:
            os.chmod(keys.folder, 0o777)
            self.start_fails(keys, "can be written by others")

    def test_what_is_no_key(self):
        with Keys() as keys:
            keys.write("short.secret", b"too short")
            self.start_fails(keys, "short.secret holds less than 32 bytes")
        with Keys() as keys:
            keys.write("odd.pem", b"nothing")
            self.start_fails(keys, "odd.pem holds no public key")
        with Keys() as keys:
            for kid in list(keys.signing):
                keys.remove(kid)
            self.start_fails(keys, "holds no key")
            keys.write("README", b"not a key")
            self.start_fails(keys, "holds no key")
        with Keys() as keys:
            self.start_fails(keys, "No such file or directory", "--token-keys", keys.folder + "/none")
            self.start_fails(keys, "auth = token (--auth) needs token_keys", "--token-keys", "")
            for i in range(17):
                keys.add(f"many-{i}", "HS256")
            self.start_fails(keys, "more than 16 keys")

    def test_one_file(self):
        with Keys() as keys, Server("--auth", "token", "--token-keys", str(keys.path("curve.pem"))) as server:
            with Raw(server) as client:
                client.say("join", room_id="room", sender="x", token=keys.token("room", "a", kid="curve"))
                client.hear("joined")


class Rotation(unittest.TestCase):
    """Keys change while the server runs and people come and go."""

    def reload(self, server, word="reload"):
        before = server.output().count(f"keeper: {word}")
        brokers = {p.pid for p in server.roles()["broker"]}
        server.send_signal(signal.SIGHUP)
        wait_until(lambda: server.output().count(f"keeper: {word}") > before, SOON, server.output)
        if word == "reload":
            wait_until(lambda: (now := {p.pid for p in server.roles()["broker"]}) and not now & brokers and len(now) == 1,
                       SOON, server.output)

    def joins(self, server, token):
        """Is it let in? Whoever comes while one broker hands over to the next waits, and no more."""
        with Raw(server) as client:
            client.say("join", room_id="busy", sender="x", token=token)
            return client.hear()["action"] == "joined"

    def test_under_load(self):
        with Keys() as keys, Server(*keys.flags(), *UNBOUNDED) as server, Raw(server) as member, \
                Raw(server, extra=offer(keys.token("lobby", "b"), "v1")) as waiting:
            member.say("join", room_id="still", sender="x", token=keys.token("still", "a"))
            member.hear("joined")
            at_work = {"kid": "one"}
            failures, done, rounds = [], threading.Event(), [0] * 4

            def come_and_go(number):
                while not done.is_set():
                    rounds[number] += 1
                    try:
                        if not self.joins(server, keys.token("busy", "c", kid=at_work["kid"])):
                            failures.append("refused")
                    except Exception as error:  # pylint: disable=broad-except
                        failures.append(repr(error))

            threads = [threading.Thread(target=come_and_go, args=(number,)) for number in range(4)]
            for thread in threads:
                thread.start()
            try:
                for old, new, algorithm in ("one", "two", "HS256"), ("two", "three", "ES256"), ("three", "four", "EdDSA"):
                    self.assertNotIn(new, keys.signing)
                    keys.add(new, algorithm)
                    self.assertFalse(self.joins(server, keys.token("busy", "d", kid=new)))
                    self.reload(server)
                    self.assertTrue(self.joins(server, keys.token("busy", "d", kid=new)))
                    at_work["kid"] = new
                    before = list(rounds)  # what was signed with the old one must be in
                    wait_until(lambda b=before: all(now > was + 1 for now, was in zip(rounds, b)), SOON, "some rounds")
                    keys.remove(old)
                    self.reload(server)
                    self.assertFalse(self.joins(server, keys.token("busy", "d", kid=old)))
                    self.assertTrue(self.joins(server, keys.token("busy", "d", kid=new)))
            finally:
                done.set()
                for thread in threads:
                    thread.join()
            self.assertEqual(failures, [])
            member.assert_alive()
            # The token that came with the request was good then, and is kept.
            waiting.say("join", room_id="lobby", sender="x")
            waiting.hear("joined", sender="b")

    def test_a_bad_key_changes_nothing(self):
        with Keys() as keys, Server(*keys.flags()) as server:
            keys.write("new.secret", b"too short")
            self.reload(server, "reload-refused")
            self.assertIn("new.secret holds less than 32 bytes", server.output())
            keys.add("new", "HS256", 0o644)
            self.reload(server, "reload-refused")
            self.assertIn("new.secret can be read by others", server.output())
            self.assertTrue(self.joins(server, keys.token("busy", "a")))
            keys.path("new.secret").chmod(0o600)
            self.reload(server)
            self.assertTrue(self.joins(server, keys.token("busy", "a", kid="new")))

    def test_a_session_ends_whatever_becomes_of_the_broker(self):
        with Keys() as keys, Server(*keys.flags(), "--token-expiry", "session", "--token-leeway", "0") as server, \
                Raw(server) as client, Raw(server) as other:
            client.say("join", room_id="room", sender="x", token=keys.token("room", "a", ttl=4))
            client.hear("joined")
            other.say("join", room_id="room", sender="x", token=keys.token("room", "b", ttl=600))
            other.hear("joined")
            client.hear("user-joined")
            server.one("broker").kill()
            wait_until(lambda: self.joins_or_not(server, keys.token("busy", "c")), SOON, "a broker")
            server.one("room").kill()
            client.hear_close(1008)
            other.hear("user-left", sender="a", reason="timeout")
            other.assert_alive()

    @unittest.skipIf(WRAPPER, "what is replaced here is no wrapper's program")
    def test_after_an_upgrade(self):
        """The keeper becomes another program, and can still read what root alone may; PROXY listeners remain such."""
        programs = "video-signaling", "video-signaling-broker", "video-signaling-roomd"
        with Keys() as keys, tempfile.TemporaryDirectory(prefix="video-signaling-test-") as folder:
            os.chmod(folder, 0o777)

            def install():
                for program in programs:
                    shutil.copy(os.path.join(os.path.dirname(servers.BINARY), program), f"{folder}/new")
                    os.rename(f"{folder}/new", f"{folder}/{program}")

            install()
            path = f"{folder}/socket"
            server = Server(*keys.flags(), "--listen", f"127.0.0.1:0 proxy, unix:{path}")
            server.command = lambda: [f"{folder}/video-signaling", *server.flags]
            with server:
                port = int(re.search(r"also on    127\.0\.0\.1:(\d+),", server.stdout())[1])
                keys.add("two", "HS256")
                install()
                brokers = {p.pid for p in server.roles()["broker"]}
                server.send_signal(signal.SIGHUP)
                wait_until(lambda: (now := {p.pid for p in server.roles()["broker"]}) and not now & brokers and len(now) == 1,
                           SOON, server.output)
                self.assertEqual(os.stat(f"/proc/{server.keeper.pid}/exe").st_ino, os.stat(f"{folder}/video-signaling").st_ino)
                for to, before in (None, b""), (path, b""), (port, b"PROXY TCP4 192.0.2.1 127.0.0.1 1 2\r\n"):
                    with Raw(server, to=to, before=before) as client:
                        client.say("join", room_id="room", sender="x", token=keys.token("room", "a", kid="two"))
                        client.hear("joined")
                # And once more.
                keys.add("three", "EdDSA")
                keys.remove("two")
                self.reload(server)
                self.assertFalse(self.joins(server, keys.token("busy", "a", kid="two")))
                self.assertTrue(self.joins(server, keys.token("busy", "a", kid="three")))
                server.wait_for_pool()
                for process in server.tree():
                    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
                        capabilities = dict(re.findall(r"^(Cap\w+):\s+([0-9a-f]+)$", status.read(), re.MULTILINE))
                    kept = 4 if process.pid == server.keeper.pid and os.geteuid() == 0 else 0
                    self.assertEqual(int(capabilities["CapEff"], 16), 0, process)
                    self.assertEqual(int(capabilities["CapPrm"], 16), kept, process)
            self.assertFalse(os.path.exists(path))

    def test_what_is_not_needed_is_not_kept(self):
        """Keys that the server's user may read need no right of root's."""
        if os.geteuid() != 0:
            self.skipTest("not root")
        with Keys() as keys:
            os.chown(keys.folder, 65534, 65534)
            for file in os.listdir(keys.folder):
                os.chown(f"{keys.folder}/{file}", 65534, 65534)
            with Server(*keys.flags(), "--user", "nobody") as server:
                with open(f"/proc/{server.keeper.pid}/status", encoding="ascii") as status:
                    self.assertRegex(status.read(), r"CapPrm:\s+0000000000000000\n")

    def joins_or_not(self, server, token):
        try:
            return self.joins(server, token)
        except (OSError, AssertionError):
            return False


class RoomctlToken(unittest.TestCase):
    def mint(self, *arguments, status=0):
        done = subprocess.run([ROOMCTL, "token", *arguments], env=Server().clean_environment(), stdin=subprocess.DEVNULL, capture_output=True, timeout=SOON,
                              check=False, text=True)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout.strip() if status == 0 else done.stderr

    def test_with_the_servers_newest_secret(self):
        with Keys() as keys, tempfile.TemporaryDirectory(prefix="video-signaling-test-") as folder:
            keys.add("two", "HS256")
            socket = f"{folder}/control.sock"
            with Server(*keys.flags(), "--control", socket, "--token-issuer", "me", "--token-audience", "video") as server:
                token = self.mint("-s", socket, "--room", "consult-*", "--sub", "D\u00f6ctor", "--ttl", "1h")
                claims = jwt.decode(token, keys.signing["two"][1], ["HS256"], audience="video", issuer="me")
                self.assertEqual((claims["room"], claims["sub"]), ("consult-*", "D\u00f6ctor"))
                self.assertEqual(claims["exp"] - claims["iat"], 3600)
                self.assertEqual(jwt.get_unverified_header(token)["kid"], "two")
                with Raw(server) as client:
                    client.say("join", room_id="consult-1", sender="x", token=token)
                    client.hear("joined", sender="D\u00f6ctor")
                self.assertIn("is no value", self.mint("--room", "a", "--sub", "b", "--ttl", "1y", status=1))
                self.assertIn("needs --room", self.mint("--room", "a", status=1))

    def test_with_private_keys(self):
        from cryptography.hazmat.primitives import serialization
        with Keys() as keys, Server(*keys.flags()) as server:
            for kid, algorithm in ("curve", "ES256"), ("edwards", "EdDSA"):
                private = keys.signing[kid][1]
                path = keys.path(f"{kid}.key")
                path.touch(0o600)
                path.write_bytes(private.private_bytes(
                    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
                answer = json.loads(self.mint("--json", "--key", str(path), "--room", "room", "--sub", "a", "--ttl", "90"))
                self.assertEqual(jwt.get_unverified_header(answer["token"]), {"alg": algorithm, "typ": "JWT", "kid": kid})
                with Raw(server) as client:
                    client.say("join", room_id="room", sender="x", token=answer["token"])
                    client.hear("joined", sender="a")
                path.chmod(0o644)
                self.assertIn("can be read by others", self.mint("--key", str(path), "--room", "a", "--sub", "b", status=6))


class Origins(unittest.TestCase):
    def statuses(self, server, host, *origins, to=None, address="127.0.0.1"):
        found = []
        for origin in origins:
            with Raw(server, upgrade=False, to=to, host=address) as client:
                extra = () if origin is None else (f"Origin: {origin}",)
                client.send(upgrade_request(host=host, extra=extra))
                found.append(client.response_head().status)
        return found

    def test_a_list(self):
        with Server("--origins", "https://app.example.org, *.example.net, http://localhost:5173, plain.example.com") as server:
            good = ("https://app.example.org", "https://app.example.org:443", "HTTPS://APP.example.ORG", "https://a.example.net",
                    "https://a.b.example.net", "http://a.example.net:8080", "http://localhost:5173", "https://plain.example.com",
                    None)
            bad = ("http://app.example.org", "https://app.example.org:8443", "https://example.org", "https://example.net",
                   "https://evilexample.net", "https://a.example.net.evil.org", "https://app.example.org.evil.org", "null",
                   "http://localhost", "http://localhost:3000", "file://", "https://", "example.net", "https://app.example.org/x",
                   "https://evil.org#.example.net", "https://user@a.example.net", "ftp://a.example.net", "https://a.example.net:",
                   "https://.example.net ,https://a.example.net")
            self.assertEqual(dict(zip(good, self.statuses(server, "x", *good))), dict.fromkeys(good, 101))
            self.assertEqual(dict(zip(bad, self.statuses(server, "x", *bad))), dict.fromkeys(bad, 403))
            with Raw(server, upgrade=False) as client:
                client.send(upgrade_request(extra=("Origin: https://app.example.org", "Origin: https://evil.org")))
                self.assertEqual(client.response().status, 400)
            self.assertEqual(server.get("/health", headers={"Origin": "https://evil.org"})[0], 200)

    def test_by_default_off_on_loopback_alone(self):
        with tempfile.TemporaryDirectory(prefix="video-signaling-test-") as folder:
            path = f"{folder}/s"
            with Server("--listen", f"unix:{path}") as server:
                self.assertEqual(self.statuses(server, "localhost", "https://evil.org", "null", None), [101] * 3)
                # A Unix socket is a proxy's, and that may be reached from anywhere.
                self.assertEqual(self.statuses(server, "signal.example.org", "https://signal.example.org", None, "https://evil.org",
                                               "null", "https://signal.example.org:8443", to=path), [101, 101, 403, 403, 403])
                self.assertEqual(self.statuses(server, "signal.example.org:8443", "https://signal.example.org:8443",
                                               "https://signal.example.org", to=path), [101, 403])
        with Server("--host", "0.0.0.0") as server:
            self.assertEqual(self.statuses(server, "127.0.0.1:80", "http://127.0.0.1", "https://evil.org", None), [101, 403, 101])
        with Server("--host", "0.0.0.0", "--origins", "any") as server:
            self.assertEqual(self.statuses(server, "x", "https://evil.org", "null"), [101, 101])
        with Server("--origins", "same") as server:
            self.assertEqual(self.statuses(server, "a.org", "https://a.org", "https://b.org"), [101, 403])


class Check(unittest.TestCase):
    def test_n_says_whose_pages_may_connect(self):
        for flags, words in (
            ((), "any page may connect"), (("--host", "127.0.0.2", "--listen", "[::1]:0"), "any page may connect"),
            (("--host", "*"), "only this server's own pages"), (("--listen", "unix:/x"), "only this server's own pages"),
            (("--listen", "192.0.2.1:80"), "only this server's own pages"),
        ):
            with self.subTest(flags):
                done = subprocess.run([servers.BINARY, "-n", *flags], env=Server().clean_environment(), stdin=subprocess.DEVNULL,
                                      capture_output=True, timeout=SOON, check=False, text=True)
                self.assertIn(words, done.stdout)


class IceServers(unittest.TestCase):
    secret = "north"

    def server(self, folder, *flags, secret=True):
        path = f"{folder}/turn"
        with open(path, "w", encoding="ascii", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(self.secret + "\n")
        return Server("--ice-servers", "stun:stun.example.org, turn:turn.example.org:3478?transport=udp, turns:turn.example.org",
                      *(("--turn-secret-file", path) if secret else ()), "--log-level", "trace", *flags)

    def check(self, ice_servers, client_id, ttl):
        stun, turn = ice_servers
        self.assertEqual(stun, {"urls": ["stun:stun.example.org"]})
        self.assertEqual(set(turn), {"urls", "username", "credential"})
        self.assertEqual(turn["urls"], ["turn:turn.example.org:3478?transport=udp", "turns:turn.example.org"])
        end, _, name = turn["username"].partition(":")
        self.assertEqual(name, client_id)
        self.assertLess(abs(int(end) - time.time() - ttl), 30)
        mac = hmac.new(self.secret.encode(), turn["username"].encode(), hashlib.sha1).digest()
        self.assertEqual(turn["credential"], base64.b64encode(mac).decode())
        return turn

    def test_fresh_for_each_join_and_when_asked_for(self):
        with tempfile.TemporaryDirectory(prefix="video-signaling-test-") as folder, \
                self.server(folder, "--turn-ttl", "600") as server, Raw(server) as one, Raw(server) as two:
            found = []
            for client in one, two:
                joined = client.join("room", "a")
                found.append(self.check(joined["ice_servers"], joined["client_id"], 600))
            one.hear("user-joined")
            self.assertNotEqual(*[each["username"] for each in found])
            one.say("ice-servers")
            answer = one.hear("ice-servers")
            self.assertEqual(set(answer), {"action", "ice_servers"})
            found.append(self.check(answer["ice_servers"], one.client_id, 600))
            one.say("ice-servers")
            one.hear_error("rate-limited")
            wait_until(lambda: self.asked_again(one), SOON, "another answer")
            two.assert_alive()
            # It comes from the broker, over the room's process; both may be lost in between.
            server.one("room").kill()
            one.assert_alive()
            wait_until(lambda: self.asked_again(one), SOON, "another answer")
            output = server.output()
            for each in found:
                self.assertNotIn(each["credential"], output)
                self.assertNotIn(each["username"], output)

    def asked_again(self, client):
        client.say("ice-servers")
        if client.hear()["action"] == "ice-servers":
            return True
        time.sleep(0.1)
        return False

    def test_static_ones(self):
        with tempfile.TemporaryDirectory(prefix="video-signaling-test-") as folder:
            with self.server(folder, secret=False) as server, Raw(server) as client:
                self.assertEqual(client.join("room", "a")["ice_servers"], [
                    {"urls": ["stun:stun.example.org"]},
                    {"urls": ["turn:turn.example.org:3478?transport=udp", "turns:turn.example.org"]}])
            with self.server(folder, "--turn-user", "all") as server, Raw(server) as client:
                self.assertEqual(client.join("room", "a")["ice_servers"][1], {
                    "urls": ["turn:turn.example.org:3478?transport=udp", "turns:turn.example.org"], "username": "all",
                    "credential": self.secret})

    def test_none(self):
        with Server() as server, Raw(server) as client:
            client.say("ice-servers")
            client.hear_error("not-in-room")
            self.assertNotIn("ice_servers", client.join("room", "a"))
            client.say("ice-servers")
            client.hear("ice-servers", ice_servers=[])

    def test_bad_settings(self):
        for flags, words in (
            (("--ice-servers", "http://x"), "is no list of STUN and TURN servers"), (("--ice-servers", "turn:"), "is no list of STUN"),
            (("--ice-servers", 'stun:a"b'), "is no list of STUN"), (("--turn-user", "x"), "needs turn_secret_file"),
            (("--turn-secret-file", "/dev/null"), "needs ice_servers"),
            (("--turn-secret-file", "/etc/passwd", "--ice-servers", "turn:a"), "/etc/passwd can be read by others"),
        ):
            with self.subTest(flags):
                done = subprocess.run([servers.BINARY, "-n", *flags], env=Server().clean_environment(), stdin=subprocess.DEVNULL,
                                      capture_output=True, timeout=SOON, check=False, text=True)
                self.assertEqual(done.returncode, 1)
                self.assertIn(words, done.stderr)


if __name__ == "__main__":
    main()
