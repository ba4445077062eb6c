/** Owns the one seam between the router and whoever watches it. The router knows nothing of what stands behind. */

import type { Dict, Message } from './wire/message.js';
import type { SerializerName } from './wire/serializers/serializer.js';

export type TransportType = 'websocket' | 'rawsocket' | 'memory' | 'internal';

/** What is known of the way to a peer. Read it when it is needed: `rtt` changes. */
export interface LinkRef {
  /** Address of the peer for people: `tcp4:127.0.0.1:51234`, `unix`, `memory`. */
  readonly peer: string;
  /** Milliseconds from the last answered ping to its answer; 0 before the first, or when nobody pings. */
  readonly rtt: number;
}

/**
 * Who is at the other end. Identity is the object: compare references, use it as a key.
 * `id`, `authid`, `authrole` and `realm` are final from WELCOME on; before they are 0 and ''.
 */
export interface SessionRef {
  readonly id: number;
  readonly realm: string;
  readonly authid: string;
  readonly authrole: string;
  readonly authmethod: string;
  /** `undefined` for the router's own sessions, which exchange no bytes. */
  readonly serializer: SerializerName | undefined;
  readonly transport: TransportType;
  /** `undefined` for the router's own sessions. */
  readonly link: LinkRef | undefined;
  /** One of the router's own sessions (meta API, management). */
  readonly internal: boolean;
}

/** Which message that follows from a request is about to be sent. */
export type Hop = 'invocation' | 'event' | 'result';

/**
 * What a tap made of a received request. The router keeps it with whatever the request leaves open and hands it back;
 * it never looks inside (ADR-003).
 */
export interface Cause {
  /** Names the request and all that follows from it. */
  readonly correlation: string;
  /** What follows from it has to be dated exactly: times are told of it one by one. */
  readonly exact: boolean;
  /**
   * What Details of such a message are to say of the trace. Asked just before it is made, and only for receivers that
   * want it; the answer holds for all receivers until the next message of this kind has been shown.
   */
  details(hop: Hop): Dict | undefined;
}

/**
 * One WAMP message at one session, in one direction, seen once.
 *
 * The object and its message's payload are valid only during `onFrame`: they are reused for the next frame, so an
 * observer copies what it keeps. Heads (everything in `message` but the payload) may be kept.
 */
export interface Frame {
  /** Numbers all frames of a router, rising. */
  readonly seq: number;
  /**
   * Milliseconds since the Unix epoch, from a monotonic clock. Of messages that one turn of the event loop brings, several
   * share a reading: then it is some twenty microseconds early at most. What a turn brings alone has its own, and an
   * INVOCATION whose cause is `exact`.
   */
  readonly at: number;
  readonly session: SessionRef;
  /** As the router sees it. */
  readonly direction: 'received' | 'sent';
  readonly message: Message;
  /** Length of the message as it crosses the wire, before framing; 0 for internal sessions and what was refused unencoded. */
  readonly octets: number;
  /**
   * Of a sent frame: of the request that made the router send this; none for what nobody asked for. Of a received YIELD,
   * ERROR or CANCEL: of the open call that it is about. Pending calls and timers keep it, so it stays true after a timeout.
   */
  readonly cause: Cause | undefined;
  /** The send queue refused it: the peer never sees it. */
  readonly dropped: boolean;
  /** Of a sent frame: octets that waited to leave for this peer before it. */
  readonly queued: number;
}

/** What a session exchanged, from HELLO on. Octets are those of WAMP messages before framing. */
export interface SessionTotals {
  readonly receivedMessages: number;
  readonly receivedBytes: number;
  readonly sentMessages: number;
  readonly sentBytes: number;
  /** EVENTs that it did not get. */
  readonly droppedEvents: number;
}

export interface SessionEvent {
  /** `left` also of a session that said HELLO and never joined: its id is 0. */
  readonly kind: 'joined' | 'left';
  readonly session: SessionRef;
  /** As `Frame.at`. */
  readonly at: number;
  /** Why it left: a GOODBYE or ABORT reason, or `transport_lost`; '' when it joined. */
  readonly reason: string;
  /** Of its calls that were still open when it left: nobody answers them any more. */
  readonly open: readonly Cause[];
  /** When its leaving began; as `at` when it joined. */
  readonly since: number;
  /** Live numbers: read them during the call. */
  readonly totals: SessionTotals | undefined;
}

/**
 * What is told of calls to who does not look at their messages (ADR-026). What a frame would say of them comes as arguments,
 * with the meaning it has there; messages and their payloads are valid as long as those of frames. Whatever is not
 * told of here is shown as a frame.
 */
export interface CallTap {
  /** A CALL was received. As `Tap.onFrame`: returns the cause of what it leads to, and `onHandled` follows. */
  onCall(session: SessionRef, message: Message, octets: number, seq: number, at: number): Cause;
  /** An INVOCATION was sent because of it. */
  onInvocation(cause: Cause, callee: SessionRef, message: Message, queued: number, seq: number, at: number): void;
  /** A YIELD without options was received at `answeredAt`, and its RESULT was sent, which is the last of the call. */
  onAnswer(cause: Cause, answeredAt: number, seq: number, at: number): void;
}

/** What the router tells. Called synchronously on the hot path: be quick, never throw. */
export interface Tap {
  /** `joined` comes before WELCOME, `left` after the messages that the leaving causes. */
  onSession(event: SessionEvent): void;
  /**
   * For a received frame returns the cause of what it makes the router do, and `onHandled` says when that is done. What YIELD,
   * ERROR and CANCEL make it do has the cause of their call.
   */
  onFrame(frame: Frame): Cause | undefined;
  /** Is told of calls in place of their frames, while there is one. Asked for each message. */
  readonly calls?: CallTap | undefined;
  /**
   * With `onBulk`: EVENTs that are sent to further receivers of the same message, for whom fewer octets wait than this, are
   * not shown one by one but told of together. Default 0, for none.
   */
  readonly bulkBelow?: number;
  /** `count` such EVENTs were sent, of `octets` together; before the last of them at most `queued` octets waited. */
  onBulk?(cause: Cause, count: number, octets: number, queued: number): void;
  /** All synchronous effects of a received frame with this cause have been sent; `clock` says when, to whom asks. */
  onHandled(cause: Cause, clock: () => number): void;
  /** The request of this cause was refused with this error, and the protocol has no message to say so. */
  onRefused(cause: Cause, error: string): void;
}
