/** Owns the one data structure of the observatory: what is known of one WAMP action from its first message to its last. */

import type { Cause, SessionRef } from '../tap.js';
import type { FastIds } from '../wire/ids.js';

/** The operation, in the words of the WAMP terminology chapter. */
export type ActionKind = 'call' | 'publish' | 'subscribe' | 'unsubscribe' | 'register' | 'unregister';

/**
 * How an action ended.
 * `ok`: RESULT, PUBLISHED …, or an unacknowledged PUBLISH handled. `error`: an ERROR of the callee or the router.
 * `canceled`: by CANCEL. `timeout`: by the dealer's timer. `caller_gone`, `callee_gone`: a session left.
 * `abandoned`: pushed out by the limit of open actions, or older than the limit of age.
 */
export type Outcome = 'ok' | 'error' | 'canceled' | 'timeout' | 'caller_gone' | 'callee_gone' | 'abandoned';

const HEX = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'));

/** Eight hex digits of a 32-bit word, signed or not. */
export function hexWord(word: number): string {
  return HEX[(word >>> 24) & 255]! + HEX[(word >>> 16) & 255]! + HEX[(word >>> 8) & 255]! + HEX[word & 255]!;
}

/** One INVOCATION and what came of it. */
export class TracedInvocation {
  readonly callee: SessionRef;
  readonly request: number;
  readonly registration: number;
  /** Span id, two 32-bit words (signed); never both 0. */
  readonly span0: number;
  readonly span1: number;
  /** INVOCATION sent; milliseconds since the epoch, as `Frame.at`. */
  readonly startedAt: number;
  /** How the registration picks its callee. */
  readonly policy: string;
  /** Octets that waited to leave for the callee before it. */
  readonly queued: number;
  /** The callee's last YIELD or ERROR, or the end of the call when none came; 0 while open. */
  endedAt = 0;
  outcome: Outcome | undefined = undefined;
  /** The callee's error URI, '' when there is none. */
  error = '';
  /** Its call was canceled and did not wait for it; it ends by itself, and observers are told of it then. */
  outlives = false;
  /** The answer came after the end of the call. */
  answeredLate = false;

  constructor(
    callee: SessionRef,
    request: number,
    registration: number,
    span0: number,
    span1: number,
    startedAt: number,
    policy: string,
    queued: number,
  ) {
    this.callee = callee;
    this.request = request;
    this.registration = registration;
    this.span0 = span0;
    this.span1 = span1;
    this.startedAt = startedAt;
    this.policy = policy;
    this.queued = queued;
  }
}

/** The span of an originator's trace that an action continues, in signed 32-bit words. */
export interface RemoteParent {
  readonly trace0: number;
  readonly trace1: number;
  readonly trace2: number;
  readonly trace3: number;
  readonly span0: number;
  readonly span1: number;
}

/** Of each publication, deliveries that are told of one by one. */
const MAX_SELECTED = 8;
/** A send queue this full does not empty with the turn: its EVENT will be late. Octets. */
export const SLOW_QUEUE = 65_536;

/** One EVENT that is worth its own span. */
export interface TracedDelivery {
  subscriber: SessionRef;
  readonly span0: number;
  readonly span1: number;
  /** Milliseconds since the epoch, as `Frame.at`. */
  at: number;
  bytes: number;
  /** Octets that waited to leave for the subscriber before it. */
  queued: number;
  dropped: boolean;
}

/** What PUBLISH became. */
export class TracedFanOut {
  /** Span id, two 32-bit words (signed); never both 0. */
  readonly span0: number;
  readonly span1: number;
  readonly startedAt: number;
  endedAt: number;
  publication = 0;
  /** EVENTs sent. */
  delivered = 0;
  /** EVENTs refused by a full send queue. */
  dropped = 0;
  /** Octets of the EVENTs sent, before framing. */
  bytes = 0;
  /** Octets that waited for the subscriber that reads slowest, when its EVENT was sent. */
  queuedMax = 0;
  /** The first that was sent an EVENT. */
  subscriber: SessionRef | undefined = undefined;
  /** Those that were dropped, and those behind the fullest queues; undefined when all went well. */
  selected: TracedDelivery[] | undefined = undefined;

  constructor(span0: number, span1: number, startedAt: number) {
    this.span0 = span0;
    this.span1 = span1;
    this.startedAt = startedAt;
    this.endedAt = startedAt;
  }

  get recipients(): number {
    return this.delivered + this.dropped;
  }

  /** One EVENT, sent or dropped. Numbers only, unless it is one to remember. */
  add(subscriber: SessionRef, at: number, bytes: number, queued: number, dropped: boolean, random: FastIds): void {
    this.endedAt = at;
    this.subscriber ??= subscriber;
    if (queued > this.queuedMax) this.queuedMax = queued;
    if (dropped) {
      this.dropped++;
    } else {
      this.delivered++;
      this.bytes += bytes;
      if (queued < SLOW_QUEUE) return;
    }
    this.#select(subscriber, at, bytes, queued, dropped, random);
  }

  #select(subscriber: SessionRef, at: number, bytes: number, queued: number, dropped: boolean, random: FastIds): void {
    this.selected ??= [];
    if (this.selected.length < MAX_SELECTED) {
      const [span0, span1] = [random.word() | 1, random.word()];
      this.selected.push({ subscriber, span0, span1, at, bytes, queued, dropped });
      return;
    }
    const least = this.#leastTelling(this.selected);
    if (least.dropped || (!dropped && queued <= least.queued)) return;
    least.subscriber = subscriber;
    least.at = at;
    least.bytes = bytes;
    least.queued = queued;
    least.dropped = dropped;
  }

  /** Delivered, with the shortest queue; of dropped ones the first are as good as any. */
  #leastTelling(selected: readonly TracedDelivery[]): TracedDelivery {
    let least = selected[0]!;
    for (const one of selected) {
      if (one.dropped ? false : least.dropped || one.queued < least.queued) least = one;
    }
    return least;
  }
}

/**
 * One observed instance of an action. Written by the correlator only; final, and the observers' to
 * keep, once `onActionEnd` has told of it. Ids are kept as 32-bit words (signed, so that they stay
 * small integers) and become text when somebody reads them.
 */
export class TracedAction implements Cause {
  readonly kind: ActionKind;
  /** Topic or procedure as requested, not the pattern it matched; '' for UNSUBSCRIBE and UNREGISTER of an unknown id. */
  uri: string;
  readonly originator: SessionRef;
  /** The originator's request id. */
  readonly request: number;
  /** Correlation id, a UUIDv4 in four 32-bit words. */
  readonly id0: number;
  readonly id1: number;
  readonly id2: number;
  readonly id3: number;
  /** The span of the originator's that it continues; `undefined` when the router starts the trace. */
  readonly parent: RemoteParent | undefined;
  /** Span id of the action. */
  readonly span0: number;
  readonly span1: number;
  /** The anchor's arrival; milliseconds since the epoch, as `Frame.at`. */
  readonly startedAt: number;
  /** The last message; 0 while open. */
  endedAt = 0;
  outcome: Outcome | undefined = undefined;
  /** Error URI of the final ERROR, '' when there is none. */
  error = '';
  /** The `seq` of its anchor, and of the last frame seen of it. */
  readonly firstFrame: number;
  lastFrame: number;
  /** Messages seen of it, both directions. */
  messages = 1;
  /** Octets of the anchor, before framing. */
  readonly anchorBytes: number;
  /** Registration or subscription id, 0 when none is known. */
  subject = 0;
  /** The procedure as registered, which may be a pattern; '' while no registration is known. */
  method = '';
  /** `match` of SUBSCRIBE and REGISTER as asked for, `invoke` of REGISTER; '' when not given. */
  match = '';
  policy = '';
  /** Mode of the CANCEL that came for it, '' when none did. */
  cancelMode = '';
  /** The caller takes progressive results. */
  progressive = false;
  /** CALL.Options.timeout in milliseconds, 0 for none. */
  timeout = 0;
  /** Progressive results sent to the caller, and when the first was; 0 when none. */
  progress = 0;
  firstResultAt = 0;
  /** PUBLISH asked for PUBLISHED. */
  readonly acknowledge: boolean;
  /** What the dealer made of a CALL, in order; more than one after a re-route. */
  invocations: TracedInvocation[] | undefined = undefined;
  /** Neighbours among the open actions; for the correlator alone. */
  older: TracedAction | undefined = undefined;
  newer: TracedAction | undefined = undefined;
  /** It was open when the last observer left: who watches now has not seen it begin. */
  forgotten = false;
  /** What the broker made of a PUBLISH; undefined when nobody was there to receive. */
  fanOut: TracedFanOut | undefined = undefined;

  /** Draws its ids from `random`; with a `parent` it joins that trace, else its trace id is its correlation id. */
  constructor(
    kind: ActionKind,
    originator: SessionRef,
    uri: string,
    request: number,
    startedAt: number,
    firstFrame: number,
    anchorBytes: number,
    acknowledge: boolean,
    random: FastIds,
    parent: RemoteParent | undefined,
  ) {
    this.kind = kind;
    this.uri = uri;
    this.originator = originator;
    this.request = request;
    this.parent = parent;
    this.id0 = random.word();
    // RFC 9562: version 4 in the third group, variant 10 in the fourth.
    this.id1 = (random.word() & 0xffff0fff) | 0x4000;
    this.id2 = (random.word() & 0x3fffffff) | 0x80000000;
    this.id3 = random.word();
    // W3C forbids the all-zero span id.
    this.span0 = random.word() | 1;
    this.span1 = random.word();
    this.startedAt = startedAt;
    this.firstFrame = firstFrame;
    this.lastFrame = firstFrame;
    this.anchorBytes = anchorBytes;
    this.acknowledge = acknowledge;
  }

  /** The INVOCATION that `callee` knows by `request`. */
  invocationAt(callee: SessionRef, request: number): TracedInvocation | undefined {
    const { invocations } = this;
    if (!invocations) return undefined;
    for (let i = invocations.length - 1; i >= 0; i--) {
      const invocation = invocations[i]!;
      if (invocation.request === request && invocation.callee === callee) return invocation;
    }
    return undefined;
  }

  get realm(): string {
    return this.originator.realm;
  }

  // W3C trace id in four 32-bit words: the correlation id, unless the action joined a trace of its originator's.

  get trace0(): number {
    return this.parent ? this.parent.trace0 : this.id0;
  }

  get trace1(): number {
    return this.parent ? this.parent.trace1 : this.id1;
  }

  get trace2(): number {
    return this.parent ? this.parent.trace2 : this.id2;
  }

  get trace3(): number {
    return this.parent ? this.parent.trace3 : this.id3;
  }

  /** The correlation id as a UUIDv4, 36 characters. */
  get correlation(): string {
    return uuid(this.id0, this.id1, this.id2, this.id3);
  }

  /** The W3C trace id, 32 hex digits. */
  get traceId(): string {
    return hexWord(this.trace0) + hexWord(this.trace1) + hexWord(this.trace2) + hexWord(this.trace3);
  }

  /** The span id of the action, 16 hex digits. */
  get spanId(): string {
    return hexWord(this.span0) + hexWord(this.span1);
  }
}

/** Text of a UUID kept as four 32-bit words. */
export function uuid(w0: number, w1: number, w2: number, w3: number): string {
  const b = hexWord(w1);
  const c = hexWord(w2);
  return `${hexWord(w0)}-${b.slice(0, 4)}-${b.slice(4)}-${c.slice(0, 4)}-${c.slice(4)}${hexWord(w3)}`;
}
