/*
 * test_resume - what video-signaling.js does when connections are lost: in Node, against a stand-in server that can also
 * do what a real one does not, and against the real one as far as it knows resume.
 *
 * usage: node test_resume.mjs PORT
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { browser, newClient, newNetwork, newRoom, next, realUrl, record, sleep, until } from './module_case.mjs';
import { startStandIn } from './stand_in.mjs';

const CUTS = process.env.VIDEO_SIGNALING_TEST_FULL === '1' ? 500 : 60;
const FAST = { firstMs: 20, maxMs: 200 };

async function newStandIn(options) {
  const server = await startStandIn(options);
  after(() => server.close());
  return server;
}

/** Does the real server keep seats? One that does not is tested as such, in test_module.mjs. */
async function realKeepsSeats() {
  const client = newClient();
  const { resume } = await client.join(newRoom(), 'a');
  client.close();
  return resume !== undefined;
}

const servers = [['stand-in', (await newStandIn()).url]];
if (await realKeepsSeats()) servers.push(['real server', realUrl]);

/** Waits until the client enters this state, or is back in the room. */
function reach(client, wanted) {
  return new Promise((resolve) => {
    client.addEventListener('state', function on({ detail: { state } }) {
      if (state !== wanted && state !== 'joined') return;
      client.removeEventListener('state', on);
      resolve();
    });
  });
}

for (const [name, serverUrl] of servers) {
  /** Two in a room; the patient's network can be cut. */
  const twoInARoom = async (options = {}) => {
    const network = await newNetwork(serverUrl);
    const room = newRoom();
    const [doctor, patient] = [newClient({ url: serverUrl }), newClient({ url: network.url, reconnect: FAST, ...options })];
    await doctor.join(room, 'doctor');
    await patient.join(room, 'patient');
    await until(() => doctor.participants.size === 1, 'the patient');
    return { network, room, doctor, patient };
  };

  test(`${name}: a cut connection comes back to its seat`, async () => {
    const { network, doctor, patient } = await twoInARoom();
    const id = patient.clientId;
    const others = record(doctor, 'user-joined', 'user-left', 'user-suspended', 'user-resumed');
    for (let i = 0; i < 3; i++) {
      const [lost, back] = [next(patient, 'disconnect'), next(patient, 'resumed')];
      const suspended = next(doctor, 'user-suspended');
      network.cut();
      assert.equal((await lost).resumable, true);
      assert.deepEqual([patient.state, patient.suspended, patient.clientId], ['waiting', true, id]);
      assert.equal(patient.participants.size, 1);
      assert.equal((await suspended).client_id, id);
      assert.equal((await back).client_id, id);
      assert.deepEqual([patient.state, patient.suspended, patient.clientId], ['joined', false, id]);
      await until(() => others.length === 2 * (i + 1), 'suspended and resumed');
      assert.equal(doctor.participants.get(id).suspended, undefined);
    }
    assert.deepEqual([...new Set(others.map(({ action }) => action))].sort(), ['user-resumed', 'user-suspended']);
  });

  test(`${name}: signals of both sides wait for the connection, each arrives once and in order`, async () => {
    const { network, doctor, patient } = await twoInARoom();
    const [toDoctor, toPatient] = [record(doctor, 'offer'), record(patient, 'answer')];
    const back = next(patient, 'resumed');
    const suspended = next(doctor, 'user-suspended');
    network.cut();
    await next(patient, 'disconnect');
    for (let i = 0; i < 20; i++) assert.equal(patient.offer(i), true);
    await suspended;
    for (let i = 0; i < 20; i++) assert.equal(doctor.answer(i, 'patient'), true);
    await back;
    await until(() => toDoctor.length >= 20 && toPatient.length >= 20, 'all of them');
    await patient.ping();
    assert.deepEqual(toDoctor.map(({ data }) => data), [...Array(20).keys()]);
    assert.deepEqual(toPatient.map(({ data }) => data), [...Array(20).keys()]);
  });

  test(`${name}: cut at any moment, no signal is lost, doubled or reordered`, async () => {
    const { network, doctor, patient } = await twoInARoom({ pingIntervalMs: 200, pongTimeoutMs: 400 });
    const id = patient.clientId;
    const [toDoctor, toPatient] = [record(doctor, 'offer'), record(patient, 'answer')];
    const fresh = record(patient, 'seat-lost');
    let sent = 0;
    for (let cuts = 0; cuts < CUTS; cuts++) {
      for (let i = 0; i < 12; i++) {
        assert.equal(patient.offer(sent), true);
        assert.equal(doctor.answer(sent++, 'patient'), true);
        if (i % 4 === 0) await sleep(Math.random() * 6);
      }
      // What is swallowed first was sent in good faith and is lost for sure. A cut may also meet the resume itself.
      if (cuts % 3 === 0) network.silence(true);
      await sleep(Math.random() * 5);
      const reached = reach(patient, ['connecting', 'resuming', 'joined'][cuts % 3]);
      network.cut();
      network.silence(false);
      await reached;
    }
    await until(() => fresh.length || (toDoctor.length >= sent && toPatient.length >= sent),
      () => `all ${sent}: ${toDoctor.length}, ${toPatient.length}, ${patient.state}`);
    assert.deepEqual(fresh, []);
    await patient.ping();
    assert.deepEqual(toDoctor.map(({ data }) => data), [...Array(sent).keys()]);
    assert.deepEqual(toPatient.map(({ data }) => data), [...Array(sent).keys()]);
    assert.equal(patient.clientId, id);
  });

  test(`${name}: a connection that is merely silent is replaced, and the seat is the same`, async () => {
    const { network, patient } = await twoInARoom({ pingIntervalMs: 50, pongTimeoutMs: 100 });
    const id = patient.clientId;
    const back = next(patient, 'resumed');
    network.silence(true);
    await next(patient, 'disconnect');
    network.silence(false);
    await back;
    assert.equal(patient.clientId, id);
  });
}

test('real server: ICE servers are renewed before their credential ends', async () => {
  const now = Date.now;
  after(() => { Date.now = now; });
  Date.now = () => now() + 86_400_000; // for us they have ended
  const client = newClient({ iceRenewalMinMs: 100 });
  const { ice_servers: first } = await client.join(newRoom(), 'a');
  assert.match(first.at(-1).username, /^\d+:/);
  const { ice_servers: second } = await next(client, 'ice-servers');
  assert.deepEqual(client.iceServers, second);
  assert.deepEqual(second.at(-1).urls, first.at(-1).urls);
  Date.now = now;
});

// -- what only the stand-in does ---------------------------------------------------------------------------------

/** A client at the stand-in, and the member that it is there. */
async function newMember(server, options = {}) {
  const client = newClient({ url: server.url, reconnect: FAST, ...options });
  await client.join(newRoom(), 'a');
  return { client, member: server.members.get(client.clientId) };
}

test('too late: the seat is lost, and the room is entered as somebody new', async () => {
  const server = await newStandIn();
  const { client, member } = await newMember(server);
  const events = record(client, 'state', 'disconnect', 'seat-lost', 'joined', 'resumed', 'end');
  const joined = next(client, 'joined');
  server.closeAll();
  await next(client, 'disconnect');
  client.offer('of the old seat');
  server.forget(member);
  assert.notEqual((await joined).client_id, member.id);
  assert.equal(client.clientId, (await joined).client_id);
  assert.deepEqual(events.map((one) => one.state ?? one.action ?? Object.keys(one)[0]),
    ['waiting', 'code', 'connecting', 'resuming', 'reason', 'joining', 'joined', 'joined']);
  assert.equal(events.find((one) => 'undelivered' in one).undelivered, 1);
  await client.ping();
  assert.equal(server.received.filter(({ action }) => action === 'offer').length, 0);
  client.offer('of the new one');
  await client.ping();
  assert.deepEqual(server.received.filter(({ action }) => action === 'offer').map(({ n }) => n), [1]);
});

test('what comes a second time is not told a second time', async () => {
  const server = await newStandIn();
  const { client, member } = await newMember(server);
  const offers = record(client, 'offer');
  const offer = { action: 'offer', room_id: member.room, client_id: 'x', sender: 'x', data: 1 };
  server.tell(member, offer);
  for (const again of member.kept) member.socket.send(JSON.stringify(again));
  server.tell(member, { ...offer, data: 2 });
  await client.ping();
  assert.deepEqual(offers.map(({ data }) => data), [1, 2]);
});

test('what was seen is confirmed, so that the server need not keep it', async () => {
  const server = await newStandIn();
  const { client, member } = await newMember(server);
  for (let i = 0; i < 500; i++) {
    server.tell(member, { action: 'offer', client_id: 'x', sender: 'x', data: i });
    if (i % 20 === 0) await client.ping();
    assert.ok(member.kept.length <= 64, `${member.kept.length} kept`);
  }
  await until(() => member.kept.length === 0, 'the last confirmation');
  const acks = server.received.filter(({ action }) => action === 'ack').length;
  assert.ok(acks < 120, `${acks} confirmations`);
});

test('the outbox is bounded, and emptied by what the server confirms', async () => {
  const server = await newStandIn();
  const { client } = await newMember(server, { outboxMessages: 32, reconnect: { firstMs: 1e6, maxMs: 1e6 } });
  for (let i = 0; i < 300; i++) {
    assert.equal(client.offer(i), true, `offer ${i}`);
    if (i % 16 === 0) await client.ping();
  }
  await client.ping();
  server.closeAll();
  await next(client, 'disconnect');
  assert.equal([...Array(100).keys()].filter((i) => client.offer(i)).length, 32);
  const large = newClient({ url: server.url, outboxBytes: 1000 });
  const joined = large.join(newRoom(), 'a');
  assert.deepEqual([large.offer('x'.repeat(900)), large.offer('x'.repeat(900))], [true, false]);
  await joined;
});

test('close codes: which are final, which want patience, which nothing of the kind', async () => {
  const finals = { 1000: 'ended', 1002: 'protocol', 1009: 'protocol', 4001: 'kicked', 4002: 'room-closed', 4003: 'elsewhere' };
  const expected = { ...finals, 1001: 0, 1012: 0, 4900: 0, 1008: 3000, 1011: 3000, 1013: 3000 };
  await Promise.all(Object.entries(expected).map(async ([code, what]) => {
    const server = await newStandIn();
    const { client } = await newMember(server);
    const [lost, ended] = [next(client, 'disconnect'), next(client, 'end')];
    server.closeAll(Number(code));
    const { retryInMs, resumable, code: told } = await lost;
    assert.equal(told, Number(code));
    if (typeof what === 'string') {
      assert.deepEqual([retryInMs, resumable], [null, false], code);
      assert.equal((await ended).why, what);
      assert.deepEqual([client.state, client.clientId, client.roomId], ['idle', null, null]);
      await client.join(newRoom(), 'a'); // one may, if asked by a person
    } else {
      assert.ok(retryInMs >= what && retryInMs <= what + FAST.firstMs && resumable, `${code}: ${retryInMs} ms`);
      assert.equal(client.suspended, true);
    }
  }));
});

test('at once when the browser says that the network is back, or gone', async () => {
  const server = await newStandIn();
  const network = await newNetwork(server.url);
  const { client } = await newMember(server, { url: network.url, reconnect: { firstMs: 1e9, maxMs: 1e9 }, probeTimeoutMs: 50 });
  const id = client.clientId;
  for (const sign of ['offline', 'online']) { // either is a reason to doubt the connection, which has died silently
    const lost = next(client, 'disconnect');
    network.silence(true);
    browser.dispatchEvent(new Event(sign));
    assert.equal((await lost).reason, 'no answer');
    network.silence(false);
    const back = next(client, 'resumed');
    browser.dispatchEvent(new Event('online'));
    await back;
  }
  assert.equal(client.clientId, id);

  const { client: calm } = await newMember(server);
  const answer = next(calm, 'pong');
  browser.dispatchEvent(new Event('offline')); // wrong: the server answers
  await answer;
  assert.deepEqual(calm.changes.map(({ state }) => state), ['connecting', 'joining', 'joined']);
});

test('ICE servers are renewed before their credential ends, and after a resume', async () => {
  const server = await newStandIn();
  const credential = (name) => [{ urls: 'stun:s' }, { urls: ['turn:t'], username: `${Math.round(Date.now() / 1000) + 2}:${name}`, credential: 'c' }];
  server.iceServers = credential('first');
  const { client } = await newMember(server, { iceRenewalMinMs: 100 });
  assert.deepEqual(client.iceServers, server.iceServers);
  server.iceServers = credential('second');
  const { ice_servers: second } = await next(client, 'ice-servers');
  assert.match(second[1].username, /:second$/);
  assert.deepEqual(client.iceServers, second);
  server.iceServers = credential('third');
  server.closeAll();
  assert.match((await next(client, 'ice-servers')).ice_servers[1].username, /:third$/);
  assert.equal(client.state, 'joined');

  server.iceServers = [{ urls: 'stun:s' }];
  const asked = server.received.filter(({ action }) => action === 'ice-servers').length;
  const { client: other } = await newMember(server, { iceRenewalMinMs: 10 });
  client.close();
  await sleep(100);
  await other.ping();
  assert.equal(server.received.filter(({ action }) => action === 'ice-servers').length, asked); // a STUN server never ends
});

test('leave(), close() and the signal end a lost connection too', async () => {
  const server = await newStandIn();
  const controller = new AbortController();
  for (const [give, state, why] of [
    [(client) => client.leave(), 'idle', undefined],
    [(client) => client.close(), 'closed', 'closed'],
    [() => controller.abort(), 'closed', 'closed'],
  ]) {
    const { client } = await newMember(server, { reconnect: { firstMs: 1e6, maxMs: 1e6 }, signal: controller.signal });
    const ends = record(client, 'end');
    server.closeAll();
    await next(client, 'disconnect');
    give(client);
    assert.deepEqual([client.state, client.suspended, client.participants.size], [state, false, 0]);
    assert.deepEqual(ends.map((end) => end.why), why ? [why] : []);
    assert.equal(client.offer(1), false);
  }
});

test('without resume, at one\'s own wish, a lost connection is a lost seat', async () => {
  const server = await newStandIn();
  const { client, member } = await newMember(server, { resume: false });
  assert.equal(member.secret, undefined);
  const lost = next(client, 'disconnect');
  const joined = next(client, 'joined');
  server.closeAll();
  assert.equal((await lost).resumable, false);
  assert.notEqual((await joined).client_id, member.id);
});

test('who came while we left is in no room of ours', async () => {
  const server = await newStandIn();
  const client = newClient({ url: server.url });
  await client.join(newRoom(), 'a');
  const left = client.leave();
  const [member] = server.members.values();
  server.tell(member, { action: 'user-joined', client_id: 'late', sender: 'late' });
  await left;
  await client.join(newRoom(), 'a');
  assert.equal(client.participants.size, 0);
});

test('a connection that is lost in no room ends nothing', async () => {
  const server = await newStandIn();
  const client = newClient({ url: server.url });
  await client.join(newRoom(), 'a');
  await client.leave();
  const ends = record(client, 'end');
  const lost = next(client, 'disconnect');
  server.closeAll(1001);
  assert.equal((await lost).retryInMs, null);
  await client.join(newRoom(), 'a');
  assert.deepEqual(ends, []);
});
