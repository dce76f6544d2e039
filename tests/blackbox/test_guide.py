#!/usr/bin/python3
"""The README's examples of backends: each is run as it stands there, and the server lets in whom it signs for."""
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from raw import Raw
from server import BINARY, SOON, TREE, WRAPPER, Server, main
from tokens import Keys

README = (TREE / "README.md").read_text(encoding="utf-8")
SECTION = README[README.index("## Who gets in: access tokens"):README.index("## STUN and TURN")]


def example(language):
    return re.search(rf"^```{language}\n(.*?)^```$", SECTION, re.MULTILINE | re.DOTALL)[1]


class Backends(unittest.TestCase):
    def check(self, language, name, more, *command):
        """Runs the example, whose key is one of ours, with a line that prints a token behind it."""
        if not shutil.which(command[0]):
            self.skipTest(f"{command[0]} is not installed")
        text = example(language)
        self.assertIn("2026-11", text)
        with Keys() as keys, Server(*keys.flags()) as server, tempfile.TemporaryDirectory(prefix="video-signaling-test-") as folder:
            text = text.replace("/etc/video-signaling/keys", keys.folder).replace("2026-11", "one")
            path = pathlib.Path(folder, name)
            path.write_text(text + more, encoding="utf-8")
            done = subprocess.run([*command, str(path)], cwd=folder, capture_output=True, text=True, timeout=20 * SOON, check=False,
                                  env={"PATH": "/usr/bin:/bin", "HOME": folder, "LC_ALL": "C.UTF-8", "DOTNET_NOLOGO": "1"})
            self.assertEqual(done.returncode, 0, done.stderr)
            with Raw(server) as client:
                for room, action in ("consult-42", "joined"), ("consult-43", "error"):
                    client.say("join", room_id=room, sender="x", token=done.stdout.strip())
                    client.hear(action)
                    if action == "joined":
                        client.say("leave")
                        client.hear("left")

    def test_node(self):
        self.check("js", "token.mjs", "console.log(token('consult-42', 'D\u00f6ctor'));\n", "node")

    def test_python(self):
        self.check("python", "token_example.py", "print(token('consult-42', 'D\u00f6ctor'))\n", "/usr/bin/python3")

    def test_php(self):
        self.check("php", "token.php", "echo token('consult-42', 'D\u00f6ctor');\n", "php")

    def test_csharp(self):
        if not shutil.which("dotnet"):
            self.skipTest("dotnet is not installed")
        project = '<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><OutputType>Exe</OutputType>' \
                  '<TargetFramework>net8.0</TargetFramework></PropertyGroup></Project>'
        with tempfile.TemporaryDirectory(prefix="video-signaling-test-") as folder:
            pathlib.Path(folder, "token.csproj").write_text(project, encoding="utf-8")
            more = "static class Program { static void Main() { Console.Write(Signaling.Token(\"consult-42\", \"D\u00f6ctor\")); } }\n"
            self.check("csharp", "Token.cs", more, "dotnet", "run", "--project", folder)


class Commands(unittest.TestCase):
    def test_settings_shown_are_settings(self):
        """What the README puts into the config file is understood."""
        text = "\n".join(line for line in README.split("\n") if re.match(r"^(auth|token_\w+|ice_servers|turn_\w+) = ", line))
        self.assertGreaterEqual(text.count("\n"), 3)
        with Keys() as keys, tempfile.TemporaryDirectory(prefix="video-signaling-test-") as folder:
            secret = pathlib.Path(folder, "turn.secret")
            secret.touch(0o600)
            secret.write_text("x", encoding="ascii")
            config = pathlib.Path(folder, "x.conf")
            config.write_text(text.replace("/etc/video-signaling/keys", keys.folder).replace(
                "/etc/video-signaling/turn.secret", str(secret)), encoding="utf-8")
            server = Server()
            done = subprocess.run([*WRAPPER, BINARY, "-n", "-c", str(config)], env=server.clean_environment(),
                                  capture_output=True, text=True, timeout=SOON, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    main()
