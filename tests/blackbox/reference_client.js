/*
 * reference_client - two clients as pages of the reference system have them, on Node's ws: they connect to /ws, join
 * with `data: {}` or without `data`, never set `target`, and send `leave` and close at once.
 *
 * usage: node reference_client.js ws://localhost:PORT/ws
 */
'use strict';

const assert = require('assert');
const WebSocket = require('ws');

class ReferenceClient {
	constructor(url, roomId, sender) {
		this.roomId = roomId;
		this.sender = sender;
		this.inbox = [];
		this.waiting = [];
		this.socket = new WebSocket(url);
		this.opened = new Promise((resolve, reject) => {
			this.socket.on('open', resolve);
			this.socket.on('error', reject);
		});
		this.closed = new Promise((resolve) => this.socket.on('close', resolve));
		this.socket.on('message', (data, isBinary) => {
			assert.strictEqual(isBinary, false);
			const message = JSON.parse(data.toString());
			const next = this.waiting.shift();
			if (next) next(message);
			else this.inbox.push(message);
		});
	}

	send(message) {
		this.socket.send(JSON.stringify(message));
	}

	join(withData) {
		const message = { action: 'join', room_id: this.roomId, sender: this.sender };
		if (withData) message.data = {};
		this.send(message);
	}

	signal(action, data) {
		this.send({ action, room_id: this.roomId, sender: this.sender, data });
	}

	leave() {
		this.send({ action: 'leave', room_id: this.roomId, sender: this.sender, data: {} });
		this.socket.close();
	}

	async receive(action) {
		const message = this.inbox.length ? this.inbox.shift() : await new Promise((r) => this.waiting.push(r));
		assert.strictEqual(message.action, action, JSON.stringify(message));
		return message;
	}
}

async function consultation(url, sender) {
	const doctor = new ReferenceClient(url, 'consultation-1', 'doctor-123');
	await doctor.opened;
	doctor.join(true);
	assert.deepStrictEqual((await doctor.receive('joined')).participants, []);

	const patient = new ReferenceClient(url, 'consultation-1', sender);
	await patient.opened;
	patient.join(false);
	const joined = await patient.receive('joined');
	assert.strictEqual(joined.success, true);
	assert.deepStrictEqual(joined.participants.map((p) => p.sender), ['doctor-123']);
	assert.strictEqual((await doctor.receive('user-joined')).sender, sender);

	const offer = { type: 'offer', sdp: 'v=0\r\no=- 46117 2 IN IP4 127.0.0.1\r\ns=-\r\n' };
	doctor.signal('offer', offer);
	const gotOffer = await patient.receive('offer');
	assert.deepStrictEqual(gotOffer.data, offer);
	assert.strictEqual(gotOffer.sender, 'doctor-123');
	assert.strictEqual(gotOffer.room_id, 'consultation-1');

	const answer = { type: 'answer', sdp: 'v=0\r\no=- 46118 2 IN IP4 127.0.0.1\r\ns=-\r\n' };
	patient.signal('answer', answer);
	assert.deepStrictEqual((await doctor.receive('answer')).data, answer);

	for (let i = 0; i < 20; i++) {
		const candidate = { candidate: `candidate:${i} 1 udp 2122 10.0.0.1 5000 typ host`, sdpMid: '0', sdpMLineIndex: 0 };
		doctor.signal('ice-candidate', candidate);
		patient.signal('ice-candidate', candidate);
		assert.deepStrictEqual((await patient.receive('ice-candidate')).data, candidate);
		assert.deepStrictEqual((await doctor.receive('ice-candidate')).data, candidate);
	}

	patient.leave();
	const left = await doctor.receive('user-left');
	assert.strictEqual(left.sender, sender);
	assert.strictEqual(left.reason, 'leave');
	await patient.closed;
	doctor.leave();
	await doctor.closed;
}

async function main() {
	const url = process.argv[2];
	for (let i = 0; i < 5; i++) {
		await consultation(url, 'patient-456');
		await consultation(url, 'doctor-123'); // two clients with the same sender are both welcome
	}
	console.log('all is well');
}

main().catch((error) => {
	console.error(error);
	process.exit(1);
});
