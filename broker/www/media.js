// @ts-check
/**
 * media - our own picture and sound. There is always one track of each, so that a call needs to know nothing of
 * cameras: a drawn picture stands in where there is no camera, or no permission, or it is off, and silence for a
 * microphone. Turning the camera off really lets go of it, and its light goes out.
 *
 * Events: `track` (detail: the MediaStreamTrack that took the place of the last one of its kind), `change` when
 * anything is on or off or the note is new.
 */

import { SignalingEvent } from './video-signaling.js';
import { createSilence, createTestPicture } from './test-picture.js';

const CAMERA = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };
const MICROPHONE = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

export class Media extends EventTarget {
  name = '';
  cameraOn = false;
  microphoneOn = false;
  /** In plain words, why something stands in; '' where nothing does, or because somebody wanted it so. */
  note = '';
  stream = new MediaStream();
  /** Is the microphone a real one? It may be so and muted. */
  #hasMicrophone = false;

  constructor() {
    super();
    this.#replace(this.#standIn('video'));
    this.#replace(this.#standIn('audio'));
  }

  /** Asks for camera and microphone. Never fails: what is missing is stood in for, and `note` says why. */
  async open() {
    const { tracks, problem } = await openDevices();
    for (const track of tracks) this.#use(track);
    this.note = noteFor(this, problem);
    this.#changed();
  }

  async toggleMicrophone() {
    if (!this.#hasMicrophone) return this.#open('microphone', { audio: MICROPHONE });
    this.microphoneOn = !this.microphoneOn;
    for (const track of this.stream.getAudioTracks()) track.enabled = this.microphoneOn;
    this.#changed();
  }

  async toggleCamera() {
    if (!this.cameraOn) return this.#open('camera', { video: CAMERA });
    this.cameraOn = false;
    this.#replace(this.#standIn('video'));
    this.#changed();
  }

  /**
   * @param {string} what
   * @param {MediaStreamConstraints} wish
   */
  async #open(what, wish) {
    try {
      if (!navigator.mediaDevices) throw INSECURE;
      const [track] = (await navigator.mediaDevices.getUserMedia(wish)).getTracks();
      this.note = '';
      this.#use(track);
    } catch (error) {
      this.note = `The ${what} could not be turned on: ${inWords(error, what)}`;
    }
    this.#changed();
  }

  /** A track of a real device.
   *  @param {MediaStreamTrack} track */
  #use(track) {
    this.#mark(track.kind, true);
    this.#replace(track);
    track.addEventListener('ended', () => { // unplugged, or taken back in the browser's settings
      this.#mark(track.kind, false);
      this.#replace(this.#standIn(track.kind));
      this.note = track.kind === 'video'
        ? 'The camera stopped. The others see a test picture.'
        : 'The microphone stopped. The others cannot hear you.';
      this.#changed();
    });
  }

  /**
   * @param {string} kind
   * @param {boolean} on
   */
  #mark(kind, on) {
    if (kind === 'video') this.cameraOn = on;
    else this.microphoneOn = this.#hasMicrophone = on;
  }

  /** @param {string} kind */
  #standIn(kind) {
    if (kind === 'audio') return createSilence();
    return createTestPicture(() => ({ name: this.name || 'Guest', sentence: 'Camera is off' }));
  }

  /** @param {MediaStreamTrack} track */
  #replace(track) {
    for (const old of this.stream.getTracks()) {
      if (old.kind !== track.kind) continue;
      old.stop(); // fires no `ended`: that is for what others end
      this.stream.removeTrack(old);
    }
    this.stream.addTrack(track);
    this.dispatchEvent(new SignalingEvent('track', track));
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }
}

const INSECURE = new DOMException('', 'SecurityError');

/** Both, else the one that is there: somebody without a camera can still be heard. */
async function openDevices() {
  /** @type {unknown} */
  let problem = null;
  if (!navigator.mediaDevices) return { tracks: [], problem: INSECURE };
  for (const wish of [{ video: CAMERA, audio: MICROPHONE }, { video: CAMERA }, { audio: MICROPHONE }]) {
    try {
      return { tracks: (await navigator.mediaDevices.getUserMedia(wish)).getTracks(), problem };
    } catch (error) {
      problem ??= error;
    }
  }
  return { tracks: [], problem };
}

/**
 * @param {Media} media
 * @param {unknown} problem
 */
function noteFor({ cameraOn, microphoneOn }, problem) {
  if (cameraOn && microphoneOn) return '';
  if (microphoneOn) return `The others will hear you and see a test picture: ${inWords(problem, 'camera')}`;
  if (cameraOn) return `The others will see you, but not hear you: ${inWords(problem, 'microphone')}`;
  return `The others will see a test picture and hear nothing: ${inWords(problem, 'camera or microphone')}`;
}

/**
 * @param {unknown} problem
 * @param {string} what
 */
function inWords(problem, what) {
  switch (problem instanceof Error || problem instanceof DOMException ? problem.name : '') {
    case 'SecurityError': return 'browsers allow it on https:// pages and on localhost only.';
    case 'NotAllowedError': return `this page may not use your ${what}. You can allow it in the address bar.`;
    case 'NotFoundError': return `no ${what} was found.`;
    case 'NotReadableError': return `the ${what} is in use by another program.`;
    default: return `the ${what} did not start.`;
  }
}
