/** Types of video-signaling.js. */

/** A member of the room as the server knows them. */
export interface Participant {
  client_id: string;
  sender: string;
}

/**
 * `idle`        in no room, not connected
 * `connecting`  on the way to the server
 * `joining`     connected; the server has been asked for the room
 * `joined`      in the room
 * `waiting`     the connection was lost or not made; the next attempt will come
 * `leaving`     the server has been told; its answer is on the way
 * `lobby`       connected, in no room
 * `closed`      after close(), for good
 */
export type SignalingState =
  'idle' | 'connecting' | 'joining' | 'joined' | 'waiting' | 'leaving' | 'lobby' | 'closed';

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
}

export interface Signal extends Participant {
  action: 'offer' | 'answer' | 'ice-candidate';
  room_id: string;
  /** As it was sent; absent where it was for everyone else in the room. */
  target?: string;
  data: any;
}

export interface UserJoined extends Participant {
  action: 'user-joined';
  room_id: string;
}

export interface UserLeft extends Participant {
  action: 'user-left';
  room_id: string;
  reason: 'leave' | 'disconnect' | 'timeout' | 'kicked' | 'flood' | 'slow';
}

export interface SignalingEvents {
  state: { state: SignalingState; previous: SignalingState };
  /** The connection was lost, or could not be made. null: it does not try again, and the room is left. */
  disconnect: { code: number; reason: string; retryInMs: number | null };
  joined: Joined;
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
  /** What may wait between join() and `joined` (256), and the bytes that may wait for the network (1 MiB). */
  outboxMessages?: number;
  outboxBytes?: number;
  /** After so much silence the server is asked for a sign of life (20,000), and given so long for it (10,000). */
  pingIntervalMs?: number;
  pongTimeoutMs?: number;
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
