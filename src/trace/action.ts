/** Owns the one data structure of the observatory: what is known of one WAMP action from its first message to its last. */

import type { Cause, Hop, SessionRef } from '../tap.js';
import { Code, type MessageCode } from '../wire/codes.js';
import type { RandomIds } from '../wire/ids.js';
import type { Dict } from '../wire/message.js';
import { contextDetails, FLAG_RANDOM, FLAG_SAMPLED } from '../wire/trace-context.js';
import type { TracedFanOut } from './fan-out.js';
import { TracedInvocation } from './invocation.js';
import type { Outcome } from './outcome.js';
import type { RemoteContext } from './propagation.js';
import { Reason } from './sampling/reason.js';

/** The operation, in the words of the WAMP terminology chapter. */
export type ActionKind = 'call' | 'publish' | 'subscribe' | 'unsubscribe' | 'register' | 'unregister';

const HEX = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'));

/** Eight hex digits of a 32-bit word, signed or not. */
export function hexWord(word: number): string {
  return HEX[(word >>> 24) & 255]! + HEX[(word >>> 16) & 255]! + HEX[(word >>> 8) & 255]! + HEX[word & 255]!;
}

// A span id has to differ from those of other actions in the trace, which the random bits of the correlation id see to.

/** First word of an action's span id, of the first and the third of its correlation id. W3C forbids the all-zero id. */
export function actionSpan0(id0: number, id2: number): number {
  return (id0 ^ id2) | 1;
}

/** Second word of an action's span id, of the second and the fourth of its correlation id. */
export function actionSpan1(id1: number, id3: number): number {
  return id1 ^ id3;
}

/**
 * Second word of the id of an action's `n`-th child span; the first is the action's own. So that the id is known
 * before there is a child: the message that begins it carries it.
 */
export function childSpan(span1: number, n: number): number {
  return (span1 + Math.imul(n + 1, 0x9e3779b9)) | 0;
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

/** The kind of action that a message begins, by type code. */
export function kindOf(code: MessageCode): ActionKind | undefined {
  switch (code) {
    case Code.CALL:
      return 'call';
    case Code.PUBLISH:
      return 'publish';
    case Code.SUBSCRIBE:
      return 'subscribe';
    case Code.UNSUBSCRIBE:
      return 'unsubscribe';
    case Code.REGISTER:
      return 'register';
    case Code.UNREGISTER:
      return 'unregister';
    default:
      return undefined;
  }
}

/**
 * One observed instance of an action. Written by the correlator only, and final once `onActionEnd` has told of it; the
 * observers' to keep, unless all of them only borrow actions (see `Observer.borrows`): then the object serves another
 * action. Ids are kept as 32-bit words (signed, so that they stay small integers) and become text when somebody reads them.
 */
export class TracedAction implements Cause {
  kind: ActionKind = 'call';
  /** Topic or procedure as requested, not the pattern it matched; '' for UNSUBSCRIBE and UNREGISTER of an unknown id. */
  uri = '';
  originator!: SessionRef;
  /** The originator's request id. */
  request = 0;
  /** Correlation id, a UUIDv4 in four 32-bit words. */
  id0 = 0;
  id1 = 0;
  id2 = 0;
  id3 = 0;
  /** The span of the originator's that it continues; `undefined` when the router starts the trace. */
  parent: RemoteParent | undefined = undefined;
  /** Span id of the action. */
  span0 = 0;
  span1 = 0;
  /** The anchor's arrival; milliseconds since the epoch, as `Frame.at`. */
  startedAt = 0;
  /** The last message; 0 while open. */
  endedAt = 0;
  outcome: Outcome | undefined = undefined;
  /** Error URI of the final ERROR, '' when there is none. */
  error = '';
  /** The `seq` of its anchor, and of the last frame seen of it. */
  firstFrame = 0;
  lastFrame = 0;
  /** Messages seen of it, both directions. */
  messages = 1;
  /** Octets of the anchor, before framing. */
  anchorBytes = 0;
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
  acknowledge = false;
  /** What the dealer made of a CALL, in order; more than one after a re-route. */
  invocations: TracedInvocation[] | undefined = undefined;
  /** The newest of them, how many there are, and how many of them nobody has answered. */
  invocation: TracedInvocation | undefined = undefined;
  invoked = 0;
  unanswered = 0;
  /** Neighbours among the open actions; for the correlator alone. */
  older: TracedAction | undefined = undefined;
  newer: TracedAction | undefined = undefined;
  /** It was open when the last observer left: who watches now has not seen it begin. */
  forgotten = false;
  /** What the broker made of a PUBLISH; undefined when nobody was there to receive. */
  fanOut: TracedFanOut | undefined = undefined;
  /** The trace context that came with the anchor, if it counts. */
  remote: RemoteContext | undefined = undefined;
  /** Why its spans are kept; `Reason.none` when they are not. */
  sampled: Reason = Reason.unasked;
  /** Kept at its end only, when what lies downstream had not been told. */
  partial = false;
  /** Of its spans and of what goes on; '' when there is none. */
  tracestate = '';
  /** More was set in it than what tells of itself by `plain`; for the correlator alone. */
  marked = false;
  /** Of an earlier action that this object was, to be used again. */
  #invocations: TracedInvocation[] | undefined = undefined;

  /**
   * Makes it an action that has just begun: a new object, or one that was `plain` or has been cleared. Draws its ids from
   * `random`; with a `parent` it joins that trace, else its trace id is its correlation id.
   */
  begin(
    kind: ActionKind,
    originator: SessionRef,
    uri: string,
    request: number,
    startedAt: number,
    firstFrame: number,
    anchorBytes: number,
    random: RandomIds,
    parent: RemoteParent | undefined,
  ): void {
    this.kind = kind;
    this.uri = uri;
    this.originator = originator;
    this.request = request;
    if (parent !== undefined) this.parent = parent;
    const { pool } = random;
    const at = random.take(4);
    const id0 = pool[at]!;
    // RFC 9562: version 4 in the third group, variant 10 in the fourth.
    const id1 = (pool[at + 1]! & 0xffff0fff) | 0x4000;
    const id2 = (pool[at + 2]! & 0x3fffffff) | 0x80000000;
    const id3 = pool[at + 3]!;
    this.id0 = id0;
    this.id1 = id1;
    this.id2 = id2;
    this.id3 = id3;
    this.span0 = actionSpan0(id0, id2);
    this.span1 = actionSpan1(id1, id3);
    this.startedAt = startedAt;
    this.endedAt = 0;
    this.outcome = undefined;
    this.firstFrame = firstFrame;
    this.lastFrame = firstFrame;
    this.messages = 1;
    this.anchorBytes = anchorBytes;
    this.subject = 0;
    this.method = '';
    this.invocations = undefined;
    this.invocation = undefined;
    this.invoked = 0;
    this.unanswered = 0;
    this.sampled = Reason.unasked;
  }

  /** Nothing was set in it that `begin` leaves alone. Most are; so what most do not have costs nothing. */
  get plain(): boolean {
    if (this.marked || this.kind === 'publish' || this.outcome !== 'ok') return false;
    return !this.partial && this.tracestate === '';
  }

  /** Forgets what `begin` leaves alone. */
  clear(): void {
    this.marked = false;
    this.parent = undefined;
    this.remote = undefined;
    this.tracestate = '';
    this.partial = false;
    this.error = '';
    this.match = '';
    this.policy = '';
    this.cancelMode = '';
    this.progressive = false;
    this.timeout = 0;
    this.progress = 0;
    this.firstResultAt = 0;
    this.acknowledge = false;
    this.fanOut = undefined;
    this.forgotten = false;
  }

  /** One more message of it. */
  see(frame: number): void {
    this.lastFrame = frame;
    this.messages++;
  }

  /** An INVOCATION was sent because of it. */
  invoke(callee: SessionRef, request: number, registration: number, at: number, policy: string, queued: number): void {
    const span1 = childSpan(this.span1, this.invoked);
    const before = this.#invocations;
    if (this.invoked === 0 && before !== undefined) {
      const invocation = before[0]!;
      // Of an earlier action that went to several.
      if (before.length > 1) before.length = 1;
      invocation.begin(callee, request, registration, this.span0, span1, at, policy, queued);
      this.invocations = before;
      this.invocation = invocation;
    } else {
      this.invocation = new TracedInvocation(callee, request, registration, this.span0, span1, at, policy, queued);
      if (this.invocations) this.invocations.push(this.invocation);
      else this.#invocations = this.invocations = [this.invocation];
    }
    this.invoked++;
    this.unanswered++;
  }

  /** The INVOCATION that `callee` knows by `request`. */
  invocationAt(callee: SessionRef, request: number): TracedInvocation | undefined {
    const newest = this.invocation;
    if (newest === undefined || (newest.request === request && newest.callee === callee)) return newest;
    const invocations = this.invocations!;
    for (let i = invocations.length - 1; i >= 0; i--) {
      const invocation = invocations[i]!;
      if (invocation.request === request && invocation.callee === callee) return invocation;
    }
    return undefined;
  }

  /** What the callee made of an INVOCATION, unless it has ended before; `error` is the URI of its ERROR. */
  answered(invocation: TracedInvocation | undefined, error: string | undefined, at: number): void {
    if (invocation === undefined || invocation.outcome !== undefined) return;
    invocation.outcome = error === undefined ? 'ok' : 'error';
    invocation.error = error ?? '';
    invocation.endedAt = at;
    this.unanswered--;
  }

  /** Who looks at its spans looks at where the time went. */
  get exact(): boolean {
    return this.sampled !== Reason.none;
  }

  get realm(): string {
    return this.originator.realm;
  }

  /** A trace that this one is not part of, but came of. */
  get link(): RemoteParent | undefined {
    return this.remote?.trust === 'link' ? this.remote.context : undefined;
  }

  /** W3C trace flags of its spans. An id that the router drew is random; of another only its tracer knows. */
  get flags(): number {
    const random = this.parent ? (this.remote ? this.remote.context.flags & FLAG_RANDOM : 0) : FLAG_RANDOM;
    return FLAG_SAMPLED | random;
  }

  /** Whoever is downstream gets the span that it comes from; a span that nobody keeps must not come between. */
  details(hop: Hop): Dict | undefined {
    if (this.sampled === Reason.none) {
      // Mode `link` is a border: what comes from beyond it ends here, kept or not.
      if (hop === 'result' || this.remote?.trust === 'link') return undefined;
      return this.remote?.context.details;
    }
    const n = hop === 'invocation' ? this.invoked : 0;
    const span1 = hop === 'result' ? this.span1 : childSpan(this.span1, n);
    const traceparent = `00-${this.traceId}-${hexWord(this.span0)}${hexWord(span1)}-0${this.flags}`;
    const baggage = hop === 'result' || !this.remote ? '' : this.remote.context.baggage;
    return contextDetails(traceparent, this.tracestate, baggage);
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
