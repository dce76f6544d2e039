"""
turn - coturn on loopback, as its manual has it for use-auth-secret.
"""
import os
import shutil
import socket
import subprocess
import tempfile

from server import SOON, stop_with_parent, wait_until

PROGRAM = shutil.which("turnserver")


def free_port(kind=socket.SOCK_DGRAM):
    with socket.socket(socket.AF_INET, kind) as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Turn:
    """A TURN server that takes whoever has credentials made with the secret; relays to loopback alone."""

    def __init__(self, secret):
        self.port = free_port()
        self.url = f"turn:127.0.0.1:{self.port}?transport=udp"
        self.folder = tempfile.mkdtemp(prefix="video-signaling-turn-")
        with open(f"{self.folder}/log", "wb") as log:
            self.process = subprocess.Popen(
                [PROGRAM, "-n", "--no-cli", "--listening-ip", "127.0.0.1", "--relay-ip", "127.0.0.1", "--listening-port",
                 str(self.port), "--use-auth-secret", "--static-auth-secret", secret, "--realm", "test", "--allow-loopback-peers",
                 "--no-tls", "--no-dtls", "--no-multicast-peers", "--log-file", "stdout", "--simple-log", "--verbose", "--pidfile",
                 f"{self.folder}/pid", "--db", f"{self.folder}/db"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=stop_with_parent)
        try:
            wait_until(self.answers, SOON, self.log)
        except BaseException:
            self.close()
            raise

    def answers(self):
        """It answers a STUN binding request."""
        assert self.process.poll() is None, self.log()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.settimeout(0.2)
            probe.connect(("127.0.0.1", self.port))
            try:
                probe.send(b"\x00\x01\x00\x00\x21\x12\xa4\x42" + os.urandom(12))
                return probe.recv(1000)[:2] == b"\x01\x01"
            except (TimeoutError, ConnectionRefusedError):
                return False

    def log(self):
        with open(f"{self.folder}/log", encoding="utf-8", errors="replace") as log:
            return log.read()

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(SOON)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
