/*
 * module_case - for tests of video-signaling.js in Node, with the `ws` package's WebSocket: clients that are closed in the
 * end and whose every change of state is a legal one, their events, and a network that can be cut.
 */
import assert from 'node:assert/strict';
import { setMaxListeners } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import net from 'node:net';
import { after } from 'node:test';

/** What a browser's window tells of the network: dispatch `online` or `offline` here. */
export const browser = new EventTarget();
setMaxListeners(0, browser);
globalThis.addEventListener = browser.addEventListener.bind(browser);
globalThis.removeEventListener = browser.removeEventListener.bind(browser);

// By its text, because to older versions of Node a .js file that no package.json calls a module is none.
const source = readFileSync(new URL('../../broker/www/video-signaling.js', import.meta.url));
export const { Signaling, SignalingError } = await import(`data:text/javascript;base64,${source.toString('base64')}`);

export const WebSocket = createRequire(import.meta.url)('ws');
/** Where the real server listens. */
export const port = Number(process.argv[2] ?? process.env.VIDEO_SIGNALING_TEST_PORT);
export const realUrl = `ws://127.0.0.1:${port}/ws`;

/** As the README's table has it. `idle` and `closed` may follow on anything but `closed`. */
const SUCCESSORS = {
  idle: ['connecting'],
  connecting: ['joining', 'resuming', 'waiting'],
  joining: ['joined', 'waiting'],
  joined: ['waiting', 'leaving'],
  waiting: ['connecting'],
  resuming: ['joined', 'joining', 'waiting'],
  leaving: ['lobby'],
  lobby: ['connecting', 'joining'],
  closed: [],
};

const clients = [];
let rooms = 0;

export function newClient(options = {}) {
  const client = new Signaling({ url: realUrl, WebSocket, ...options });
  client.changes = [];
  client.addEventListener('state', ({ detail }) => client.changes.push(detail));
  clients.push(client);
  return client;
}

after(() => {
  for (const client of clients) client.close();
  for (const { previous, state } of clients.flatMap(({ changes }) => changes)) {
    const legal = SUCCESSORS[previous].includes(state) || (previous !== 'closed' && ['idle', 'closed'].includes(state));
    assert.ok(legal, `${previous} -> ${state}`);
  }
});

export const newRoom = () => `module-${process.pid}-${++rooms}`;

/** The next event of a type, as its detail. */
export function next(client, type) {
  return new Promise((resolve) => client.addEventListener(type, ({ detail }) => resolve(detail), { once: true }));
}

/** Everything of some types, in order. */
export function record(client, ...types) {
  const seen = [];
  for (const type of types) client.addEventListener(type, ({ detail }) => seen.push(detail));
  return seen;
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export async function until(condition, what) {
  for (let i = 0; i < 3000; i++) {
    if (condition()) return;
    await sleep(10);
  }
  assert.fail(`not in 30 s: ${typeof what === 'function' ? what() : what}`);
}

/** A network between clients and a server: cut() tears all its connections, silence() lets nothing through. */
export async function newNetwork(target = realUrl) {
  const farPort = Number(new URL(target).port);
  const pairs = new Set();
  let silent = false;
  const server = net.createServer((near) => {
    const far = net.connect(farPort, '127.0.0.1');
    const pair = [near, far];
    pairs.add(pair);
    for (const [from, to] of [pair, [...pair].reverse()]) {
      from.on('data', (bytes) => { if (!silent) to.write(bytes); });
      from.on('error', () => {});
      from.on('close', () => { to.destroy(); pairs.delete(pair); });
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  after(() => server.close());
  return {
    url: `ws://127.0.0.1:${server.address().port}/ws`,
    cut() { for (const pair of pairs) for (const socket of pair) socket.destroy(); },
    silence(on) { silent = on; },
    get connections() { return pairs.size; },
  };
}
