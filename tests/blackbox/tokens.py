"""
tokens - keys and access tokens for a server under test, made by python's jwt and cryptography.

`with Keys() as keys:` is a directory with keys of all three algorithms; keys.token("room", "label") is good for an hour.
"""
import os
import pathlib
import shutil
import tempfile
import time

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519


class Keys:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="video-signaling-test-keys-")
        self.signing = {}
        self.add("one", "HS256")
        self.add("curve", "ES256")
        self.add("edwards", "EdDSA")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder)

    def path(self, name):
        return pathlib.Path(self.folder, name)

    def write(self, name, content, mode=0o600):
        """Puts a file there in one step, as whoever rotates keys should."""
        new = self.path("." + name)
        new.write_bytes(content)
        new.chmod(mode)
        new.rename(self.path(name))

    def add(self, kid, algorithm, mode=0o600):
        """Makes a key that the server will know when it reads the directory."""
        if algorithm == "HS256":
            key = os.urandom(24).hex().encode()
            self.write(f"{kid}.secret", key + b"\n", mode)
        else:
            key = ec.generate_private_key(ec.SECP256R1()) if algorithm == "ES256" else ed25519.Ed25519PrivateKey.generate()
            self.write(f"{kid}.pem", key.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo), mode)
        self.signing[kid] = (algorithm, key)

    def remove(self, kid):
        for suffix in "secret", "pem":
            self.path(f"{kid}.{suffix}").unlink(missing_ok=True)

    def token(self, room="*", sub="somebody", ttl=3600, kid="one", with_kid=True, **claims):
        algorithm, key = self.signing[kid]
        return jwt.encode({"room": room, "sub": sub, "exp": int(time.time()) + ttl, **claims}, key, algorithm,
                          {"kid": kid} if with_kid else None)

    def flags(self):
        return "--auth", "token", "--token-keys", self.folder
