// @ts-check
/**
 * video-signaling - one client's connection to a video-signaling server: events in, methods out.
 *
 *     import { Signaling } from '/video-signaling.js';
 *     const signaling = new Signaling();
 *     signaling.addEventListener('offer', ({ detail }) => console.log(detail.sender, detail.data));
 *     const { participants } = await signaling.join('room-1', 'doctor');
 *     signaling.offer(description, participants[0].client_id);
 *
 * It owns the WebSocket. When that is lost it comes back to its seat, where the server keeps one (resume), and every
 * signal of either side arrives once and in order; else it enters the room anew. It knows nothing of RTCPeerConnection
 * (peer.js does) and depends on nothing: it runs in a browser, a worker, and in Node with a WebSocket global or given.
 *
 * Every message of the server is an event whose type is its `action` and whose `detail` is the message. Beside these:
 *   state       {state, previous}                      what to show; the states are in video-signaling.d.ts
 *   disconnect  {code, reason, retryInMs, resumable}   the connection is lost; retryInMs null: for good
 *   seat-lost   {reason, undelivered}                  too late to resume: the room is entered anew, as somebody new
 *   end         {why, code, reason}                    out of the room without having asked for it, or closed
 */

/** @typedef {import('./video-signaling.js').SignalingState} SignalingState */
/** @typedef {import('./video-signaling.js').EndReason} EndReason */

/**
 * How long a lost connection waits before it tries again: a random time up to `firstMs`, twice that at each further
 * attempt, never above `maxMs`. Random, so that a thousand clients that were lost together do not come back together.
 */
const RECONNECT = { firstMs: 500, maxMs: 15_000 };

/** After these closes another attempt would meet the same answer: we said something wrong, or an operator or another
 *  connection of ours ended it on purpose. After any other (1001, 1006, 1012, a proxy's own) we come back.
 *  @type {Map<number, EndReason>} */
const FINAL_CLOSES = new Map([
  [1000, 'ended'], [1002, 'protocol'], [1003, 'protocol'], [1007, 'protocol'], [1009, 'protocol'], [1010, 'protocol'],
  [4001, 'kicked'], [4002, 'room-closed'], [4003, 'elsewhere'],
]);

/** After these the server asks for patience: we were too fast or too slow for it, the room is broken, it is full. */
const SLOW_CLOSES = new Set([1008, 1011, 1013]);
const SLOW_MS = 3000;

/** When a *re*join gets one of these, it tries again: the room may be full of our own ghost, or the server may be on
 *  its way out or in. A first join is refused to the caller instead. */
const PASSING_ERRORS = new Set(['room-full', 'rate-limited', 'too-many-rooms', 'draining', 'internal']);

/** A seat that lasted this long was a good one: the next loss starts again at the shortest wait. */
const GOOD_SEAT_MS = 5000;

/** The server may notice a loss that much later than we do, and keeps the seat from then on. */
const NOTICED_LATER_MS = 60_000;

/** We confirm what we have seen after so many messages, or when the last was so long ago: until then the server keeps
 *  them, and it keeps 64 at most. */
const ACK_EVERY = 8;
const ACK_MS = 1000;

/** After so many signals we ask with a ping how far the server has read, to forget those. */
const CONFIRM_EVERY = 16;

/** What the server refused (`code` as in its protocol), or what went wrong here (`disconnected`, `closed`, `left`). */
export class SignalingError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   * @param {string} [details]
   */
  constructor(code, message, details = '') {
    super(message);
    this.name = 'SignalingError';
    this.code = code;
    this.details = details;
  }
}

/** CustomEvent, which Node has only since version 19. */
export class SignalingEvent extends Event {
  /**
   * @param {string} type
   * @param {any} detail
   */
  constructor(type, detail) {
    super(type);
    this.detail = detail;
  }
}

export class Signaling extends EventTarget {
  /** @type {SignalingState} */
  #state = 'idle';
  /** @type {WebSocket | null} */
  #socket = null;
  /** The room we want to be in, from join() to leave(), through any number of connections. `asked` counts the joins
   *  that were sent, `seated` says that one of them succeeded.
   *  @type {{ roomId: string, sender: string, token: any, asked: number, seated: boolean, settle: (settled: () => void) => void,
   *           resolve: Function, reject: Function } | null} */
  #wanted = null;
  /** What `joined` or `resumed` said of our seat; kept while the server keeps it for us.
   *  @type {any} */
  #seat = null;
  #seatedAt = 0;
  /** When it is no use any more to ask for that seat. */
  #keptUntil = 0;
  /** The last `seq` of the server that we have seen, and the last that we have confirmed. */
  #seen = 0;
  #acked = 0;
  /** @type {Map<string, import('./video-signaling.js').Participant>} */
  #participants = new Map();
  /** @type {RTCIceServer[]} */
  #iceServers = [];
  #outbox;
  #sentSincePing = 0;
  /** The number of the last signal that went out over this connection: what a pong can confirm. */
  #sentUpTo = 0;
  /** @type {Map<number, { resolve: (ms: number) => void, reject: Function, sentAt: number, covers: number }>} */
  #pings = new Map();
  #pingCount = 0;
  /** @type {(() => void)[]} */
  #leaving = [];
  #attempt = 0;
  /** @type {Record<'retry' | 'watch' | 'ack' | 'ice', ReturnType<typeof setTimeout> | undefined>} */
  #timers = { retry: undefined, watch: undefined, ack: undefined, ice: undefined };
  #options;

  /** @param {import('./video-signaling.js').SignalingOptions} [options] */
  constructor(options = {}) {
    super();
    this.#options = {
      WebSocket: globalThis.WebSocket,
      resume: true,
      outboxMessages: 1024,
      outboxBytes: 1 << 20,
      connectTimeoutMs: 10_000,
      pingIntervalMs: 20_000,
      pongTimeoutMs: 10_000,
      probeTimeoutMs: 4000,
      iceRenewalMinMs: 30_000,
      ...options,
      url: options.url ?? defaultUrl(),
      reconnect: options.reconnect === false ? null : { ...RECONNECT, ...Object(options.reconnect) },
    };
    if (!this.#options.WebSocket) throw new TypeError('no WebSocket here: pass one as { WebSocket }');
    this.#outbox = new Outbox(this.#options.outboxMessages, this.#options.outboxBytes);
    globalThis.addEventListener?.('online', this.#onWake);
    globalThis.addEventListener?.('offline', this.#onOffline);
    globalThis.document?.addEventListener('visibilitychange', this.#onWake);
    const { signal } = this.#options;
    if (signal?.aborted) this.close();
    else signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  get state() { return this.#state; }
  /** Our id in the room: unguessable, given by the server; kept through a resume, another one after each `joined`;
   *  null where we have no seat. */
  get clientId() { return this.#seat?.client_id ?? null; }
  get roomId() { return this.#wanted?.roomId ?? null; }
  get sender() { return this.#wanted?.sender ?? null; }
  /** Is the connection lost while the server keeps our seat? Signals wait in the outbox then. */
  get suspended() { return this.#seat !== null && this.#state !== 'joined'; }
  /** The others in the room, by client_id; a live view. One who has lost the connection is `suspended`.
   *  @returns {ReadonlyMap<string, import('./video-signaling.js').Participant>} */
  get participants() { return this.#participants; }
  /** For `new RTCPeerConnection({ iceServers })`; empty where the server names none. Renewed in time: see the event
   *  `ice-servers`. */
  get iceServers() { return this.#iceServers; }

  /**
   * Enters a room, connecting first where needed, and stays in it through lost connections until leave() or close().
   * While the server cannot be reached it goes on trying: bound it with `signal: AbortSignal.timeout(ms)`.
   *
   * @param {string} roomId
   * @param {string} sender our own label, which the others see
   * @param {{ token?: string | (() => string | Promise<string>), signal?: AbortSignal }} [options]
   * @returns {Promise<any>} what `joined` said; rejects with a SignalingError where the server says no
   */
  join(roomId, sender, options = {}) {
    const { token, signal } = options;
    if (this.#state === 'closed') return Promise.reject(new SignalingError('closed', 'This client was closed.'));
    if (this.#state === 'leaving') return this.leave().then(() => this.join(roomId, sender, options));
    if (this.#wanted) {
      return Promise.reject(new SignalingError('already-in-room', 'Leave the present room first.'));
    }
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const onAbort = () => { if (this.#wanted === wanted && !wanted.seated) this.#giveUp(signal?.reason); };
      const settle = (/** @type {() => void} */ settled) => {
        signal?.removeEventListener('abort', onAbort);
        settled();
      };
      const wanted = { roomId, sender, token, asked: 0, seated: false, settle, resolve, reject };
      this.#wanted = wanted;
      this.#attempt = 0;
      signal?.addEventListener('abort', onAbort);
      if (this.#state === 'lobby' && typeof this.#options.url !== 'function') this.#sendJoin();
      else this.#connect();
    });
  }

  /**
   * Leaves the room. The connection stays open for the next join().
   * @returns {Promise<void>} resolved when the server has confirmed it or there is nothing to leave
   */
  leave() {
    if (this.#state === 'joined') {
      this.#send({ action: 'leave' });
      this.#endSeat();
      this.#wanted = null;
      this.#enter('leaving');
    } else if (this.#wanted) {
      this.#giveUp(new SignalingError('left', 'leave() was called before the room was entered.'));
    }
    if (this.#state !== 'leaving') return Promise.resolve();
    return new Promise((resolve) => this.#leaving.push(resolve));
  }

  /**
   * Sends an offer to one member, or to everyone else in the room where `target` is left out. So do answer() and
   * candidate(). Before `joined`, and while the connection is lost and the seat kept, a signal waits in the outbox.
   *
   * @param {any} data any JSON value, passed on as it is
   * @param {string} [target] a client_id, or a label that only one other member bears
   * @returns {boolean} false: not sent and never will be, because the outbox is full, or we are in no room, or our
   *   seat was just lost (the others count us as gone: a signal of that call would mean nothing to the next)
   */
  offer(data, target) { return this.#signal('offer', data, target); }

  /**
   * @param {any} data
   * @param {string} [target]
   */
  answer(data, target) { return this.#signal('answer', data, target); }

  /**
   * @param {any} data
   * @param {string} [target]
   */
  candidate(data, target) { return this.#signal('ice-candidate', data, target); }

  /**
   * Asks the server for a sign of life.
   * @returns {Promise<number>} the round trip in milliseconds
   */
  ping() {
    const number = ++this.#pingCount;
    return new Promise((resolve, reject) => {
      if (!this.#send({ action: 'ping', data: number })) {
        reject(new SignalingError('disconnected', 'There is no connection.'));
        return;
      }
      this.#sentSincePing = 0;
      this.#pings.set(number, { resolve, reject, sentAt: performance.now(), covers: this.#sentUpTo });
    });
  }

  /** Leaves, closes the connection, and ends this object: every later join() is refused. */
  close() {
    if (this.#state === 'closed') return;
    if (this.#state === 'joined') this.#send({ action: 'leave' });
    globalThis.removeEventListener?.('online', this.#onWake);
    globalThis.removeEventListener?.('offline', this.#onOffline);
    globalThis.document?.removeEventListener('visibilitychange', this.#onWake);
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    const wanted = this.#wanted;
    this.#wanted = null;
    this.#drop();
    this.#endSeat();
    this.#enter('closed');
    wanted?.settle(() => wanted.reject(new SignalingError('closed', 'close() was called.')));
    this.#tell('end', { why: 'closed', code: 1000, reason: '' });
  }

  // -- connection ------------------------------------------------------------------------------------------------

  #connect() {
    this.#drop();
    this.#enter('connecting');
    if (this.#state !== 'connecting') return; // a listener thought better of it
    const { url, WebSocket } = this.#options;
    /** @type {WebSocket} */
    let socket;
    try {
      socket = new WebSocket(webSocketUrl(typeof url === 'function' ? url(this.#wanted?.roomId ?? '') : url));
    } catch (error) {
      this.#giveUp(error); // not an address, or one the page may not use: no attempt will help
      return;
    }
    this.#socket = socket;
    // Each handler first asks whether it still speaks for the present socket: one that was dropped may linger.
    socket.onopen = () => { if (socket === this.#socket) this.#onOpen(); };
    socket.onmessage = (event) => { if (socket === this.#socket) this.#onMessage(event.data); };
    socket.onclose = (event) => { if (socket === this.#socket) this.#onLost(event.code, event.reason); };
    socket.onerror = () => {}; // `close` follows and says more; without a listener Node's `ws` would throw
    this.#expectAnswer();
  }

  #onOpen() {
    this.#expectAnswer();
    if (this.#seat && Date.now() > this.#keptUntil) this.#loseSeat('The seat was kept no longer.');
    if (this.#seat) {
      this.#enter('resuming');
      this.#send({ action: 'resume', resume: this.#seat.resume, seq: this.#seen });
    } else {
      this.#sendJoin();
    }
  }

  async #sendJoin() {
    const wanted = this.#wanted;
    const socket = this.#socket;
    if (!wanted) return;
    this.#enter('joining');
    let { token } = wanted;
    if (typeof token === 'function') {
      this.#watch(); // it may take its time
      try {
        token = await token();
      } catch (error) {
        if (wanted === this.#wanted && socket === this.#socket) this.#giveUp(error);
        return;
      }
    }
    if (wanted !== this.#wanted || socket !== this.#socket) return;
    this.#expectAnswer();
    wanted.asked++;
    const resume = this.#options.resume && this.#options.reconnect ? true : undefined;
    this.#send({ action: 'join', room_id: wanted.roomId, sender: wanted.sender, token, resume });
  }

  /** The connection is gone, and nobody here wanted that.
   *  @param {number} code
   *  @param {string} reason */
  #onLost(code, reason) {
    const wasSeated = this.#state === 'joined';
    const { reconnect } = this.#options;
    const why = FINAL_CLOSES.get(code) ?? (reconnect ? null : 'network');
    this.#drop();
    if (!this.#wanted || !reconnect || why) {
      this.#tell('disconnect', { code, reason, retryInMs: null, resumable: false });
      this.#giveUp(new SignalingError('disconnected', reason || `The connection was closed (${code}).`),
        { why: why ?? 'network', code, reason });
      return;
    }
    if (wasSeated && Date.now() - this.#seatedAt > GOOD_SEAT_MS) this.#attempt = 0;
    if (!this.#seat?.resume) this.#endSeat();
    else if (wasSeated) this.#keptUntil = Date.now() + (Number(this.#seat.resume_ms) || 30_000) + NOTICED_LATER_MS;
    const wait = Math.min(reconnect.maxMs, reconnect.firstMs * 2 ** this.#attempt++);
    const retryInMs = Math.round(Math.random() * wait + (SLOW_CLOSES.has(code) ? SLOW_MS : 0));
    this.#timers.retry = setTimeout(() => this.#connect(), retryInMs);
    this.#enter('waiting');
    this.#tell('disconnect', { code, reason, retryInMs, resumable: this.suspended });
  }

  /** Wants no room any more; where a promise still waits, it learns why, else whoever listens to `end`.
   *  @param {any} error
   *  @param {{ why: EndReason, code: number | string, reason: string }} [end] */
  #giveUp(error, end) {
    const wanted = this.#wanted;
    this.#wanted = null;
    this.#drop();
    this.#endSeat();
    if (this.#state !== 'closed') this.#enter('idle');
    if (wanted && !wanted.seated) wanted.settle(() => wanted.reject(error));
    if (wanted && end) this.#tell('end', end);
  }

  /** Lets go of the socket and of everything that hung on it. */
  #drop() {
    const socket = this.#socket;
    this.#socket = null;
    this.#sentUpTo = 0;
    for (const name of /** @type {const} */ (['retry', 'watch', 'ack'])) this.#stop(name);
    for (const { reject } of this.#pings.values()) reject(new SignalingError('disconnected', 'The connection was lost.'));
    this.#pings.clear();
    this.#confirmLeft();
    // A half-dead connection takes minutes to close: it may, nobody listens to it any more.
    if (socket && socket.readyState < 2) socket.close(1000);
  }

  #endSeat() {
    this.#seat = null;
    this.#seen = this.#acked = 0;
    this.#stop('ack');
    this.#stop('ice');
    this.#participants.clear();
    if (!this.#wanted || this.#wanted.seated) this.#outbox.clear();
  }

  /** @param {string} reason */
  #loseSeat(reason) {
    const undelivered = this.#outbox.size;
    this.#endSeat();
    this.#tell('seat-lost', { reason, undelivered });
  }

  #confirmLeft() {
    for (const resolve of this.#leaving.splice(0)) resolve();
  }

  /** @param {'retry' | 'watch' | 'ack' | 'ice'} name */
  #stop(name) {
    clearTimeout(this.#timers[name]);
    this.#timers[name] = undefined;
  }

  /** To what begins a connection. No ping meanwhile: whatever we say now, the server may take for a sign that we have
   *  got its answer. */
  #expectAnswer() {
    this.#stop('watch');
    this.#timers.watch = setTimeout(() => this.#onLost(1006, 'no answer'), this.#options.connectTimeoutMs);
  }

  /** Browsers hide WebSocket pings from pages. So when the server has been silent for a while we ask it something,
   *  and when it stays silent we call the connection lost, long before TCP would. */
  #watch(silentMs = this.#options.pingIntervalMs, patienceMs = this.#options.pongTimeoutMs) {
    this.#stop('watch');
    this.#timers.watch = setTimeout(() => {
      this.ping().catch(() => {});
      this.#timers.watch = setTimeout(() => this.#onLost(1006, 'no answer'), patienceMs);
    }, silentMs);
  }

  /** The network is back, or the page is looked at again after a sleep: no reason to wait longer, or to trust a socket
   *  from before. */
  #onWake = (/** @type {Event} */ { type }) => {
    if (type === 'visibilitychange' && globalThis.document?.visibilityState === 'hidden') return;
    if (this.#state === 'waiting' || (this.#state === 'connecting' && type === 'online')) this.#connect();
    else this.#onOffline();
  };

  /** "Offline" is a browser's guess, and wrong for a server on this machine: ask it. */
  #onOffline = () => {
    if (this.#state === 'joined' || this.#state === 'lobby') this.#watch(0, this.#options.probeTimeoutMs);
  };

  #onAbort = () => this.close();

  // -- messages --------------------------------------------------------------------------------------------------

  /** @param {any} text */
  #onMessage(text) {
    this.#watch();
    let message;
    try {
      message = JSON.parse(text);
    } catch {
      return; // not from a video-signaling server
    }
    switch (message?.action) {
      case 'joined': return this.#onJoined(message);
      case 'resumed': return this.#onResumed(message);
    }
    if (this.#seat && !this.#isNew(message?.seq)) return;
    switch (message?.action) {
      case 'error': return this.#onError(message);
      case 'pong': return this.#onPong(message);
      case 'left':
        if (this.#state === 'leaving') this.#enter('lobby');
        this.#tell('left', message);
        return this.#confirmLeft();
    }
    // What was on its way to us when we left concerns nobody here. An action we do not know is told all the same.
    if (this.#state !== 'joined' || typeof message?.action !== 'string') return;
    switch (message.action) {
      case 'user-joined':
      case 'user-suspended':
      case 'user-resumed':
        this.#participants.set(message.client_id, participant(message));
        break;
      case 'user-left':
        this.#participants.delete(message.client_id);
        break;
      case 'ice-servers':
        this.#takeIceServers(message);
        break;
    }
    this.#tell(message.action, message);
  }

  /** Counts what comes to our seat. What comes a second time, after a resume, is not new.
   *  @param {any} seq */
  #isNew(seq) {
    if (!Number.isSafeInteger(seq)) return true;
    if (seq <= this.#seen) return false;
    this.#seen = seq;
    if (this.#seen - this.#acked >= ACK_EVERY) this.#ack();
    else this.#timers.ack ??= setTimeout(() => this.#ack(), ACK_MS);
    return true;
  }

  #ack() {
    this.#stop('ack');
    if (this.#state === 'joined' && this.#send({ action: 'ack', seq: this.#seen })) this.#acked = this.#seen;
  }

  /** @param {any} message */
  #onJoined(message) {
    const wanted = this.#wanted;
    if (!wanted || this.#state !== 'joining') return;
    wanted.seated = true;
    this.#seat = message;
    this.#seatedAt = Date.now();
    for (const one of message.participants) this.#participants.set(one.client_id, one);
    this.#iceServers = [];
    this.#takeIceServers(message);
    this.#sendOutbox(); // before any listener can send something newer
    this.#enter('joined');
    this.#tell('joined', message);
    wanted.settle(() => wanted.resolve(message));
  }

  /** All that we missed follows, in order, who came and went among it: so the participants need no other source.
   *  @param {any} message */
  #onResumed(message) {
    if (this.#state !== 'resuming') return;
    this.#seat = { ...this.#seat, ...message };
    this.#seatedAt = Date.now();
    this.#outbox.confirm(message.n);
    this.#sendOutbox();
    this.#enter('joined');
    if (this.#takeIceServers(message)) this.#tell('ice-servers', { action: 'ice-servers', ice_servers: this.#iceServers });
    this.#tell('resumed', message);
    this.#ack(); // it has reached us: the secret before it is done with
  }

  /** @param {any} message */
  #onError(message) {
    const wanted = this.#wanted;
    const passing = PASSING_ERRORS.has(message.code);
    this.#tell('error', message);
    if (!wanted || wanted !== this.#wanted) return;
    if (this.#state === 'resuming') { // then it can only answer our `resume`; so with `join` below
      if (passing) return this.#onLost(1006, message.error);
      this.#loseSeat(message.error);
      if (this.#state === 'resuming') this.#sendJoin();
    } else if (this.#state === 'joining') {
      if (passing && (wanted.seated || wanted.asked > 1)) return this.#onLost(1006, message.error);
      this.#giveUp(new SignalingError(message.code, message.error, message.details),
        wanted.seated ? { why: 'refused', code: message.code, reason: message.error } : undefined);
    }
  }

  /** @param {any} message */
  #onPong(message) {
    const ping = this.#pings.get(message.data);
    this.#pings.delete(message.data);
    if (ping) {
      this.#outbox.confirm(ping.covers); // messages are read in order
      ping.resolve(performance.now() - ping.sentAt);
    }
    this.#tell('pong', message);
  }

  /** @param {any} message
   *  @returns {boolean} did it say any? */
  #takeIceServers(message) {
    if (!Array.isArray(message.ice_servers)) return false;
    this.#iceServers = message.ice_servers;
    const renewInMs = renewalOf(this.#iceServers, this.#options.iceRenewalMinMs);
    if (renewInMs) this.#renewIceServers(renewInMs);
    return true;
  }

  /** Asks, and asks again until there is an answer.
   *  @param {number} inMs */
  #renewIceServers(inMs) {
    this.#stop('ice');
    this.#timers.ice = setTimeout(() => {
      if (this.#state === 'joined') this.#send({ action: 'ice-servers' });
      this.#renewIceServers(this.#options.iceRenewalMinMs);
    }, inMs);
  }

  /**
   * @param {string} action
   * @param {any} data
   * @param {string | undefined} target
   */
  #signal(action, data, target) {
    if (data === undefined) throw new TypeError(`${action}: data is required`);
    const wanted = this.#wanted;
    if (!wanted || (wanted.seated && !this.#seat)) return false;
    const text = JSON.stringify({ action, target, data });
    if (this.#state === 'joined' && !this.#seat.resume) {
      if (this.#socket?.readyState !== 1 || this.#socket.bufferedAmount + text.length > this.#options.outboxBytes) return false;
      this.#socket.send(text);
      return true;
    }
    const entry = this.#outbox.add(text);
    if (entry && this.#state === 'joined') this.#sendNumbered(entry);
    return entry !== null;
  }

  /** What waited for the seat, or may not have reached the server before the connection was lost. */
  #sendOutbox() {
    for (const entry of this.#outbox.entries) {
      if (this.#seat.resume) this.#sendNumbered(entry);
      else this.#socket?.send(entry.text);
    }
    if (!this.#seat.resume) this.#outbox.clear();
  }

  /** @param {{ n: number, text: string }} entry */
  #sendNumbered({ n, text }) {
    if (this.#socket?.readyState !== 1) return; // it is about to be lost: the resume sends this
    this.#socket.send(`${text.slice(0, -1)},"n":${n}}`);
    this.#sentUpTo = n;
    if (++this.#sentSincePing >= CONFIRM_EVERY || this.#outbox.isHalfFull) this.ping().catch(() => {});
  }

  /** @param {object} message */
  #send(message) {
    if (this.#socket?.readyState !== 1) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** @param {SignalingState} state */
  #enter(state) {
    const previous = this.#state;
    if (previous === state) return;
    this.#state = state;
    this.#tell('state', { state, previous });
  }

  /**
   * @param {string} type
   * @param {any} detail
   */
  #tell(type, detail) {
    this.dispatchEvent(new SignalingEvent(type, detail));
  }
}

/** Signals of ours that wait for the seat, or that the server may not have yet: in order, numbered from 1, bounded. */
class Outbox {
  #messagesMax;
  #bytesMax;
  #bytes = 0;
  /** @type {{ n: number, text: string }[]} */
  entries = [];
  /** The number of the last one ever added for this seat. */
  last = 0;

  /**
   * @param {number} messagesMax
   * @param {number} bytesMax
   */
  constructor(messagesMax, bytesMax) {
    this.#messagesMax = messagesMax;
    this.#bytesMax = bytesMax;
  }

  get size() { return this.entries.length; }
  get isHalfFull() { return this.#bytes * 2 > this.#bytesMax || this.entries.length * 2 > this.#messagesMax; }

  /** @param {string} text
   *  @returns {{ n: number, text: string } | null} null: there is no room for it */
  add(text) {
    if (this.entries.length >= this.#messagesMax || this.#bytes + text.length > this.#bytesMax) return null;
    const entry = { n: ++this.last, text };
    this.entries.push(entry);
    this.#bytes += text.length;
    return entry;
  }

  /** The server has everything up to this number.
   *  @param {number} n */
  confirm(n) {
    while (this.entries.length && this.entries[0].n <= n) this.#bytes -= this.entries.shift()?.text.length ?? 0;
  }

  clear() {
    this.entries = [];
    this.#bytes = this.last = 0;
  }
}

/** @param {any} message of or about a member
 *  @returns {import('./video-signaling.js').Participant} */
function participant({ action, client_id, sender }) {
  return action === 'user-suspended' ? { client_id, sender, suspended: true } : { client_id, sender };
}

/** When to ask for new ICE servers. The user name of a time-limited TURN credential begins with the second since 1970
 *  in which it ends, as coturn checks it; a fifth of the time is left for the asking.
 *  @param {RTCIceServer[]} servers
 *  @param {number} minMs also where our clock is wrong
 *  @returns {number | null} in milliseconds; null: never */
function renewalOf(servers, minMs) {
  const ends = servers.map(({ username }) => Number(/^(\d{9,11})(?::|$)/.exec(username ?? '')?.[1])).filter(Boolean);
  if (ends.length === 0) return null;
  return Math.min(Math.max((Math.min(...ends) * 1000 - Date.now()) * 0.8, minMs), 86_400_000);
}

/** `/ws` of the server that served the page. */
function defaultUrl() {
  if (!globalThis.location) throw new TypeError('outside a page, pass { url }');
  return new URL('/ws', globalThis.location.href);
}

/** Browsers took http: and https: here only lately.
 *  @param {string | URL} url */
function webSocketUrl(url) {
  const absolute = new URL(url, globalThis.location?.href);
  absolute.protocol = absolute.protocol.replace(/^http/, 'ws');
  absolute.hash = '';
  return absolute.href;
}
