// The other: the relay that is written in an afternoon with `ws`. It speaks the server's own protocol as far as the
// bench does: join, signals, user-joined, user-left.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

const rooms = new Map();
const http = createServer((request, response) => response.end('ok'));
const sockets = new WebSocketServer({ server: http, perMessageDeflate: false });

sockets.on('connection', (socket) => {
	let me = null;
	let room = null;
	const tellOthers = (message) => {
		const text = JSON.stringify(message);
		for (const member of room) {
			if (member !== me) {
				member.socket.send(text);
			}
		}
	};
	socket.on('message', (bytes) => {
		const message = JSON.parse(bytes);
		if (message.action === 'join' && !me) {
			me = { socket, client_id: randomUUID(), sender: message.sender, room_id: message.room_id };
			room = rooms.get(me.room_id) ?? new Set();
			rooms.set(me.room_id, room);
			const participants = [...room].map(({ client_id, sender }) => ({ client_id, sender }));
			room.add(me);
			const { room_id, client_id, sender } = me;
			socket.send(JSON.stringify({ action: 'joined', room_id, client_id, sender, success: true, participants }));
			tellOthers({ action: 'user-joined', room_id, client_id, sender });
		} else if (me) {
			const { room_id, client_id, sender } = me;
			tellOthers({ action: message.action, room_id, client_id, sender, data: message.data });
		}
	});
	socket.on('close', () => {
		if (me) {
			room.delete(me);
			if (room.size === 0) {
				rooms.delete(me.room_id);
			}
			const { room_id, client_id, sender } = me;
			tellOthers({ action: 'user-left', room_id, client_id, sender, reason: 'disconnect' });
		}
	});
	socket.on('error', () => {});
});
http.listen(0, '127.0.0.1', () => console.log(`relay listens: http://localhost:${http.address().port}/`));
process.on('SIGTERM', () => process.exit(0));
