/** Types of video-signaling.js. */

/** A member of the room as the server knows them. */
export interface Participant {
  client_id: string;
  sender: string;
  /** They have lost the connection, and the server keeps their seat. */
  suspended?: true;
}

/**
 * `idle`        in no room, not connected
 * `connecting`  on the way to the server
 * `joining`     connected; the server has been asked for the room
 * `joined`      in the room
 * `waiting`     the connection was lost or not made; the next attempt will come
 * `resuming`    connected again; the server has been asked for our seat
 * `leaving`     the server has been told; its answer is on the way
 * `lobby`       connected, in no room
 * `closed`      after close(), for good
 */
export type SignalingState =
  'idle' | 'connecting' | 'joining' | 'joined' | 'waiting' | 'resuming' | 'leaving' | 'lobby' | 'closed';

/**
 * `kicked`, `room-closed`  by an operator
 * `elsewhere`   another connection has resumed this seat
 * `refused`     after a lost connection the server did not let us in again; `code` is its error code
 * `protocol`    the server took offence at what we sent
 * `ended`       the server closed normally
 * `network`     the connection is lost, and `reconnect` is false
 * `closed`      close() was called, or the signal aborted
 */
export type EndReason =
  'kicked' | 'room-closed' | 'elsewhere' | 'refused' | 'protocol' | 'ended' | 'network' | 'closed';

export type SignalingErrorCode =
  // the server's
  | 'invalid-json' | 'not-text' | 'missing-field' | 'invalid-field' | 'unknown-action' | 'not-in-room'
  | 'already-in-room' | 'room-mismatch' | 'room-full' | 'no-such-target' | 'ambiguous-target' | 'unauthorized'
  | 'rate-limited' | 'too-many-rooms' | 'draining' | 'unknown-resume' | 'internal'
  // our own
  | 'disconnected' | 'closed' | 'left';

export class SignalingError extends Error {
  constructor(code: string, message: string, details?: string);
  /** One of SignalingErrorCode, or one that a newer server knows. */
  readonly code: SignalingErrorCode | (string & {});
  readonly details: string;
}

export interface Joined {
  action: 'joined';
  room_id: string;
  client_id: string;
  sender: string;
  success: true;
  /** Those who were in the room already. */
  participants: Participant[];
  ice_servers?: RTCIceServer[];
  /** How long the server keeps our seat when the connection is lost; absent where it does not. */
  resume_ms?: number;
}

export interface Resumed extends Omit<Joined, 'action'> {
  action: 'resumed';
}

export interface Signal extends Participant {
  action: 'offer' | 'answer' | 'ice-candidate';
  room_id: string;
  /** As it was sent; absent where it was for everyone else in the room. */
  target?: string;
  data: any;
}

export interface UserJoined extends Participant {
  action: 'user-joined' | 'user-suspended' | 'user-resumed';
  room_id: string;
}

export interface UserLeft extends Participant {
  action: 'user-left';
  room_id: string;
  reason: 'leave' | 'disconnect' | 'timeout' | 'kicked' | 'flood' | 'slow';
}

export interface SignalingEvents {
  state: { state: SignalingState; previous: SignalingState };
  /** The connection was lost, or could not be made. null: it does not try again, and `end` follows. `resumable`: the
   *  server keeps our seat, and nothing needs to be undone. */
  disconnect: { code: number; reason: string; retryInMs: number | null; resumable: boolean };
  /** In the room, for the first time or as somebody new: calls start from the beginning. */
  joined: Joined;
  /** In the room again as if nothing had happened; what was missed follows. */
  resumed: Resumed;
  /** It was too late to resume; `joined` follows. `undelivered` signals of ours may not have arrived. */
  'seat-lost': { reason: string; undelivered: number };
  /** Out of the room without having asked for it, or closed. `code` is a close code or, if refused, an error code. */
  end: { why: EndReason; code: number | string; reason: string };
  /** Others whose connection is lost, while their seat is kept, and who are back. */
  'user-suspended': UserJoined;
  'user-resumed': UserJoined;
  /** Renewed: `iceServers` has them, and each RTCPeerConnection should, by setConfiguration(). */
  'ice-servers': { action: 'ice-servers'; ice_servers: RTCIceServer[] };
  left: { action: 'left'; room_id: string; client_id: string; success: true };
  'user-joined': UserJoined;
  'user-left': UserLeft;
  offer: Signal;
  answer: Signal;
  'ice-candidate': Signal;
  pong: { action: 'pong'; data?: any };
  /** The server refused a message of ours. A refused join() rejects as well. */
  error: { action: 'error'; code: string; error: string; details: string };
}

export class SignalingEvent<Detail = any> extends Event {
  constructor(type: string, detail: Detail);
  readonly detail: Detail;
}

export interface SignalingOptions {
  /** ws:, wss:, http: or https:; or a function of the room, for a load balancer that hashes on `/ws/<room_id>`.
   *  Default: `/ws` of the server that served the page. */
  url?: string | URL | ((roomId: string) => string | URL);
  /** Another WebSocket than the global one, such as the `ws` package's. */
  WebSocket?: any;
  /** false: a lost connection stays lost. Else the bounds of the wait between two attempts (500 and 15,000). */
  reconnect?: boolean | { firstMs?: number; maxMs?: number };
  /** false: a lost connection is a lost seat, even where the server could keep it. */
  resume?: boolean;
  /** Signals that may wait for the seat or for the server's confirmation (1024), and their size (1 MiB). */
  outboxMessages?: number;
  outboxBytes?: number;
  /** Connecting, and each answer to `join` or `resume`, may take so long (10,000). */
  connectTimeoutMs?: number;
  /** After so much silence the server is asked for a sign of life (20,000), and given so long for it (10,000). */
  pingIntervalMs?: number;
  pongTimeoutMs?: number;
  /** The same after the browser has reported a change of network or a wake-up (4000). */
  probeTimeoutMs?: number;
  /** ICE servers are not asked for more often than that (30,000). */
  iceRenewalMinMs?: number;
  /** Aborting it is close(). */
  signal?: AbortSignal;
}

export interface JoinOptions {
  /** Where the server requires one. A function is asked again at each reconnect. */
  token?: string | (() => string | Promise<string>);
  /** Gives up a join that has not succeeded yet. */
  signal?: AbortSignal;
}

export class Signaling extends EventTarget {
  constructor(options?: SignalingOptions);

  readonly state: SignalingState;
  readonly clientId: string | null;
  readonly roomId: string | null;
  readonly sender: string | null;
  /** The connection is lost, and the server keeps our seat. */
  readonly suspended: boolean;
  readonly participants: ReadonlyMap<string, Participant>;
  readonly iceServers: RTCIceServer[];

  join(roomId: string, sender: string, options?: JoinOptions): Promise<Joined>;
  leave(): Promise<void>;
  offer(data: any, target?: string): boolean;
  answer(data: any, target?: string): boolean;
  candidate(data: any, target?: string): boolean;
  ping(): Promise<number>;
  close(): void;

  addEventListener<Type extends keyof SignalingEvents>(
    type: Type,
    listener: (event: SignalingEvent<SignalingEvents[Type]>) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
}
