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
 * It owns the WebSocket and comes back to the room when that is lost. It knows nothing of RTCPeerConnection (peer.js
 * does) and depends on nothing: it runs in a browser, a worker, and in Node with a WebSocket that is global or given.
 *
 * Every message of the server is an event whose type is its `action` and whose `detail` is the message; beside these:
 * `state` {state, previous} and `disconnect` {code, reason, retryInMs} (null: it does not try again). Types:
 * video-signaling.d.ts.
 */

/** @typedef {import('./video-signaling.js').SignalingState} SignalingState */

/**
 * How long a lost connection waits before it tries again: a random time up to `firstMs`, twice that at each further
 * attempt, never above `maxMs`. Random, so that a thousand clients that were lost together do not come back together.
 */
const RECONNECT = { firstMs: 500, maxMs: 15_000 };

/** After these closes another attempt would meet the same answer: we said something wrong, or an operator or another
 *  connection of ours ended it on purpose. */
const FINAL_CLOSES = new Set([1000, 1002, 1003, 1007, 1009, 1010, 4001, 4002, 4003]);

/** After these the server asks for patience: it is full, or we were too fast or too slow for it. */
const SLOW_CLOSES = new Set([1008, 1013]);
const SLOW_MS = 3000;

/** When a *re*join gets one of these, it tries again: the room may be full of our own ghost, or the server may be on
 *  its way out or in. A first join is refused to the caller instead. */
const PASSING_ERRORS = new Set(['room-full', 'rate-limited', 'too-many-rooms', 'draining', 'internal']);

/** A seat that lasted this long was a good one: the next loss starts again at the shortest wait. */
const GOOD_SEAT_MS = 5000;

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
  /** The room we want to be in, from join() to leave(), through any number of connections.
   *  @type {{ roomId: string, sender: string, token: any, seated: boolean, resolve: Function, reject: Function } | null} */
  #wanted = null;
  /** What `joined` said of our present seat.
   *  @type {any} */
  #seat = null;
  #seatedAt = 0;
  /** @type {Map<string, import('./video-signaling.js').Participant>} */
  #participants = new Map();
  /** Signals given between join() and `joined`, as text.
   *  @type {string[]} */
  #outbox = [];
  #outboxBytes = 0;
  /** @type {Map<number, { resolve: (ms: number) => void, reject: Function, sentAt: number }>} */
  #pings = new Map();
  #pingCount = 0;
  /** @type {(() => void)[]} */
  #leaving = [];
  #attempt = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retryTimer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #watchTimer;
  #options;

  /** @param {import('./video-signaling.js').SignalingOptions} [options] */
  constructor(options = {}) {
    super();
    this.#options = {
      WebSocket: globalThis.WebSocket,
      outboxMessages: 256,
      outboxBytes: 1 << 20,
      pingIntervalMs: 20_000,
      pongTimeoutMs: 10_000,
      ...options,
      url: options.url ?? defaultUrl(),
      reconnect: options.reconnect === false ? null : { ...RECONNECT, ...Object(options.reconnect) },
    };
    if (!this.#options.WebSocket) throw new TypeError('no WebSocket here: pass one as { WebSocket }');
    // A browser knows when the network is back: no reason to wait longer, or to trust a socket from before.
    globalThis.addEventListener?.('online', this.#onOnline);
    const { signal } = this.#options;
    if (signal?.aborted) this.close();
    signal?.addEventListener('abort', () => this.close(), { once: true });
  }

  get state() { return this.#state; }
  /** Our id in the room: unguessable, given by the server, another one after each `joined`; null outside a room. */
  get clientId() { return this.#seat?.client_id ?? null; }
  get roomId() { return this.#wanted?.roomId ?? null; }
  get sender() { return this.#wanted?.sender ?? null; }
  /** The others in the room, by client_id; a live view.
   *  @returns {ReadonlyMap<string, import('./video-signaling.js').Participant>} */
  get participants() { return this.#participants; }
  /** For `new RTCPeerConnection({ iceServers })`; empty where the server names none.
   *  @returns {RTCIceServer[]} */
  get iceServers() { return this.#seat?.ice_servers ?? []; }

  /**
   * Enters a room, connecting first where needed, and stays in it through lost connections until leave() or close().
   * While the server cannot be reached it goes on trying: bound it with `signal: AbortSignal.timeout(ms)`.
   *
   * @param {string} roomId
   * @param {string} sender our own label, which the others see
   * @param {{ token?: string | (() => string | Promise<string>), signal?: AbortSignal }} [options]
   * @returns {Promise<any>} what `joined` said; rejects with a SignalingError where the server says no
   */
  join(roomId, sender, { token, signal } = {}) {
    if (this.#state === 'closed') return Promise.reject(new SignalingError('closed', 'This client was closed.'));
    if (this.#wanted || this.#state === 'leaving') {
      return Promise.reject(new SignalingError('already-in-room', 'Leave the present room first.'));
    }
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const wanted = { roomId, sender, token, seated: false, resolve, reject };
      this.#wanted = wanted;
      this.#attempt = 0;
      signal?.addEventListener('abort', () => {
        if (this.#wanted === wanted && !wanted.seated) this.#giveUp(signal.reason);
      }, { once: true });
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
   * candidate(). Before `joined` a signal waits in the outbox.
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
      this.#pings.set(number, { resolve, reject, sentAt: performance.now() });
    });
  }

  /** Leaves, closes the connection, and ends this object: every later join() is refused. */
  close() {
    if (this.#state === 'closed') return;
    if (this.#state === 'joined') this.#send({ action: 'leave' });
    globalThis.removeEventListener?.('online', this.#onOnline);
    const wanted = this.#wanted;
    this.#wanted = null;
    this.#drop(1000);
    this.#enter('closed');
    if (wanted && !wanted.seated) wanted.reject(new SignalingError('closed', 'close() was called.'));
  }

  // -- connection ------------------------------------------------------------------------------------------------

  #connect() {
    this.#drop(1000);
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
    socket.onopen = () => { if (socket === this.#socket) this.#sendJoin(); };
    socket.onmessage = (event) => { if (socket === this.#socket) this.#onMessage(event.data); };
    socket.onclose = (event) => { if (socket === this.#socket) this.#onLost(event.code, event.reason); };
    socket.onerror = () => {}; // `close` follows and says more; without a listener Node's `ws` would throw
    this.#watch();
  }

  async #sendJoin() {
    const wanted = this.#wanted;
    const socket = this.#socket;
    if (!wanted) return;
    this.#enter('joining');
    let { token } = wanted;
    if (typeof token === 'function') {
      try {
        token = await token();
      } catch (error) {
        if (wanted === this.#wanted && socket === this.#socket) this.#giveUp(error);
        return;
      }
      if (wanted !== this.#wanted || socket !== this.#socket) return;
    }
    this.#send({ action: 'join', room_id: wanted.roomId, sender: wanted.sender, token });
  }

  /** The connection is gone, and nobody here wanted that.
   *  @param {number} code
   *  @param {string} reason */
  #onLost(code, reason) {
    const wanted = this.#wanted;
    const lasted = this.#seat ? Date.now() - this.#seatedAt : 0;
    const { reconnect } = this.#options;
    this.#drop(1000);
    if (!wanted || !reconnect || FINAL_CLOSES.has(code)) {
      this.#tell('disconnect', { code, reason, retryInMs: null });
      this.#giveUp(new SignalingError('disconnected', reason || `The connection was closed (${code}).`));
      return;
    }
    if (lasted > GOOD_SEAT_MS) this.#attempt = 0;
    const wait = Math.min(reconnect.maxMs, reconnect.firstMs * 2 ** this.#attempt++);
    const retryInMs = Math.round(Math.random() * wait + (SLOW_CLOSES.has(code) ? SLOW_MS : 0));
    this.#retryTimer = setTimeout(() => this.#connect(), retryInMs);
    this.#enter('waiting');
    this.#tell('disconnect', { code, reason, retryInMs });
  }

  /** Wants no room any more; where a promise still waits, it learns why.
   *  @param {any} error */
  #giveUp(error) {
    const wanted = this.#wanted;
    this.#wanted = null;
    this.#drop(1000);
    if (this.#state !== 'closed') this.#enter('idle');
    if (wanted && !wanted.seated) wanted.reject(error);
  }

  /** Lets go of the socket and of everything that hung on it.
   *  @param {number} code */
  #drop(code) {
    const socket = this.#socket;
    this.#socket = null;
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#watchTimer);
    this.#endSeat();
    for (const { reject } of this.#pings.values()) reject(new SignalingError('disconnected', 'The connection was lost.'));
    this.#pings.clear();
    this.#confirmLeft();
    // A half-dead connection takes minutes to close: it may, nobody listens to it any more.
    if (socket && socket.readyState < 2) socket.close(code);
  }

  #endSeat() {
    this.#seat = null;
    this.#participants.clear();
    if (!this.#wanted || this.#wanted.seated) this.#emptyOutbox();
  }

  #confirmLeft() {
    for (const resolve of this.#leaving.splice(0)) resolve();
  }

  /** Browsers hide WebSocket pings from pages. So when the server has been silent for a while we ask it something,
   *  and when it stays silent we call the connection lost, long before TCP would. */
  #watch(silentMs = this.#options.pingIntervalMs) {
    clearTimeout(this.#watchTimer);
    this.#watchTimer = setTimeout(() => {
      this.ping().catch(() => {});
      this.#watchTimer = setTimeout(() => this.#onLost(1006, 'no answer'), this.#options.pongTimeoutMs);
    }, silentMs);
  }

  #onOnline = () => {
    if (this.#state === 'waiting') this.#connect();
    else if (this.#socket) this.#watch(0);
  };

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
      case 'error': return this.#onError(message);
      case 'pong': return this.#onPong(message);
      case 'left':
        if (this.#state === 'leaving') this.#enter('lobby');
        this.#tell('left', message);
        return this.#confirmLeft();
      case 'user-joined':
        this.#participants.set(message.client_id, { client_id: message.client_id, sender: message.sender });
        break;
      case 'user-left':
        this.#participants.delete(message.client_id);
        break;
    }
    // What was on its way to us when we left concerns nobody here. An action we do not know is told all the same.
    if (this.#state === 'joined' && typeof message?.action === 'string') this.#tell(message.action, message);
  }

  /** @param {any} message */
  #onJoined(message) {
    const wanted = this.#wanted;
    if (!wanted || this.#state !== 'joining') return;
    wanted.seated = true;
    this.#seat = message;
    this.#seatedAt = Date.now();
    for (const one of message.participants) this.#participants.set(one.client_id, one);
    // Before any listener can send something newer.
    for (const text of this.#outbox) this.#socket?.send(text);
    this.#emptyOutbox();
    this.#enter('joined');
    this.#tell('joined', message);
    wanted.resolve(message);
  }

  /** @param {any} message */
  #onError(message) {
    const wanted = this.#wanted;
    this.#tell('error', message);
    if (this.#state === 'joining' && wanted && wanted === this.#wanted) { // then it can only answer our `join`
      if (wanted.seated && PASSING_ERRORS.has(message.code)) this.#onLost(1006, message.error);
      else {
        if (wanted.seated) this.#tell('disconnect', { code: 1000, reason: message.error, retryInMs: null });
        this.#giveUp(new SignalingError(message.code, message.error, message.details));
      }
    }
  }

  /** @param {any} message */
  #onPong(message) {
    const ping = this.#pings.get(message.data);
    this.#pings.delete(message.data);
    ping?.resolve(performance.now() - ping.sentAt);
    this.#tell('pong', message);
  }

  /**
   * @param {string} action
   * @param {any} data
   * @param {string | undefined} target
   */
  #signal(action, data, target) {
    if (data === undefined) throw new TypeError(`${action}: data is required`);
    if (!this.#wanted) return false;
    const text = JSON.stringify({ action, target, data });
    const { outboxMessages, outboxBytes } = this.#options;
    if (this.#state === 'joined' && this.#socket) {
      if (this.#socket.bufferedAmount + text.length > outboxBytes) return false;
      this.#socket.send(text);
      return true;
    }
    if (this.#wanted.seated) return false;
    if (this.#outbox.length >= outboxMessages || this.#outboxBytes + text.length > outboxBytes) return false;
    this.#outbox.push(text);
    this.#outboxBytes += text.length;
    return true;
  }

  #emptyOutbox() {
    this.#outbox = [];
    this.#outboxBytes = 0;
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
