// @ts-check
/**
 * tiles - the others' pictures: one figure each, with a name, and in words what a picture does not show.
 */

/** @type {Partial<Record<RTCPeerConnectionState, string>>} */
const CONNECTION_NOTES = {
  new: 'connecting…',
  connecting: 'connecting…',
  disconnected: 'unsteady connection…',
  failed: 'looking for a way through…',
};

/**
 * @typedef {object} Tile
 * @property {HTMLElement} figure
 * @property {HTMLVideoElement} video
 * @property {HTMLElement} notes
 */

export class Tiles {
  #root;
  /** @type {Map<string, Tile>} */
  #tiles = new Map();

  /** @param {HTMLElement} root */
  constructor(root) {
    this.#root = root;
  }

  /** Makes or updates a member's tile.
   *  @param {import('./call.js').Member} member */
  show(member) {
    const { figure, video, notes } = this.#tiles.get(member.id) ?? this.#add(member);
    if (video.srcObject !== member.stream) video.srcObject = member.stream;
    const words = [
      member.away && 'lost the connection, waiting…', member.lost && 'reconnecting…',
      !member.away && CONNECTION_NOTES[member.connection], !member.microphoneOn && 'muted', !member.cameraOn && 'camera off',
    ];
    notes.textContent = words.filter(Boolean).join(' · ');
    figure.dataset.connection = member.connection;
  }

  /** @param {import('./call.js').Member} member */
  remove({ id }) {
    const tile = this.#tiles.get(id);
    if (!tile) return;
    tile.video.srcObject = null;
    tile.figure.remove();
    this.#tiles.delete(id);
  }

  /** @param {import('./call.js').Member} member */
  #add({ id, name }) {
    const video = document.createElement('video');
    video.playsInline = true;
    video.setAttribute('aria-label', `Picture of ${name}`);
    const nameTag = textElement('name', name);
    const notes = textElement('notes', '');
    const caption = document.createElement('figcaption');
    caption.append(nameTag, ' ', notes);
    const figure = document.createElement('figure');
    figure.className = 'tile';
    figure.append(video, caption);

    const tile = { figure, video, notes };
    video.addEventListener('loadedmetadata', () => this.#play(tile));
    this.#tiles.set(id, tile);
    this.#root.append(figure);
    return tile;
  }

  /** A browser may refuse to play sound on a page that nobody has touched yet: then the picture comes first, and the
   *  sound by a press.
   *  @param {Tile} tile */
  async #play({ figure, video }) {
    try {
      await video.play();
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== 'NotAllowedError' || video.muted) return;
      video.muted = true;
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'sound';
      button.textContent = 'Turn sound on';
      button.addEventListener('click', () => this.#turnSoundOn());
      figure.append(button);
      video.play().catch(() => {}); // its member left meanwhile
    }
  }

  #turnSoundOn() {
    for (const { figure, video } of this.#tiles.values()) {
      figure.querySelector('.sound')?.remove();
      video.muted = false;
      video.play().catch(() => {});
    }
  }
}

/**
 * @param {string} name
 * @param {string} text
 */
function textElement(name, text) {
  const element = document.createElement('span');
  element.className = name;
  element.textContent = text;
  return element;
}
