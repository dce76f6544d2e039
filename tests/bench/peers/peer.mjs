// npm's `peer` (PeerServer) with its bounds out of the way: one of the two servers a user would pick instead.
import { PeerServer } from 'peer';

const server = PeerServer(
	{ port: 0, host: '127.0.0.1', path: '/', key: 'peerjs', concurrent_limit: 1000000, allow_discovery: false },
	(http) => console.log(`peer listens: http://localhost:${http.address().port}/`),
);
server.on('error', (error) => console.error(String(error)));
process.on('SIGTERM', () => process.exit(0));
