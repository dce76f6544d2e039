/*
 * stand_in - a signaling server of a page's length, with resume and ICE servers as the protocol describes them: for what
 * a test cannot make a real server do (lose a message, forget a seat, answer late). Checks nothing that honest clients
 * do right.
 *
 *     const server = await startStandIn({ resumeMs: 5000 });   // .url, .received, .members, .close() ...
 */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const { WebSocketServer } = createRequire(import.meta.url)('ws');
const SIGNALS = new Set(['offer', 'answer', 'ice-candidate']);

export class StandIn {
  /** client_id -> member, connected or suspended. */
  members = new Map();
  /** Every message of every client. */
  received = [];
  /** What `ice_servers` says, if anything. */
  iceServers = undefined;
  #http = createServer((_, response) => response.writeHead(404).end());
  #sockets = new WebSocketServer({ server: this.#http });

  constructor({ resumeMs = 10_000 } = {}) {
    this.resumeMs = resumeMs;
    this.#sockets.on('connection', (socket) => {
      socket.on('message', (text) => this.#onMessage(socket, JSON.parse(text)));
      socket.on('error', () => {});
      socket.on('close', () => this.#onClose(socket));
    });
  }

  get url() { return `ws://127.0.0.1:${this.#http.address().port}/ws`; }
  listen() { return new Promise((resolve) => this.#http.listen(0, '127.0.0.1', () => resolve(this))); }

  close() {
    for (const socket of this.#sockets.clients) socket.terminate();
    for (const member of this.members.values()) clearTimeout(member.timer);
    this.#sockets.close();
    this.#http.close();
  }

  /** Ends all connections with this code; 0: without a word. */
  closeAll(code = 0) {
    for (const socket of this.#sockets.clients) {
      if (code) socket.close(code);
      else socket.terminate();
    }
  }

  /** As after resumeMs. */
  forget(member) {
    clearTimeout(member.timer);
    this.members.delete(member.id);
    this.tellOthers(member, { action: 'user-left', reason: 'timeout' });
  }

  tell(member, message) {
    const text = member.secret ? { ...message, seq: ++member.seq } : message;
    if (member.secret) member.kept.push(text);
    this.#send(member.socket, text);
  }

  tellOthers(member, message) {
    const { room: room_id, id: client_id, sender } = member;
    for (const other of this.members.values()) {
      if (other !== member && other.room === member.room) this.tell(other, { room_id, client_id, sender, ...message });
    }
  }

  #send(socket, message) { if (socket?.readyState === 1) socket.send(JSON.stringify(message)); }

  #onMessage(socket, message) {
    this.received.push(message);
    const { member } = socket;
    switch (message.action) {
      case 'join': return this.#join(socket, message);
      case 'resume': return this.#resume(socket, message);
      case 'ping': return member ? this.tell(member, { action: 'pong', data: message.data })
        : this.#send(socket, { action: 'pong', data: message.data });
      case 'ack':
        member.oldSecret = undefined;
        member.kept = member.kept.filter(({ seq }) => seq > message.seq);
        return undefined;
      case 'ice-servers': return this.tell(member, { action: 'ice-servers', ice_servers: this.iceServers });
      case 'leave':
        this.members.delete(member.id);
        this.tell(member, { action: 'left', room_id: member.room, client_id: member.id, success: true });
        this.tellOthers(member, { action: 'user-left', reason: 'leave' });
        socket.member = undefined;
        return undefined;
    }
    if (!SIGNALS.has(message.action)) throw new Error(`a client says ${JSON.stringify(message)}`);
    if (message.n !== undefined) {
      if (message.n <= member.accepted) return undefined;
      member.accepted = message.n;
    }
    const { action, data, target } = message;
    const signal = { action, room_id: member.room, client_id: member.id, sender: member.sender, target, data };
    for (const other of this.members.values()) {
      if (other !== member && other.room === member.room && [undefined, other.id, other.sender].includes(target)) {
        this.tell(other, signal);
      }
    }
    return undefined;
  }

  #describe(action, member) {
    const others = [...this.members.values()].filter((one) => one !== member && one.room === member.room);
    return {
      action, room_id: member.room, client_id: member.id, sender: member.sender, success: true,
      participants: others.map(({ id, sender }) => ({ client_id: id, sender })), ice_servers: this.iceServers,
      resume: member.secret, resume_ms: member.secret && this.resumeMs,
    };
  }

  #join(socket, { room_id: room, sender, resume }) {
    const id = randomBytes(16).toString('hex');
    const secret = resume && randomBytes(16).toString('hex');
    const member = { id, room, sender, secret, oldSecret: undefined, socket, seq: 0, accepted: 0, kept: [], timer: undefined };
    socket.member = member;
    this.#send(socket, this.#describe('joined', member));
    this.members.set(id, member);
    this.tellOthers(member, { action: 'user-joined' });
  }

  #resume(socket, { resume, seq }) {
    // Until the client has shown that it has the new secret, the old one is good: `resumed` may be lost like anything.
    const member = [...this.members.values()].find(({ secret, oldSecret }) => [secret, oldSecret].includes(resume));
    if (!member) {
      this.#send(socket, { action: 'error', code: 'unknown-resume', error: 'There is no seat to resume.', details: '' });
      return;
    }
    clearTimeout(member.timer);
    if (member.socket) {
      member.socket.member = undefined;
      member.socket.close(4003);
    }
    socket.member = member;
    member.socket = socket;
    member.oldSecret = resume;
    member.secret = randomBytes(16).toString('hex');
    member.kept = member.kept.filter((one) => one.seq > seq);
    this.#send(socket, { ...this.#describe('resumed', member), n: member.accepted });
    for (const one of member.kept) this.#send(socket, one);
    this.tellOthers(member, { action: 'user-resumed' });
  }

  #onClose({ member }) {
    if (!member || !this.members.has(member.id)) return;
    if (!member.secret) {
      this.members.delete(member.id);
      this.tellOthers(member, { action: 'user-left', reason: 'disconnect' });
      return;
    }
    member.socket = null;
    member.timer = setTimeout(() => this.forget(member), this.resumeMs).unref();
    this.tellOthers(member, { action: 'user-suspended' });
  }
}

export const startStandIn = (options) => new StandIn(options).listen();

// As a program: says its port, and ends with its input.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const server = await startStandIn();
  process.stdout.write(`${new URL(server.url).port}\n`);
  process.stdin.resume().on('end', () => process.exit());
}
