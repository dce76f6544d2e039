"""
network - between a browser and a server, on loopback: what a test does to it happens to every connection through it.

    with Network(server.port) as network:
        page.open(f"http://127.0.0.1:{network.port}/")
        network.cut()                # resets every connection
        network.down = True          # nothing passes, and nobody is told: as when a cable is pulled
"""
import selectors
import socket
import struct
import threading

RESET = struct.pack("ii", 1, 0)
CHUNK = 65536


class Network:
    def __init__(self, far_port):
        self.far_port = far_port
        self.down = False
        self._pairs = {}  # a socket -> its other side
        self._commands = []
        self._selector = selectors.DefaultSelector()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._wake, self._woken = socket.socketpair()
        for one in self._listener, self._woken:
            self._selector.register(one, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run)
        self._running = True

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._running = False
        self._wake.send(b".")
        self._thread.join()
        for one in *self._pairs, self._listener, self._wake, self._woken:
            one.close()
        self._selector.close()

    def cut(self):
        """Resets all connections; returns when it is done."""
        done = threading.Event()
        self._commands.append(done)
        self._wake.send(b".")
        assert done.wait(10)

    def _run(self):
        while self._running:
            for key, _ in self._selector.select():
                if key.fileobj is self._listener:
                    self._accept()
                elif key.fileobj is self._woken:
                    self._woken.recv(CHUNK)
                elif key.fileobj in self._pairs:
                    self._pass_on(key.fileobj)
            while self._commands:
                for one in list(self._pairs):
                    if one in self._pairs:
                        self._close(one)
                self._commands.pop().set()

    def _accept(self):
        near = self._listener.accept()[0]
        try:
            far = socket.create_connection(("127.0.0.1", self.far_port), timeout=10)
        except OSError:
            near.close()
            return
        for one, other in (near, far), (far, near):
            self._pairs[one] = other
            self._selector.register(one, selectors.EVENT_READ)

    def _pass_on(self, one):
        try:
            received = one.recv(CHUNK)
            if received and not self.down:
                self._pairs[one].sendall(received)
        except OSError:
            received = b""
        if not received:
            self._close(one)

    def _close(self, one):
        for each in one, self._pairs.pop(one):
            self._pairs.pop(each, None)
            self._selector.unregister(each)
            each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            each.close()
