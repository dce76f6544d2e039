"""
media_path - the way that pictures take between two pages, led through this test so that it can be lost: what passes here is
UDP between their RTCPeerConnections.

The page at the `near_script` end is given other addresses of the other side than it was told: ports of ours, one for each
candidate. The `far_script` end is given none, and answers to where the packets come from.
"""
import asyncio
import contextlib
import json
import threading

import websockets

# In both: no candidate is looked at but through `candidates`, also where it stands in a description.
HOOK = """
    (() => {
      const { addIceCandidate, setRemoteDescription } = RTCPeerConnection.prototype;
      const candidates = %s;
      RTCPeerConnection.prototype.addIceCandidate = async function (candidate) {
        for (const line of await candidates(candidate?.candidate ?? '')) {
          await addIceCandidate.call(this, { ...JSON.parse(JSON.stringify(candidate)), candidate: line });
        }
      };
      RTCPeerConnection.prototype.setRemoteDescription = async function ({ type, sdp }) {
        const lines = sdp.split('\\r\\n');
        const inside = lines.filter((line) => line.startsWith('a=candidate:'));
        await setRemoteDescription.call(this, { type, sdp: lines.filter((line) => !inside.includes(line)).join('\\r\\n') });
        for (const line of inside) await this.addIceCandidate({ candidate: line.slice(2), sdpMLineIndex: 0 }).catch(() => {});
      };
    })();"""


class _Relay(asyncio.DatagramProtocol):
    """One of two: what comes to this one leaves by the other, to where that one's peer is."""

    def __init__(self, peer=None):
        self.peer = peer
        self.other = None
        self.transport = None
        self.alive = True

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        self.peer = addr
        if self.alive and self.other.peer:
            self.other.transport.sendto(data, self.other.peer)

    def error_received(self, _):
        pass


class MediaPath:
    def __enter__(self):
        self._relays = []
        self._loop = asyncio.new_event_loop()
        self._server = None
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,))
        self._thread.start()
        assert started.wait(10)
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    @property
    def near_script(self):
        return HOOK % ("""(() => {
            const asked = [];
            const control = new Promise((resolve) => {
              const socket = new (window.OriginalWebSocket ?? WebSocket)('ws://127.0.0.1:%d');
              socket.onopen = () => resolve(socket);
              socket.onmessage = ({ data }) => asked.shift()(JSON.parse(data));
            });
            return async (line) => {
              const socket = await control;
              return new Promise((resolve) => { asked.push(resolve); socket.send(line); });
            };
          })()""" % self._port)

    @property
    def far_script(self):
        return HOOK % "async () => []"

    def lose(self):
        """All ways that there are lead nowhere from now on; new ones do."""
        for relay in self._relays:
            relay.alive = False

    # In the thread

    def _run(self, started):
        asyncio.set_event_loop(self._loop)
        self._server = self._loop.run_until_complete(websockets.serve(self._serve, "127.0.0.1", 0))
        self._port = self._server.sockets[0].getsockname()[1]
        started.set()
        self._loop.run_forever()
        self._server.close()
        self._loop.run_until_complete(self._server.wait_closed())
        for relay in self._relays:
            relay.transport.close()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _serve(self, socket, *_):
        with contextlib.suppress(websockets.ConnectionClosed):
            async for line in socket:
                await socket.send(json.dumps(await self._lead(line)))

    async def _lead(self, line):
        """The candidates to use in the place of this one."""
        words = line.split()
        if len(words) < 8 or words[2].lower() != "udp" or ":" in words[4]:
            return []
        target = words[4], int(words[5])
        inner, outer = _Relay(), _Relay(target)
        inner.other, outer.other = outer, inner
        for one in inner, outer:
            await self._loop.create_datagram_endpoint(lambda one=one: one, local_addr=(target[0], 0))
        self._relays += inner, outer
        words[5] = str(inner.transport.get_extra_info("sockname")[1])
        return [" ".join(words)]
