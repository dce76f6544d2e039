// @ts-check
/**
 * call - everyone in the room, each with a Peer of their own (a mesh: right for two or three people, wrong for twenty).
 * It joins signaling, peers and our own media; it knows nothing of the page.
 *
 * A lost connection to the server ends no call: see peer.js for what happens to pictures meanwhile.
 *
 * Events: `status` (detail: a sentence for the user, and whether it is a problem), `member` (detail: the Member that
 * came or changed), `gone` (detail: the Member), `state` (detail: the new `state`), `left` (detail: a
 * sentence that says why, '' where we wanted it).
 */

import { Peer } from './peer.js';
import { Signaling, SignalingError, SignalingEvent } from './video-signaling.js';

/** Whoever comes in gives those who are there so much time to call. Clients that never do are called then. */
const PATIENCE_MS = 1500;

/**
 * @typedef {object} Member
 * @property {string} id
 * @property {string} name
 * @property {Peer} peer
 * @property {MediaStream} stream what they send
 * @property {RTCPeerConnectionState} connection
 * @property {boolean} microphoneOn
 * @property {boolean} cameraOn
 * @property {boolean} away they lost the server, which keeps their place
 * @property {boolean} lost they lost the server and their place, and we may still see each other
 * @property {(() => void)} tellMedia tells them whether our microphone and camera are on
 */

export class Call extends EventTarget {
  /** @type {'out' | 'entering' | 'in' | 'lost'} */
  state = 'out';
  /** @type {Map<string, Member>} */
  members = new Map();
  signaling = new Signaling();
  #media;

  /** @param {import('./media.js').Media} media */
  constructor(media) {
    super();
    this.#media = media;
    media.addEventListener('track', (event) => this.#onOwnTrack(/** @type {any} */ (event).detail));
    media.addEventListener('change', () => this.members.forEach(({ tellMedia }) => tellMedia()));

    const { signaling } = this;
    signaling.addEventListener('joined', ({ detail }) => this.#onJoined(detail));
    signaling.addEventListener('user-joined', ({ detail }) => {
      this.#removeLost(detail.sender);
      this.#status(`${detail.sender} is here. Connecting…`);
      this.#add(detail, 0);
    });
    signaling.addEventListener('user-left', ({ detail }) => this.#onUserLeft(detail));
    signaling.addEventListener('user-suspended', ({ detail }) => this.#onAway(detail, true));
    signaling.addEventListener('user-resumed', ({ detail }) => this.#onAway(detail, false));
    signaling.addEventListener('disconnect', ({ detail }) => this.#onDisconnect(detail));
    signaling.addEventListener('resumed', () => this.#onResumed());
    signaling.addEventListener('seat-lost', () => {
      this.#status('You were away for too long, and lost your place. Entering the room again…', true);
    });
    signaling.addEventListener('end', ({ detail }) => { if (this.state !== 'out') this.#end(endInWords(detail)); });
    // Says it without delay; what it means for the call, the connection shows.
    for (const type of ['online', 'offline']) {
      globalThis.addEventListener(type, () => { if (this.state === 'lost') this.#status(this.#lossInWords(), true); });
    }
    for (const action of /** @type {const} */ (['offer', 'answer', 'ice-candidate'])) {
      signaling.addEventListener(action, ({ detail }) => {
        this.members.get(detail.client_id)?.peer.receive(action, detail.data);
      });
    }
    signaling.addEventListener('error', ({ detail }) => {
      if (this.state === 'in') console.warn('signaling:', detail.code, detail.details);
    });
  }

  /**
   * @param {string} room
   * @param {string} name
   */
  async join(room, name) {
    this.#enter('entering');
    this.#status('Connecting to the server…');
    try {
      await this.signaling.join(room, name);
    } catch (error) {
      // A connection that ended for good has said so by `end`; hanging up needs no explanation.
      if (this.state !== 'entering') return;
      const { code = '', message = '', details = '' } = error instanceof SignalingError ? error : {};
      this.#end(refusalInWords(code, `${message} ${details}`));
    }
  }

  async hangUp() {
    if (this.state === 'out') return;
    const left = this.signaling.leave();
    this.#end('');
    await left;
  }

  /** @param {any} detail */
  #onJoined({ participants }) {
    // After a lost connection the others count us as somebody new, and so do we: all calls start again.
    for (const member of [...this.members.values()]) this.#remove(member);
    this.#enter('in');
    for (const one of participants) this.#add(one, PATIENCE_MS);
    const names = participants.map((/** @type {any} */ { sender }) => sender);
    this.#status(names.length ? `${listInWords(names)} ${names.length > 1 ? 'are' : 'is'} here. Connecting…`
      : 'You are the first here. Waiting for the others…');
  }

  /** @param {any} detail */
  #onUserLeft({ client_id: id, sender, reason }) {
    const member = this.members.get(id);
    // Pictures do not pass through the server: a call outlives a lost connection to it, until they come back to the
    // room as somebody new or the call breaks off as well.
    if (member) member.away = false;
    if (member?.connection === 'connected' && LOSSES.has(reason)) member.lost = true;
    else if (member) this.#remove(member);
    this.#status(`${sender} ${DEPARTURES[reason] ?? 'left.'}`);
    if (member?.lost) this.#tell('member', member);
  }

  /**
   * @param {{ client_id: string, sender: string }} participant
   * @param {boolean} away
   */
  #onAway({ client_id: id, sender }, away) {
    const member = this.members.get(id);
    if (!member) return;
    member.away = away;
    if (away) this.#status(`${sender} lost the connection. Waiting for them to come back…`, true);
    else if (member.connection === 'connected') this.#status(...this.#connectionInWords(member));
    else this.#status(`${sender} is back. Connecting…`);
    this.#tell('member', member);
  }

  /** @param {{ retryInMs: number | null }} detail */
  #onDisconnect({ retryInMs }) {
    if (retryInMs === null) return; // `end` follows
    if (this.state === 'in') this.#enter('lost');
    if (this.state === 'lost') this.#status(this.#lossInWords(), true);
    else this.#status('The server does not answer. Trying again…', true);
  }

  #onResumed() {
    this.#enter('in');
    const members = [...this.members.values()];
    const connected = members.find(({ connection }) => connection === 'connected');
    if (connected) this.#status(...this.#connectionInWords(connected));
    else this.#status(members.length ? 'You are back in the room. Connecting…' : 'You are back. Waiting for the others…');
  }

  /**
   * @param {{ client_id: string, sender: string }} participant
   * @param {number} patienceMs
   */
  #add({ client_id: id, sender: name }, patienceMs) {
    /** @type {RTCDataChannel | undefined} */
    let channel;
    const tellMedia = () => {
      const { microphoneOn, cameraOn } = this.#media;
      if (channel?.readyState === 'open') channel.send(JSON.stringify({ microphoneOn, cameraOn }));
    };
    const peer = new Peer({
      signaling: this.signaling,
      id,
      patienceMs,
      setup: (pc, offer) => {
        for (const track of this.#media.stream.getTracks()) pc.addTrack(track, this.#media.stream);
        // Both sides open it, so nothing is negotiated; a client that does not is told nothing, and misses nothing. To
        // somebody who calls without a place for it, it would take another call.
        channel = undefined;
        if (offer && !/^m=application /m.test(offer.sdp ?? '')) return;
        channel = pc.createDataChannel('media', { negotiated: true, id: 0 });
        channel.onopen = tellMedia;
        channel.onmessage = ({ data }) => this.#onTold(member, data);
      },
    });
    /** @type {Member} */
    const member = {
      id, name, peer, stream: new MediaStream(), connection: 'new', microphoneOn: true, cameraOn: true, away: false, lost: false,
      tellMedia,
    };
    this.members.set(id, member);

    let { pc } = peer;
    peer.addEventListener('track', (event) => {
      const { track } = /** @type {any} */ (event).detail;
      // A stream ends with its connection, and Firefox does not play it any further, whatever is added to it.
      if (pc !== peer.pc) member.stream = new MediaStream();
      pc = peer.pc;
      const { stream } = member;
      for (const old of stream.getTracks()) if (old.kind === track.kind) stream.removeTrack(old);
      stream.addTrack(track);
      this.#tell('member', member);
    });
    peer.addEventListener('state', (event) => {
      member.connection = /** @type {any} */ (event).detail;
      if (member.lost && member.connection !== 'connected') {
        this.#remove(member);
        this.#status(`${name} ${DEPARTURES.disconnect}`);
        return;
      }
      // While the server is gone, that is what matters; and a lost way to somebody who is away is no news.
      if (this.state === 'lost') this.#status(this.#lossInWords(), true);
      else if (!member.away || member.connection === 'connected') this.#status(...this.#connectionInWords(member));
      this.#tell('member', member);
    });
    peer.addEventListener('error', (event) => console.warn('peer:', /** @type {any} */ (event).detail));
    this.#tell('member', member);
  }

  /**
   * @param {Member} member
   * @param {string} text
   */
  #onTold(member, text) {
    try {
      const told = JSON.parse(text);
      member.microphoneOn = told.microphoneOn === true;
      member.cameraOn = told.cameraOn === true;
      this.#tell('member', member);
    } catch {
      // somebody else's use of the channel
    }
  }

  /** @param {MediaStreamTrack} track */
  #onOwnTrack(track) {
    for (const { peer } of this.members.values()) {
      for (const { sender } of peer.pc.getTransceivers()) {
        if (sender.track?.kind === track.kind) sender.replaceTrack(track).catch(() => {}); // closed meanwhile
      }
    }
  }

  /** @param {string} name of somebody who is back */
  #removeLost(name) {
    for (const member of [...this.members.values()]) if (member.lost && member.name === name) this.#remove(member);
  }

  /** @param {Member} member */
  #remove(member) {
    this.members.delete(member.id);
    member.peer.close();
    this.#tell('gone', member);
  }

  /** @param {string} why */
  #end(why) {
    for (const member of [...this.members.values()]) this.#remove(member);
    this.#enter('out');
    this.#tell('left', why);
  }

  #lossInWords() {
    if (!navigator.onLine) return 'This device is offline. The call comes back by itself as soon as the network does.';
    const lost = 'The connection to the server was lost. Reconnecting…';
    // Pictures do not pass through the server.
    if ([...this.members.values()].some(({ connection }) => connection === 'connected')) return `${lost} You can go on talking.`;
    return this.signaling.suspended ? `${lost} Your place in the room is kept.` : lost;
  }

  /** @param {Member} member
   *  @returns {[sentence: string, problem: boolean]} */
  #connectionInWords({ name, connection }) {
    switch (connection) {
      case 'connected': {
        const connected = [...this.members.values()].filter((member) => member.connection === 'connected');
        return [`You are connected with ${listInWords(connected.map((member) => member.name))}.`, false];
      }
      case 'disconnected': return [`The connection with ${name} is unsteady. Wait a moment…`, true];
      case 'failed': return [`There is no way through to ${name} right now. Looking for another one…`, true];
      default: return [`Connecting with ${name}…`, false];
    }
  }

  /** @param {Call['state']} state */
  #enter(state) {
    if (state === this.state) return;
    this.state = state;
    this.#tell('state', state);
  }

  /**
   * @param {string} sentence
   * @param {boolean} [problem]
   */
  #status(sentence, problem = false) {
    this.#tell('status', { sentence, problem });
  }

  /**
   * @param {string} type
   * @param {any} detail
   */
  #tell(type, detail) {
    this.dispatchEvent(new SignalingEvent(type, detail));
  }
}

/** Reasons for which somebody leaves against their will. */
const LOSSES = new Set(['disconnect', 'timeout', 'slow']);

/** @type {Record<string, string>} */
const DEPARTURES = {
  leave: 'hung up.',
  disconnect: 'lost the connection. They may come back.',
  timeout: 'lost the connection. They may come back.',
  slow: 'lost the connection. They may come back.',
  kicked: 'was removed by the operator.',
  flood: 'was removed by the server.',
};

/**
 * @param {string} code
 * @param {string} reason
 */
function refusalInWords(code, reason) {
  switch (code) {
    case 'room-full': return 'This room is full. Ask the others whether somebody can leave, or choose another room.';
    case 'too-many-rooms':
    case 'draining': return 'The server takes no new rooms right now. Try again in a minute.';
    case 'rate-limited': return 'That was too fast for the server. Wait a few seconds and try again.';
    case 'unauthorized': return 'You are not allowed into this room.';
    case 'invalid-field':
    case 'missing-field': return `The server did not accept the room or the name. ${reason}`;
    default: return `The server did not let us in. ${reason}`;
  }
}

/** @param {{ why: string, code: number | string, reason: string }} end */
function endInWords({ why, code, reason }) {
  switch (why) {
    case 'kicked': return 'The operator removed you from the room.';
    case 'room-closed': return 'The operator closed the room.';
    case 'elsewhere': return 'You have entered this room from another window.';
    case 'refused': return refusalInWords(String(code), reason);
    case 'closed': return '';
    default: return `The server ended the connection (${code}).`;
  }
}

/** @param {string[]} names */
function listInWords(names) {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names[names.length - 1]}`;
}
