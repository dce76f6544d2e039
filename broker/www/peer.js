// @ts-check
/**
 * peer - one RTCPeerConnection to one other member of the room, by the perfect-negotiation pattern: both sides may
 * call at any time, even at once; the polite one gives way. Which one that is, the two client_ids decide.
 *
 *     const peer = new Peer({ signaling, id, setup: (pc) => { for (const t of tracks) pc.addTrack(t, stream); } });
 *     peer.addEventListener('track', ({ detail }) => { video.srcObject = detail.streams[0]; });
 *     signaling.addEventListener('offer', ({ detail }) => peer.receive('offer', detail.data));   // and so on
 *
 * Events: `track` (detail: the RTCTrackEvent), `state` (detail: the connectionState), `error` (detail: an Error).
 *
 * It outlives a lost connection to the server: while either side is away nothing is begun that the other could not answer,
 * and when both are back it looks whether the way between them still leads anywhere (a change of network breaks it), and
 * for another one if not: an ICE restart.
 *
 * It gets on with clients that know nothing of the pattern: it understands the usual shapes of `data`, keeps candidates
 * that come before their offer, and takes an offer of a new session (they hung up and called again) as a new call. So it
 * takes an answer of a new session: they make a connection for every offer that comes, also for one that was meant to change
 * the connection they had, and DTLS cannot follow them there.
 */

import { SignalingEvent } from './video-signaling.js';

/** ICE may recover by itself from `disconnected`; a changed network needs new candidates. */
const DISCONNECTED_MS = 4000;
/** Both sides see a lost way at once: the polite one lets the other restart first. */
const POLITE_MS = 3000;
/** Whoever comes back to the room first hears what it missed, then restarts: both at once would be a collision. */
const BACK_MS = 200;
const POLITE_BACK_MS = 700;
/** In so much time something should arrive (sound, or at the least reports) over a way that leads somewhere. */
const ALIVE_MS = 1500;
/** In so much time after a negotiation ICE has chosen a way. */
const CHOSEN_MS = 2000;
/** So often in a row it is asked to choose again: a browser may not tell what it has chosen. */
const UNCHOSEN_MAX = 3;
/** Candidates that may wait for their description. */
const EARLY_MAX = 64;

export class Peer extends EventTarget {
  /** @type {RTCPeerConnection} */
  pc;
  #signaling;
  #setup;
  #polite;
  #makingOffer = false;
  #ignoringOffer = false;
  #settingAnswer = false;
  /** @type {any[]} */
  #early = [];
  /** Has the browser asked for an offer while the other side was away, or was to call first? */
  #offerWanted = false;
  /** Do we still let the other side call first? What we set up for it, their call may decide. */
  #patient;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #patienceTimer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #restartTimer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #chosenTimer;
  #unchosen = 0;
  /** Is there a restart to be made up for, when both sides can signal again? */
  #restartWanted = false;
  #configuration;
  #closed = new AbortController();

  /**
   * @param {object} options
   * @param {import('./video-signaling.js').Signaling} options.signaling in the room
   * @param {string} options.id the other's client_id
   * @param {(pc: RTCPeerConnection, offer?: RTCSessionDescriptionInit) => void} options.setup adds tracks and the like to
   *   each new connection; `offer` is theirs, if it is made to answer one. What an offer has no place for takes a second
   *   negotiation, and with a client that knows of one only, a second connection
   * @param {number} [options.patienceMs] wait that long for the other's call before calling oneself: whoever comes
   *   into a room waits, whoever is there calls, and both calling at once stays the exception it should be
   * @param {RTCConfiguration} [options.configuration] of each new connection; without `iceServers`, the server's are used
   */
  constructor({ signaling, id, setup, patienceMs = 0, configuration = {} }) {
    super();
    this.id = id;
    this.#signaling = signaling;
    this.#setup = setup;
    this.#configuration = configuration;
    this.#polite = (signaling.clientId ?? '') < id;
    this.#patient = patienceMs > 0;
    this.#patienceTimer = setTimeout(() => this.#endPatience(), patienceMs);
    this.pc = this.#start();
    const listening = { signal: this.#closed.signal };
    signaling.addEventListener('ice-servers', () => this.pc.setConfiguration(this.#rtcConfiguration()), listening);
    signaling.addEventListener('resumed', () => this.#onBack(this.#polite ? POLITE_BACK_MS : BACK_MS), listening);
    signaling.addEventListener('user-resumed', ({ detail }) => {
      if (detail.client_id === id) this.#onBack(POLITE_MS); // they know best, and restart first
    }, listening);
  }

  /**
   * Takes in a signal of this member.
   * @param {'offer' | 'answer' | 'ice-candidate'} action
   * @param {any} data
   */
  async receive(action, data) {
    try {
      if (action === 'ice-candidate') await this.#onCandidate(candidateOf(data));
      else await this.#onDescription({ type: action, sdp: sdpOf(data) });
    } catch (error) {
      if (this.pc.signalingState !== 'closed') this.#tell('error', error);
    }
  }

  /** Looks for a new way between the two, for example after a change of network. */
  restart() {
    this.#endPatience();
    this.pc.restartIce();
  }

  close() {
    this.#closed.abort();
    clearTimeout(this.#patienceTimer);
    clearTimeout(this.#restartTimer);
    clearTimeout(this.#chosenTimer);
    this.pc.close();
  }

  /** @param {RTCSessionDescriptionInit} [theirs] the offer to answer */
  #start(theirs) {
    const pc = new RTCPeerConnection(this.#rtcConfiguration());
    this.#makingOffer = this.#ignoringOffer = this.#settingAnswer = false;
    pc.onnegotiationneeded = () => this.#negotiate();
    pc.onicecandidate = ({ candidate }) => {
      // Without the last one, null, which nobody needs and plain scripts stumble over.
      if (candidate) this.#signaling.candidate(candidate, this.id);
    };
    pc.ontrack = (event) => this.#tell('track', event);
    pc.onconnectionstatechange = () => this.#onState();
    if (!this.#patient) this.#setup(pc, theirs);
    return pc;
  }

  #rtcConfiguration() {
    return { iceServers: this.#signaling.iceServers, ...this.#configuration };
  }

  /** Are both sides in the room, so that what is offered will be answered soon? */
  #canSignal() {
    return this.#signaling.state === 'joined' && !this.#signaling.participants.get(this.id)?.suspended;
  }

  /**
   * Where the pattern's textbook form takes our offer back (rollback), a new connection takes the place of the one
   * that made it: in Chromium (seen in 150 and 156; w3c/webrtc-pc#3081) a rollback in mid-call leaves the others'
   * picture standing still for good. Before a call it costs nothing; in a call, where both sides look for a new way
   * at once, it is a new call.
   * @param {RTCSessionDescriptionInit} theirs
   * @returns {boolean} is their offer, which was for the old connection, done with?
   */
  #giveWay(theirs) {
    const inCall = this.pc.remoteDescription !== null;
    this.#startAgain(inCall ? undefined : theirs);
    return inCall;
  }

  /** To the other side this is a new session, so it starts again as well.
   *  @param {RTCSessionDescriptionInit} [theirs] the offer to answer */
  #startAgain(theirs) {
    this.pc.close();
    this.pc = this.#start(theirs);
  }

  async #negotiate() {
    if (this.#patient || this.#signaling.participants.get(this.id)?.suspended) {
      this.#offerWanted = true;
      return;
    }
    const { pc } = this;
    try {
      this.#makingOffer = true;
      await pc.setLocalDescription();
      // The other's offer may have overtaken ours meanwhile: then this is an answer, and was sent where it was made.
      if (pc === this.pc && pc.localDescription?.type === 'offer') this.#signaling.offer(pc.localDescription, this.id);
    } catch (error) {
      if (pc.signalingState !== 'closed') this.#tell('error', error);
    } finally {
      if (pc === this.pc) this.#makingOffer = false;
    }
  }

  /** @param {RTCSessionDescriptionInit} [theirs] the call that was waited for */
  #endPatience(theirs) {
    clearTimeout(this.#patienceTimer);
    if (this.#patient) {
      this.#patient = false;
      this.#setup(this.pc, theirs);
    }
    const wanted = this.#offerWanted;
    this.#offerWanted = false;
    if (wanted && this.pc.signalingState === 'stable') this.#negotiate();
  }

  /** @param {RTCSessionDescriptionInit} description */
  async #onDescription(description) {
    if (description.type === 'offer') {
      this.#offerWanted = false; // theirs carries our tracks as well
      this.#endPatience(description);
      clearTimeout(this.#restartTimer); // and it is the new way that we would look for
      if (isNewSession(this.pc, description)) this.#startAgain(description);
    } else if (this.pc.signalingState !== 'have-local-offer') {
      return; // an answer to somebody else's offer, or to one that we took back
    } else if (isNewSession(this.pc, description)) {
      this.#startAgain(); // with all that we have in the first offer, which their next connection is then made for
      return;
    }
    const readyForOffer = !this.#makingOffer && (this.pc.signalingState === 'stable' || this.#settingAnswer);
    const collision = description.type === 'offer' && !readyForOffer;
    this.#ignoringOffer = collision && !this.#polite;
    if (this.#ignoringOffer) return;
    if (collision && this.#giveWay(description)) return;

    const { pc } = this;
    this.#settingAnswer = description.type === 'answer';
    try {
      await pc.setRemoteDescription(inTheirRole(pc, description));
    } catch (error) {
      // An answer that does not fit leaves a call that could be changed no more.
      if (pc === this.pc && description.type === 'answer' && pc.currentRemoteDescription) this.#startAgain();
      throw error;
    } finally {
      if (pc === this.pc) this.#settingAnswer = false;
    }
    if (pc !== this.pc) return;
    if (description.type === 'offer') {
      await pc.setLocalDescription();
      this.#signaling.answer(pc.localDescription, this.id);
    }
    this.#makeSureOfAWay();
    for (const candidate of this.#early.splice(0)) {
      await pc.addIceCandidate(candidate).catch(() => {}); // of an offer that came to nothing
    }
  }

  /** @param {any} candidate */
  async #onCandidate(candidate) {
    const { pc } = this;
    if (!pc.remoteDescription && !this.#ignoringOffer) {
      if (this.#early.length < EARLY_MAX) this.#early.push(candidate);
      return;
    }
    try {
      await pc.addIceCandidate(candidate);
    } catch (error) {
      if (!this.#ignoringOffer) throw error; // a candidate of an ignored offer fits nothing here, and need not
    }
  }

  #onState() {
    const { pc } = this;
    const state = pc.connectionState;
    clearTimeout(this.#restartTimer);
    this.#restartWanted = false;
    if (state === 'failed' || state === 'disconnected') {
      this.#restartIn((state === 'failed' ? 0 : DISCONNECTED_MS) + (this.#polite ? POLITE_MS : 0));
    }
    this.#tell('state', state);
  }

  /** @param {number} ms */
  #restartIn(ms) {
    clearTimeout(this.#restartTimer);
    this.#restartTimer = setTimeout(() => {
      this.#restartWanted = !this.#canSignal();
      if (!this.#restartWanted) this.restart();
    }, ms);
  }

  /**
   * A restart can come to nothing while both sides call themselves connected: Chromium (seen in 156) may choose the way from
   * its new address to the other's old one, where Firefox (seen in 153) still answers checks and takes in nothing else;
   * and no way is ever chosen between the new ones. A restart by the side that sees it works.
   */
  #makeSureOfAWay() {
    const { pc } = this;
    clearTimeout(this.#chosenTimer);
    this.#chosenTimer = setTimeout(async () => {
      if (pc.connectionState !== 'connected') return;
      if (await hasChosenAWay(pc)) {
        this.#unchosen = 0;
      } else if (pc === this.pc && pc.connectionState === 'connected' && this.#unchosen < UNCHOSEN_MAX) {
        this.#unchosen++;
        this.#restartIn(this.#polite ? POLITE_BACK_MS : BACK_MS);
      }
    }, CHOSEN_MS);
  }

  /** One of us has lost the server and found it again.
   *  @param {number} waitMs */
  async #onBack(waitMs) {
    if (!this.#patient) this.#endPatience(); // an offer that waited for them
    const { pc } = this;
    const state = pc.connectionState;
    if (state === 'connected' && await isAlive(pc)) return;
    if (pc !== this.pc || pc.connectionState === 'closed') return;
    // A call that was just being made may succeed as it is.
    const isUnderWay = (state === 'new' || state === 'connecting') && !this.#restartWanted;
    this.#restartIn(waitMs + (isUnderWay ? DISCONNECTED_MS : 0));
  }

  /**
   * @param {string} type
   * @param {any} detail
   */
  #tell(type, detail) {
    this.dispatchEvent(new SignalingEvent(type, detail));
  }
}

/** @param {RTCPeerConnection} pc */
async function bytesReceived(pc) {
  let sum = 0;
  (await pc.getStats()).forEach((one) => { if (one.type === 'candidate-pair') sum += one.bytesReceived ?? 0; });
  return sum;
}

/** @param {RTCPeerConnection} pc */
async function hasChosenAWay(pc) {
  return [...(await pc.getStats()).values()].some(({ type, nominated }) => type === 'candidate-pair' && nominated);
}

/** Does anything arrive? The connection itself notices only after some seconds that nothing does.
 *  @param {RTCPeerConnection} pc */
async function isAlive(pc) {
  const before = await bytesReceived(pc);
  await new Promise((resolve) => setTimeout(resolve, ALIVE_MS));
  return pc.connectionState === 'connected' && await bytesReceived(pc) > before;
}

/** The second line of SDP names the session, and a session is one RTCPeerConnection of the other side.
 *  @param {string | undefined} sdp */
const sessionOf = (sdp) => /^o=\S+ (\S+)/m.exec(sdp ?? '')?.[1];

/**
 * @param {RTCPeerConnection} pc
 * @param {RTCSessionDescriptionInit} description
 */
function isNewSession(pc, description) {
  const known = sessionOf(pc.remoteDescription?.sdp);
  return known !== undefined && known !== sessionOf(description.sdp);
}

/**
 * Who is the client of DTLS and who the server, the first answer has decided. A later offer leaves it open once more, and
 * Firefox (seen in 153) then answers as the client also where it is the server, which Chromium refuses: leave it no choice.
 * @param {RTCPeerConnection} pc
 * @param {RTCSessionDescriptionInit} description of theirs
 * @returns {RTCSessionDescriptionInit}
 */
function inTheirRole({ currentLocalDescription: ours, currentRemoteDescription: theirs }, { type, sdp }) {
  const answer = theirs?.type === 'answer' ? theirs : ours;
  const role = /^a=setup:(active|passive)/m.exec(answer?.sdp ?? '')?.[1];
  if (type !== 'offer' || !role) return { type, sdp };
  const theirRole = (answer === theirs) === (role === 'active') ? 'active' : 'passive';
  return { type, sdp: sdp?.replaceAll(/^a=setup:actpass/gm, `a=setup:${theirRole}`) };
}

/** A description as RTCPeerConnection makes it, wrapped once ({ offer: ... }, { sdp: ... }), or its text alone.
 *  @param {any} data
 *  @returns {string} */
function sdpOf(data) {
  const sdp = [data, data?.sdp, data?.sdp?.sdp, data?.offer?.sdp, data?.answer?.sdp].find((it) => typeof it === 'string');
  if (sdp === undefined) throw new TypeError('a description without sdp');
  return sdp;
}

/** An RTCIceCandidate, one wrapped in { candidate }, or null: there are no more.
 *  @param {any} data */
function candidateOf(data) {
  return data?.candidate && typeof data.candidate === 'object' ? data.candidate : data;
}
