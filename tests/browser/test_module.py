#!/usr/bin/python3
"""The client module outside a browser: runs test_module.mjs and test_resume.mjs against a server of its own."""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "blackbox"))

from server import PATIENCE, UNBOUNDED, Server, main  # noqa: E402


class ModuleTest(unittest.TestCase):
    def run_in_node(self, script):
        secret = self.enterContext(tempfile.NamedTemporaryFile("w"))
        secret.write("a secret that both know\n")
        secret.flush()
        with Server(
                *UNBOUNDED, "--ice-servers", "turn:127.0.0.1:3478", "--turn-secret-file", secret.name) as server:
            done = subprocess.run(
                ["node", str(HERE / script), str(server.port)], timeout=120 * PATIENCE, check=False,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                env={**os.environ, "NODE_PATH": os.environ.get("NODE_PATH", "/usr/share/nodejs")},  # where the distribution's `ws` is
            )
            self.assertEqual(done.returncode, 0, done.stdout)
            server.assert_works()

    def test_in_node(self):
        self.run_in_node("test_module.mjs")

    def test_lost_connections_in_node(self):
        self.run_in_node("test_resume.mjs")


if __name__ == "__main__":
    main()
