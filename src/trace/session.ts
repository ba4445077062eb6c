/** Owns what is known of the two ends of a session: its handshake, and its leaving. */

import type { SessionRef } from '../tap.js';
import type { RandomIds } from '../wire/ids.js';
import { Reason } from './sampling/reason.js';

/** How a handshake ended: WELCOME, ABORT, or the client went before either. */
export type OpeningOutcome = 'ok' | 'error' | 'caller_gone';

/** CHALLENGE and what came of it. */
export interface TracedChallenge {
  readonly method: string;
  /** Span id, two 32-bit words (signed); never both 0. */
  readonly span0: number;
  readonly span1: number;
  /** CHALLENGE sent; milliseconds since the epoch, as `Frame.at`. It ends with the handshake. */
  readonly startedAt: number;
}

/** Ids of its own: a correlation id that is also its W3C trace id, and a span id, in 32-bit words. */
export class Identified {
  readonly id0: number;
  readonly id1: number;
  readonly id2: number;
  readonly id3: number;
  readonly span0: number;
  readonly span1: number;
  /** Why its spans are kept; `Reason.none` when they are not. */
  sampled: Reason = Reason.unasked;
  /** Of its spans; '' when there is none. */
  tracestate = '';

  constructor(random: RandomIds) {
    this.id0 = random.word() | 0;
    // RFC 9562: version 4 in the third group, variant 10 in the fourth.
    this.id1 = (random.word() & 0xffff0fff) | 0x4000;
    this.id2 = (random.word() & 0x3fffffff) | 0x80000000;
    this.id3 = random.word() | 0;
    // W3C forbids the all-zero span id.
    this.span0 = random.word() | 1;
    this.span1 = random.word() | 0;
  }
}

/** HELLO to WELCOME or ABORT. Final once `onSessionOpen` has told of it. Nothing in it is a secret or a claim. */
export class TracedOpening extends Identified {
  /** Who it is, when it has joined; before, its id is 0. */
  readonly session: SessionRef;
  /** As HELLO asks for it. */
  readonly realm: string;
  /** HELLO.Details.agent, '' when it is no text. */
  readonly agent: string;
  /** HELLO received; milliseconds since the epoch, as `Frame.at`. */
  readonly startedAt: number;
  /** Octets of HELLO, before framing. */
  readonly bytes: number;
  endedAt = 0;
  outcome: OpeningOutcome | undefined = undefined;
  /** The URI of ABORT, '' when there was none. */
  error = '';
  /** Why the client went, '' when it did not. */
  reason = '';
  challenge: TracedChallenge | undefined = undefined;
  /** GOODBYE or ABORT of the session that it became; 0 before. */
  closingAt = 0;
  /** The URI of an ABORT that ended that session. */
  abort = '';

  constructor(session: SessionRef, realm: string, agent: string, startedAt: number, bytes: number, random: RandomIds) {
    super(random);
    this.session = session;
    this.realm = realm;
    this.agent = agent;
    this.startedAt = startedAt;
    this.bytes = bytes;
  }
}

/** GOODBYE, ABORT or a lost transport, to the end of what that causes. */
export class TracedClosing extends Identified {
  readonly session: SessionRef;
  /** How it began; undefined when nobody watched then. */
  readonly opening: TracedOpening | undefined;
  readonly startedAt: number;
  readonly endedAt: number;
  /** The reason of GOODBYE or ABORT, `transport_lost`, or a sentence of the router's. */
  readonly reason: string;
  readonly receivedMessages: number;
  readonly receivedBytes: number;
  readonly sentMessages: number;
  readonly sentBytes: number;
  readonly droppedEvents: number;

  constructor(
    session: SessionRef,
    opening: TracedOpening | undefined,
    startedAt: number,
    endedAt: number,
    reason: string,
    totals: Pick<TracedClosing, 'receivedMessages' | 'receivedBytes' | 'sentMessages' | 'sentBytes' | 'droppedEvents'>,
    random: RandomIds,
  ) {
    super(random);
    this.session = session;
    this.opening = opening;
    this.startedAt = startedAt;
    this.endedAt = endedAt;
    this.reason = reason;
    this.receivedMessages = totals.receivedMessages;
    this.receivedBytes = totals.receivedBytes;
    this.sentMessages = totals.sentMessages;
    this.sentBytes = totals.sentBytes;
    this.droppedEvents = totals.droppedEvents;
  }

  /**
   * Why its end is a failure, '' when it is none: the URI of an ABORT of the router's, or `disconnected` when the router
   * had to end it without a word. Who goes, even without GOODBYE, has not failed: networks end, and pages are closed.
   */
  get error(): string {
    const { opening, reason } = this;
    if (opening?.abort) return opening.abort;
    if (reason.startsWith(ERRORS)) return reason;
    return reason.includes(' ') ? DISCONNECTED : '';
  }
}

const ERRORS = 'wamp.error.';
/** Stands for sentences: there are many, and `error.type` is for few. */
export const DISCONNECTED = 'disconnected';
