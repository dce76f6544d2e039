"""
tls_proxy - TLS proxies on loopback, with the configurations of packaging/proxy: only names, ports and certificates are other
ones.
"""
import datetime
import ipaddress
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import tempfile

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from server import SOON, TREE, stop_with_parent, wait_until

CONFIGS = TREE / "packaging/proxy"


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def make_certificate(folder):
    """key.pem, cert.pem, and both.pem, for localhost and 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.utcnow()
    alternatives = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(key, hashes.SHA256()))
    in_pem = certificate.public_bytes(serialization.Encoding.PEM)
    key_pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    for file, content in ("cert.pem", in_pem), ("key.pem", key_pem), ("both.pem", key_pem + in_pem):
        pathlib.Path(folder, file).write_bytes(content)


class Proxy:
    """One proxy in front of a server. Subclasses say which, and what is changed in its configuration."""

    name = None  # of the program
    config = None  # the file in packaging/proxy
    flags = ()  # of the server, with {port} for the PROXY listener's

    @classmethod
    def is_here(cls):
        return shutil.which(cls.name, path=os.environ["PATH"] + ":/usr/sbin") is not None

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="video-signaling-tls-")
        os.chmod(self.folder, 0o755)
        make_certificate(self.folder)
        self.port = free_port()
        self.process = None

    def changes(self, server, proxy_port):
        """[(what stands in the file, what is to stand there)]"""
        raise NotImplementedError

    def whole(self, text):
        """A configuration that holds this one, where that is a part."""
        return text

    def command(self, path):
        raise NotImplementedError

    def start(self, server, proxy_port):
        text = (CONFIGS / self.config).read_text(encoding="utf-8")
        for old, new in self.changes(server, proxy_port):
            assert old in text, f"{self.config} has no {old!r} any more"
            text = text.replace(old, new)
        path = pathlib.Path(self.folder, self.config)
        path.write_text(self.whole(text), encoding="utf-8")
        with open(f"{self.folder}/log", "wb") as log:
            self.process = subprocess.Popen(
                self.command(str(path)), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
                env={"PATH": os.environ["PATH"] + ":/usr/sbin", "HOME": self.folder}, preexec_fn=stop_with_parent)
        wait_until(self.answers, 3 * SOON, self.log)
        return self

    def answers(self):
        assert self.process.poll() is None, self.log()
        try:
            with socket.create_connection(("127.0.0.1", self.port), SOON) as plain:
                with self.context().wrap_socket(plain, server_hostname="localhost") as secure:
                    secure.sendall(b"GET /live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                    return secure.recv(100).startswith(b"HTTP/1.1 200")
        except OSError:
            return False

    def context(self):
        context = ssl.create_default_context(cafile=f"{self.folder}/cert.pem")
        context.set_alpn_protocols(["http/1.1"])
        return context

    def log(self):
        return pathlib.Path(self.folder, "log").read_text(encoding="utf-8", errors="replace")

    def close(self):
        if self.process:
            self.process.terminate()
            try:
                self.process.wait(SOON)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.folder)


class Nginx(Proxy):
    name, config = "nginx", "nginx.conf"
    flags = "--trusted-proxies", "127.0.0.1"

    def changes(self, server, proxy_port):
        return (("listen 443 ssl;\n\tlisten [::]:443 ssl;", f"listen 127.0.0.1:{self.port} ssl;"), ("signal.example.org;", "localhost;"),
                ("/etc/ssl/certs/signal.example.org.pem", f"{self.folder}/cert.pem"),
                ("/etc/ssl/private/signal.example.org.key", f"{self.folder}/key.pem"), ("127.0.0.1:3000", f"127.0.0.1:{server.port}"))

    def whole(self, text):
        paths = "".join(f"{kind}_temp_path {self.folder}/{kind};\n" for kind in (
            "client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        return f"daemon off;\nworker_processes 1;\npid {self.folder}/pid;\nerror_log stderr;\n" \
               f"events {{}}\nhttp {{\naccess_log {self.folder}/access;\n{paths}{text}}}\n"

    def command(self, path):
        return ["nginx", "-p", self.folder, "-c", path]


class Haproxy(Proxy):
    name, config = "haproxy", "haproxy.cfg"

    def changes(self, server, proxy_port):
        return (("bind :443", f"bind 127.0.0.1:{self.port}"),
                ("\tbind :::443 v6only ssl crt /etc/ssl/private/signal.example.org.pem alpn http/1.1\n", ""),
                ("/etc/ssl/private/signal.example.org.pem", f"{self.folder}/both.pem"), ("127.0.0.1:3001", f"127.0.0.1:{proxy_port}"))

    def command(self, path):
        return ["haproxy", "-db", "-f", path]


class Caddy(Proxy):
    name, config = "caddy", "Caddyfile"
    flags = "--trusted-proxies", "127.0.0.1"

    def changes(self, server, proxy_port):
        # The certificate that it would get by itself is ours here.
        return (("signal.example.org {", f"https://localhost:{self.port} {{\n\tbind 127.0.0.1\n"
                                         f"\ttls {self.folder}/cert.pem {self.folder}/key.pem"),
                ("127.0.0.1:3000", f"127.0.0.1:{server.port}"))

    def whole(self, text):
        return "{\n\tadmin off\n\tauto_https disable_redirects\n\tservers {\n\t\tprotocols h1 h2\n\t}\n}\n" + text

    def command(self, path):
        return ["caddy", "run", "--config", path, "--adapter", "caddyfile"]


class Hitch(Proxy):
    name, config = "hitch", "hitch.conf"

    def changes(self, server, proxy_port):
        return (("[*]:443", f"[127.0.0.1]:{self.port}"), ("[127.0.0.1]:3001", f"[127.0.0.1]:{proxy_port}"),
                ("/etc/ssl/private/signal.example.org.pem", f"{self.folder}/both.pem"))

    def command(self, path):
        return ["hitch", "--config", path, *(["--user", "nobody"] if os.geteuid() == 0 else [])]


ALL = Nginx, Haproxy, Caddy, Hitch
