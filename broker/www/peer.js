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
 * It gets on with clients that know nothing of the pattern: it understands the usual shapes of `data`, keeps candidates
 * that come before their offer, and takes an offer of a new session (they hung up and called again) as a new call.
 */

import { SignalingEvent } from './video-signaling.js';

/** ICE may recover by itself from `disconnected`; a changed network needs new candidates. */
const DISCONNECTED_MS = 4000;
/** Both sides see a lost way at once: the polite one lets the other restart first. */
const POLITE_MS = 3000;
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
  /** Has the browser asked for an offer while we still let the other side call first? */
  #offerWanted = false;
  #patient;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #patienceTimer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #restartTimer;

  /**
   * @param {object} options
   * @param {import('./video-signaling.js').Signaling} options.signaling in the room
   * @param {string} options.id the other's client_id
   * @param {(pc: RTCPeerConnection) => void} options.setup adds tracks and the like to each new connection
   * @param {number} [options.patienceMs] wait that long for the other's call before calling oneself: whoever comes
   *   into a room waits, whoever is there calls, and both calling at once stays the exception it should be
   */
  constructor({ signaling, id, setup, patienceMs = 0 }) {
    super();
    this.id = id;
    this.#signaling = signaling;
    this.#setup = setup;
    this.#polite = (signaling.clientId ?? '') < id;
    this.#patient = patienceMs > 0;
    this.#patienceTimer = setTimeout(() => this.#endPatience(), patienceMs);
    this.pc = this.#start();
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
    clearTimeout(this.#patienceTimer);
    clearTimeout(this.#restartTimer);
    this.pc.close();
  }

  #start() {
    const pc = new RTCPeerConnection({ iceServers: this.#signaling.iceServers });
    this.#makingOffer = this.#ignoringOffer = this.#settingAnswer = false;
    pc.onnegotiationneeded = () => this.#negotiate();
    pc.onicecandidate = ({ candidate }) => {
      // Without the last one, null, which nobody needs and plain scripts stumble over.
      if (candidate) this.#signaling.candidate(candidate, this.id);
    };
    pc.ontrack = (event) => this.#tell('track', event);
    pc.onconnectionstatechange = () => this.#onState();
    this.#setup(pc);
    return pc;
  }

  /**
   * Where the pattern's textbook form takes our offer back (rollback), a new connection takes the place of the one
   * that made it: in Chromium (seen in 150 and 156; w3c/webrtc-pc#3081) a rollback in mid-call leaves the others'
   * picture standing still for good. Before a call it costs nothing; in a call, where both sides look for a new way
   * at once, it is a new call.
   * @returns {boolean} is their offer, which was for the old connection, done with?
   */
  #giveWay() {
    const inCall = this.pc.remoteDescription !== null;
    this.#startAgain();
    return inCall;
  }

  /** To the other side this is a new session, so it starts again as well. */
  #startAgain() {
    this.pc.close();
    this.pc = this.#start();
  }

  async #negotiate() {
    if (this.#patient) {
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

  #endPatience() {
    clearTimeout(this.#patienceTimer);
    this.#patient = false;
    if (this.#offerWanted && this.pc.signalingState === 'stable') this.#negotiate();
    this.#offerWanted = false;
  }

  /** @param {RTCSessionDescriptionInit} description */
  async #onDescription(description) {
    if (description.type === 'offer') {
      this.#offerWanted = false; // theirs carries our tracks as well
      this.#endPatience();
      if (isNewSession(this.pc, description)) {
        this.#startAgain();
      }
    } else if (this.pc.signalingState !== 'have-local-offer') {
      return; // an answer to somebody else's offer, or to one that we took back
    }
    const readyForOffer = !this.#makingOffer && (this.pc.signalingState === 'stable' || this.#settingAnswer);
    const collision = description.type === 'offer' && !readyForOffer;
    this.#ignoringOffer = collision && !this.#polite;
    if (this.#ignoringOffer) return;
    if (collision && this.#giveWay()) return;

    const { pc } = this;
    this.#settingAnswer = description.type === 'answer';
    try {
      await pc.setRemoteDescription(description);
    } finally {
      if (pc === this.pc) this.#settingAnswer = false;
    }
    if (pc !== this.pc) return;
    if (description.type === 'offer') {
      await pc.setLocalDescription();
      this.#signaling.answer(pc.localDescription, this.id);
    }
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
    if (state === 'failed' || state === 'disconnected') {
      const wait = (state === 'failed' ? 0 : DISCONNECTED_MS) + (this.#polite ? POLITE_MS : 0);
      this.#restartTimer = setTimeout(() => pc.restartIce(), wait);
    }
    this.#tell('state', state);
  }

  /**
   * @param {string} type
   * @param {any} detail
   */
  #tell(type, detail) {
    this.dispatchEvent(new SignalingEvent(type, detail));
  }
}

/** The second line of SDP names the session, and a session is one RTCPeerConnection of the other side.
 *  @param {string | undefined} sdp */
const sessionOf = (sdp) => /^o=\S+ (\S+)/m.exec(sdp ?? '')?.[1];

/**
 * @param {RTCPeerConnection} pc
 * @param {RTCSessionDescriptionInit} offer
 */
function isNewSession(pc, offer) {
  const known = sessionOf(pc.remoteDescription?.sdp);
  return known !== undefined && known !== sessionOf(offer.sdp);
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
