// @ts-check
/**
 * test-picture - what the others see and hear of somebody without a camera or a microphone: a drawn, moving picture
 * with a name and a sentence, and silence.
 */

const WIDTH = 640;
const HEIGHT = 360;
const FRAMES_PER_SECOND = 15;

/**
 * A video track of a drawn picture. Nothing is drawn any more once the track was stopped.
 * @param {() => { name: string, sentence: string }} text asked anew for each frame
 * @returns {MediaStreamTrack}
 */
export function createTestPicture(text) {
  const canvas = document.createElement('canvas');
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  draw(context, text(), 0);
  const [track] = canvas.captureStream(FRAMES_PER_SECOND).getVideoTracks();
  // A timer and not requestAnimationFrame, which stops while the page is in the background. Whoever asked for less
  // motion sees the picture change once a second.
  const still = matchMedia('(prefers-reduced-motion: reduce)');
  let count = 0;
  const timer = setInterval(() => {
    if (track.readyState === 'ended') clearInterval(timer);
    else if (++count % FRAMES_PER_SECOND === 0 || !still.matches) draw(context, text(), performance.now());
  }, 1000 / FRAMES_PER_SECOND);
  return track;
}

/** An audio track that says nothing.
 *  @returns {MediaStreamTrack} */
export function createSilence() {
  return new AudioContext().createMediaStreamDestination().stream.getAudioTracks()[0];
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {{ name: string, sentence: string }} text
 * @param {number} now in milliseconds
 */
function draw(context, { name, sentence }, now) {
  const sky = context.createLinearGradient(0, 0, WIDTH, HEIGHT);
  sky.addColorStop(0, '#0f4c5c');
  sky.addColorStop(1, '#12263f');
  context.fillStyle = sky;
  context.fillRect(0, 0, WIDTH, HEIGHT);
  drawPulse(context, now);

  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.fillStyle = '#ffffff';
  context.font = '600 60px system-ui, sans-serif';
  context.fillText(initials(name), WIDTH / 2, 108);
  context.font = '600 28px system-ui, sans-serif';
  context.fillText(name, WIDTH / 2, 216, WIDTH - 40);
  context.font = '20px system-ui, sans-serif';
  context.fillStyle = '#b9d7dc';
  context.fillText(sentence, WIDTH / 2, 252, WIDTH - 40);
}

/** A heartbeat line that runs through, and a ring for the initials: it moves, so the line is alive.
 *  @param {CanvasRenderingContext2D} context
 *  @param {number} now */
function drawPulse(context, now) {
  const head = (now / 6) % (WIDTH + 240);
  context.lineWidth = 3;
  context.strokeStyle = 'rgb(94 214 196 / 55%)';
  context.beginPath();
  for (let x = Math.max(0, head - 240); x <= Math.min(WIDTH, head); x += 4) context.lineTo(x, 318 - beat(x));
  context.stroke();

  context.fillStyle = 'rgb(255 255 255 / 10%)';
  context.strokeStyle = '#5ed6c4';
  context.lineWidth = 4;
  context.beginPath();
  context.arc(WIDTH / 2, 104, 70, 0, 2 * Math.PI);
  context.fill();
  context.beginPath();
  context.arc(WIDTH / 2, 104, 70, now / 900, now / 900 + 1.6 * Math.PI);
  context.stroke();
}

/** @param {number} x */
function beat(x) {
  const t = x % 128;
  if (t < 56 || t > 76) return 0;
  return [0, 4, -4, 20, -14, 0][Math.floor((t - 56) / 4)];
}

/** @param {string} name */
function initials(name) {
  const words = name.split(/\s+/).filter(Boolean);
  const ends = words.length > 1 ? [words[0], words[words.length - 1]] : words;
  return ends.map((word) => [...word][0].toLocaleUpperCase()).join('') || '?';
}
