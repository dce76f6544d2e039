"""
operator_client - the control socket as video-signaling-control(7) tells of it, and roomctl, for tests.
"""
import json
import os
import pathlib
import socket
import subprocess
import tempfile

from server import BINARY, SOON, Server

ROOMCTL = str(pathlib.Path(BINARY).parent / "roomctl")


class Control:
    """A connection to the control socket."""

    def __init__(self, path, timeout=SOON):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        self.socket.connect(path)
        self.input = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.input.close()
        self.socket.close()

    def send(self, request):
        text = request if isinstance(request, bytes) else json.dumps(request).encode()
        self.socket.sendall(text + b"\n")

    def read(self):
        """The next line, as a dict; None at the end."""
        line = self.input.readline()
        if not line:
            return None
        assert line.endswith(b"\n"), line
        answer = json.loads(line)
        assert answer["v"] == 1, answer
        return answer

    def ask(self, command, **fields):
        """Sends a request and returns the reply."""
        self.send({"v": 1, "id": 1, "command": command, **fields})
        return self.read()

    def do(self, command, **fields):
        reply = self.ask(command, **fields)
        assert reply["ok"] is True, reply
        return reply

    def refused(self, code, command, **fields):
        reply = self.ask(command, **fields)
        assert_refusal(reply, code)
        return reply

    def rooms(self):
        self.send({"command": "list"})
        found = []
        while True:
            reply = self.read()
            assert reply["ok"], reply
            found += reply["rooms"]
            if not reply["more"]:
                return found

    def hear(self, event, **fields):
        """Reads on until this event."""
        while True:
            got = self.read()
            assert got is not None, f"the end, where {event} was expected"
            if got.get("event") == event and all(got.get(name) == value for name, value in fields.items()):
                return got


def assert_refusal(reply, code):
    assert reply["ok"] is False and reply["code"] == code, f"{reply} where {code} was expected"
    assert reply["error"].endswith(".") and len(reply["error"]) > 15, reply


class Operated(Server):
    """A server with a control socket at self.control; names are plain unless the flags say otherwise."""

    def __init__(self, *flags, **options):
        self.directory = tempfile.TemporaryDirectory(prefix="video-signaling-test-")
        self.control = f"{self.directory.name}/control.sock"
        names = [] if "--log-names" in flags else ["--log-names", "plain"]
        super().__init__("--control", self.control, *names, *flags, **options)

    def kill(self):
        super().kill()
        self.directory.cleanup()

    def connect(self, **options):
        return Control(self.control, **options)

    def once(self, command, **fields):
        """One request on a connection of its own."""
        with self.connect() as control:
            return control.do(command, **fields)

    def rooms(self):
        with self.connect() as control:
            return control.rooms()

    def roomctl(self, *arguments, environment=None, status=0, **options):
        """Runs roomctl; returns what it printed (stdout, stderr)."""
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **(environment or {})}
        done = subprocess.run([ROOMCTL, "-s", self.control, *arguments], env=environment, capture_output=True,
                              text=True, timeout=SOON, check=False, stdin=subprocess.DEVNULL, **options)
        assert done.returncode == status, f"{arguments}: {done.returncode} where {status} was expected: {done}"
        return done.stdout, done.stderr
