/*
 * test_module - video-signaling.js in Node against the real server; a network between the two can be cut.
 *
 * usage: node test_module.mjs PORT
 */
import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';

import {
  Signaling, SignalingError, newClient, newNetwork, newRoom, next, port, record, sleep, until,
} from './module_case.mjs';

test('two clients meet, exchange signals and part', async () => {
  const room = newRoom();
  const [doctor, patient] = [newClient(), newClient()];
  const first = await doctor.join(room, 'doctor');
  assert.deepEqual(first.participants, []);
  assert.equal(doctor.clientId, first.client_id);
  assert.deepEqual([doctor.state, doctor.roomId, doctor.sender], ['joined', room, 'doctor']);

  const arrival = next(doctor, 'user-joined');
  const { participants } = await patient.join(room, 'patient');
  assert.deepEqual(participants.map(({ sender }) => sender), ['doctor']);
  assert.equal((await arrival).client_id, patient.clientId);
  assert.deepEqual([...doctor.participants.keys()], [patient.clientId]);

  const signals = record(patient, 'offer', 'answer', 'ice-candidate');
  const data = { sdp: 'v=0\r\n', type: 'offer', é: [null, 1.5, '\u2028'] };
  assert.equal(doctor.offer(data), true);
  assert.equal(doctor.answer(data, patient.clientId), true);
  for (let i = 0; i < 20; i++) doctor.candidate({ candidate: String(i) }, 'patient');
  await until(() => signals.length === 22, 'all signals');
  assert.deepEqual(signals[0].data, data);
  assert.equal(signals[0].target, undefined);
  assert.equal(signals[1].target, patient.clientId);
  assert.deepEqual(signals.slice(2).map((one) => one.data.candidate), [...Array(20).keys()].map(String));
  assert.ok(signals.every((one) => one.sender === 'doctor' && one.client_id === doctor.clientId));

  const departure = next(doctor, 'user-left');
  await patient.leave();
  assert.deepEqual([patient.state, patient.clientId, patient.roomId], ['lobby', null, null]);
  assert.equal((await departure).reason, 'leave');
  assert.equal(doctor.participants.size, 0);
  assert.equal(patient.offer(data), false);

  await patient.join(room, 'patient'); // on the same connection
  patient.leave();
  await patient.join(room, 'patient'); // nor need one wait
  doctor.close();
  assert.equal((await next(patient, 'user-left')).reason, 'leave');
  await assert.rejects(doctor.join(room, 'doctor'), { code: 'closed' });
});

test('states, in order', async () => {
  const client = newClient();
  const states = record(client, 'state');
  await client.join(newRoom(), 'a');
  await client.leave();
  await client.join(newRoom(), 'a');
  client.close();
  assert.deepEqual(states.map(({ state }) => state),
    ['connecting', 'joining', 'joined', 'leaving', 'lobby', 'joining', 'joined', 'closed']);
});

test('a refused join rejects with the code of the server', async () => {
  const client = newClient();
  const error = await client.join('', 'a').catch((reason) => reason);
  assert.ok(error instanceof SignalingError);
  assert.match(error.code, /^(missing|invalid)-field$/);
  assert.ok(error.message && error.details);
  assert.equal(client.state, 'idle');
  await client.join(newRoom(), 'a');
  await assert.rejects(client.join(newRoom(), 'a'), { code: 'already-in-room' });
  assert.equal(client.state, 'joined');
});

test('an error of the server is an event', async () => {
  const client = newClient();
  await client.join(newRoom(), 'a');
  const error = next(client, 'error');
  client.offer({}, 'nobody');
  assert.equal((await error).code, 'no-such-target');
  assert.equal(client.state, 'joined');
});

test('what is said before the room is entered waits, within its bounds', async () => {
  const room = newRoom();
  const watcher = newClient();
  await watcher.join(room, 'watcher');
  const offers = record(watcher, 'offer');
  const client = newClient({ outboxMessages: 3 });
  assert.equal(client.offer(0), false); // in no room, on the way to none
  const joined = client.join(room, 'client');
  assert.deepEqual([1, 2, 3, 4].map((n) => client.offer(n)), [true, true, true, false]);
  await joined;
  await until(() => offers.length === 3, 'the three');
  assert.deepEqual(offers.map(({ data }) => data), [1, 2, 3]);
});

test('ping', async () => {
  const client = newClient();
  await assert.rejects(client.ping(), { code: 'disconnected' });
  await client.join(newRoom(), 'a');
  const times = await Promise.all([client.ping(), client.ping(), client.ping()]);
  assert.ok(times.every((ms) => ms >= 0 && ms < 10_000));
});

test('a cut connection comes back to the room under a new id', async () => {
  const room = newRoom();
  const network = await newNetwork();
  const watcher = newClient();
  await watcher.join(room, 'watcher');
  const client = newClient({ url: network.url, resume: false, reconnect: { firstMs: 50 } });
  await client.join(room, 'client');
  const before = client.clientId;
  for (let i = 0; i < 3; i++) {
    const events = record(client, 'disconnect', 'joined');
    const departed = next(watcher, 'user-left');
    const again = next(client, 'joined');
    network.cut();
    await next(client, 'disconnect');
    assert.equal(client.state, 'waiting');
    assert.equal(client.clientId, null);
    assert.equal(client.offer('of the old seat'), false);
    await again;
    assert.equal((await departed).reason, 'disconnect');
    assert.equal(typeof events[0].retryInMs, 'number');
    assert.equal(network.connections, 1);
  }
  assert.notEqual(client.clientId, before);
  await until(() => watcher.participants.has(client.clientId) && watcher.participants.size === 1, 'one participant');
});

test('a silent connection is found out and replaced', async () => {
  const network = await newNetwork();
  const client = newClient({ url: network.url, resume: false, pingIntervalMs: 50, pongTimeoutMs: 100, reconnect: { firstMs: 50 } });
  await client.join(newRoom(), 'client');
  await sleep(500); // idle, and nothing happens
  assert.equal(client.state, 'joined');
  network.silence(true);
  assert.equal((await next(client, 'disconnect')).code, 1006);
  network.silence(false);
  await next(client, 'joined');
});

test('without reconnect a lost connection stays lost', async () => {
  const network = await newNetwork();
  const client = newClient({ url: network.url, reconnect: false });
  await client.join(newRoom(), 'client');
  const lost = next(client, 'disconnect');
  network.cut();
  assert.equal((await lost).retryInMs, null);
  assert.equal(client.state, 'idle');
  await client.join(newRoom(), 'client'); // but one may ask anew
});

test('leave() and AbortSignal give up a join that gets nowhere', async () => {
  const nowhere = net.createServer(() => {}); // accepts, and says nothing
  await new Promise((resolve) => nowhere.listen(0, '127.0.0.1', resolve));
  const url = `ws://127.0.0.1:${nowhere.address().port}/ws`;
  const client = newClient({ url });
  const joined = client.join('room', 'a');
  await client.leave();
  await assert.rejects(joined, { code: 'left' });
  await assert.rejects(client.join('room', 'a', { signal: AbortSignal.timeout(50) }), { name: 'TimeoutError' });
  assert.equal(client.state, 'idle');

  const controller = new AbortController();
  const other = newClient({ url, signal: controller.signal });
  const waiting = other.join('room', 'a');
  controller.abort();
  await assert.rejects(waiting, { code: 'closed' });
  assert.equal(other.state, 'closed');
  nowhere.close();
});

test('a server that is not there yet is tried again', async () => {
  const placeholder = net.createServer();
  await new Promise((resolve) => placeholder.listen(0, '127.0.0.1', resolve));
  const free = placeholder.address().port;
  await new Promise((resolve) => placeholder.close(resolve));
  const client = newClient({ url: `ws://127.0.0.1:${free}/ws`, reconnect: { firstMs: 30 } });
  const joined = client.join(newRoom(), 'a');
  await next(client, 'disconnect');
  assert.equal(client.state, 'waiting');
  const proxy = net.createServer((near) => {
    const far = net.connect(port, '127.0.0.1');
    near.pipe(far).pipe(near);
    for (const socket of [near, far]) socket.on('error', () => {});
  });
  await new Promise((resolve) => proxy.listen(free, '127.0.0.1', resolve));
  await joined;
  client.close();
  proxy.close();
});

test('one room an address: the url may depend on the room', async () => {
  const client = newClient({ url: (room) => `http://127.0.0.1:${port}/ws/${encodeURIComponent(room)}` });
  for (const room of [newRoom(), `${newRoom()} ü/%`]) {
    await client.join(room, 'a');
    assert.equal(client.roomId, room);
    await client.leave();
  }
});

test('bad use is an exception', async () => {
  const client = newClient();
  await client.join(newRoom(), 'a');
  assert.throws(() => client.offer(undefined), TypeError);
  assert.throws(() => new Signaling({ WebSocket: null, url: 'ws://x' }), TypeError);
  await assert.rejects(newClient({ url: 'not an address' }).join('room', 'a'));
});
