// @ts-check
/**
 * page - the demo page: a form, a few pictures, four buttons and one sentence that says how things stand. What happens
 * is call.js's matter; here it becomes visible, audible to a screen reader, and a link that can be shared:
 *
 *     /#room=abc                          the room is filled in
 *     /#room=abc&name=Doctor              the name as well
 *     /#room=abc&name=Doctor&auto=1       and it joins at once
 */

import { Call } from './call.js';
import { Media } from './media.js';
import { Tiles } from './tiles.js';

export const media = new Media();
export const call = new Call(media);
const tiles = new Tiles(element('tiles'));

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
function element(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no #${id}`);
  return found;
}
const input = (/** @type {string} */ id) => /** @type {HTMLInputElement} */ (element(id));
const button = (/** @type {string} */ id) => /** @type {HTMLButtonElement} */ (element(id));

// -- the link ----------------------------------------------------------------------------------------------------

const fragment = () => new URLSearchParams(location.hash.slice(1));

/** The link to the room and to nothing else: whoever gets it has a name of their own. */
function roomLink() {
  const link = new URL(location.href);
  link.hash = new URLSearchParams({ room: input('room').value }).toString();
  return link.href;
}

/** A name that nobody guesses and that can be read out over the telephone: 60 random bits, no 0, o, 1, l. */
function newRoomName() {
  const letters = '23456789abcdefghijkmnpqrstuvwxyz'; // 32 of them
  const picked = [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => letters[byte % letters.length]);
  return picked.join('').replace(/(.{4})(?=.)/g, '$1-');
}

async function copyLink() {
  try {
    await navigator.clipboard.writeText(roomLink());
  } catch { // not on https, or not allowed: the old way
    const link = input('link');
    element('invitation').hidden = false;
    link.select();
    document.execCommand('copy');
    showInvitation();
  }
  say('The link to this room was copied.');
}

// -- the sentence ------------------------------------------------------------------------------------------------

/**
 * @param {string} sentence
 * @param {boolean} [problem]
 */
function say(sentence, problem = false) {
  element('status').textContent = sentence;
  element('status').classList.toggle('warning', problem);
}

/** @param {string} sentence '' for none */
function complain(sentence) {
  element('problem').textContent = sentence;
  element('problem').hidden = sentence === '';
}

// -- coming and going --------------------------------------------------------------------------------------------

/** The server's rules for names, in the words of the form. */
function checkFields() {
  for (const field of [input('name'), input('room')]) {
    field.value = field.value.trim();
    const tooLong = new TextEncoder().encode(field.value).length > 128;
    const invisible = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u.test(field.value);
    field.setCustomValidity(tooLong ? 'This is too long. Choose something shorter.'
      : invisible ? 'This contains invisible characters. Type it again.' : '');
  }
}

async function join() {
  checkFields();
  if (!(/** @type {HTMLFormElement} */ (element('entry'))).reportValidity()) return;
  complain('');
  media.name = input('name').value;
  remember(media.name);
  // Without name and auto: this is what the user sees and may copy from the address bar.
  history.replaceState(null, '', roomLink());
  await call.join(input('room').value, media.name);
}

function showState() {
  const { state } = call;
  const before = document.body.dataset.state;
  document.body.dataset.state = state;
  const out = state === 'out';
  for (const each of document.querySelectorAll('.in-call')) /** @type {HTMLElement} */ (each).hidden = out;
  element('entry').hidden = !out;
  element('room-name').hidden = out;
  element('room-name').textContent = out ? '' : `Room ${input('room').value}`;
  document.title = out ? 'Video consultation' : `${input('room').value} – Video consultation`;
  showInvitation();
  // The part of the page that had the focus is gone: give it to what matters now.
  if (before === 'out' && !out) element('room-name').focus();
  if (before !== 'out' && out) button('join').focus();
}

function showInvitation() {
  element('invitation').hidden = call.state !== 'in' || call.members.size > 0;
  input('link').value = roomLink();
  element('stage').dataset.others = String(call.members.size);
}

/** For a reload of this tab, and no longer: it may be somebody else's computer. A browser may have it switched off.
 *  @param {string} name */
function remember(name) {
  try {
    sessionStorage.setItem('name', name);
  } catch {
    // then not
  }
}

function rememberedName() {
  try {
    return sessionStorage.getItem('name') ?? '';
  } catch {
    return '';
  }
}

function readFragment() {
  const given = fragment();
  input('room').value = given.get('room') ?? newRoomName();
  input('name').value = given.get('name') ?? rememberedName();
  return given.get('auto') === '1' && given.has('room') && given.has('name');
}

// -- our own picture ---------------------------------------------------------------------------------------------

function showMedia() {
  const { microphoneOn, cameraOn, note } = media;
  label(button('microphone'), microphoneOn ? 'Mute' : 'Unmute', microphoneOn ? 'microphone' : 'microphone-off', !microphoneOn);
  label(button('camera'), cameraOn ? 'Camera off' : 'Camera on', cameraOn ? 'camera' : 'camera-off', !cameraOn);
  element('own-notes').textContent = microphoneOn ? '' : 'muted';
  element('self').classList.toggle('mirrored', cameraOn);
  if (element('media-note').textContent !== note) element('media-note').textContent = note;
  element('media-note').hidden = note === '';
}

/**
 * @param {HTMLButtonElement} which
 * @param {string} text
 * @param {string} icon
 * @param {boolean} off
 */
function label(which, text, icon, off) {
  /** @type {HTMLElement} */ (which.querySelector('span')).textContent = text;
  which.querySelector('use')?.setAttribute('href', `#icon-${icon}`);
  which.classList.toggle('off', off);
}

/** Asking for a device takes a moment, in which a second press would ask for it twice.
 *  @param {HTMLButtonElement} which
 *  @param {() => void | Promise<void>} action */
function onPress(which, action) {
  which.addEventListener('click', async () => {
    if (which.ariaDisabled === 'true') return;
    which.ariaDisabled = 'true'; // `disabled` would lose the focus
    try {
      await action();
    } finally {
      which.ariaDisabled = null;
    }
  });
}

// -- all together ------------------------------------------------------------------------------------------------

call.addEventListener('status', (event) => {
  const { sentence, problem } = /** @type {any} */ (event).detail;
  say(sentence, problem);
});
call.addEventListener('state', showState);
call.addEventListener('member', (event) => {
  tiles.show(/** @type {any} */ (event).detail);
  showInvitation();
});
call.addEventListener('gone', (event) => {
  tiles.remove(/** @type {any} */ (event).detail);
  showInvitation();
});
call.addEventListener('left', (event) => {
  const why = /** @type {any} */ (event).detail;
  say(why ? '' : 'You left the room.');
  complain(why);
});
media.addEventListener('change', showMedia);

element('entry').addEventListener('submit', (event) => {
  event.preventDefault();
  join();
});
// A complaint about a field ends when the field is changed.
element('entry').addEventListener('input', ({ target }) => {
  /** @type {HTMLInputElement} */ (target).setCustomValidity('');
  media.name = input('name').value;
});
onPress(button('new-room'), () => { input('room').value = newRoomName(); });
onPress(button('microphone'), () => media.toggleMicrophone());
onPress(button('camera'), () => media.toggleCamera());
onPress(button('copy'), copyLink);
onPress(button('copy-invitation'), copyLink);
onPress(button('hang-up'), () => call.hangUp());
// Somebody pasted another link here.
addEventListener('hashchange', async () => {
  await call.hangUp();
  if (readFragment()) await join();
});
// So that the others read "hung up" at once. (In Firefox the socket is closed by now, and they read it after some seconds.)
// Should the browser bring this page back from its cache, it starts anew.
addEventListener('pagehide', () => call.signaling.close());
addEventListener('pageshow', ({ persisted }) => { if (persisted) location.reload(); });

const auto = readFragment();
media.name = input('name').value;
/** @type {HTMLVideoElement} */ (element('own-video')).srcObject = media.stream;
showState();
showMedia();
await media.open();
if (auto) join();
