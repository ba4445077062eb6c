/** Owns where the numbers of a row are. */

import type { ActionKind } from '../../trace/action.js';
import type { Outcome } from '../../trace/outcome.js';
import type { SpanIds, SpanLink } from './span-data.js';

/** In doubles: 144 bytes for the action, 64 for each invocation, for its fan-out and each EVENT chosen from it. */
export const ACTION_SIZE = 18;
export const CHILD_SIZE = 8;

/** A call re-routed more often than this is a fault, and its row must fit into a slab. */
export const MAX_CHILDREN = 255;

/** Positions in the table of kinds are the numbers in rows. */
export const KINDS: readonly ActionKind[] = ['call', 'publish', 'subscribe', 'unsubscribe', 'register', 'unregister'];
export const KIND_NUMBER = Object.fromEntries(KINDS.map((kind, i) => [kind, i])) as Record<ActionKind, number>;

/** Kinds of rows that are no actions: the ends of sessions (session-rows.ts). */
export const OPEN_ROW = KINDS.length;
export const CLOSE_ROW = KINDS.length + 1;

/** Positions are the numbers in rows. */
export const MODES: readonly string[] = ['', 'skip', 'kill', 'killnowait'];
export const MATCHES: readonly string[] = ['', 'exact', 'prefix', 'wildcard'];
export const POLICIES: readonly string[] = ['', 'single', 'roundrobin', 'random', 'first', 'last'];

/** The first is what an action that never said is taken for. */
export const OUTCOMES: readonly Outcome[] = [
  'abandoned',
  'ok',
  'error',
  'canceled',
  'timeout',
  'caller_gone',
  'callee_gone',
];
export const OUTCOME_NUMBER = Object.fromEntries(OUTCOMES.map((outcome, i) => [outcome, i])) as Record<Outcome, number>;

/** 32-bit words of an action's row. The doubles begin behind them. */
export const enum ActionWord {
  /** kind | outcome << 4 | acknowledge << 8 | important << 9 | trace flags << 16 | children << 24 */
  head = 0,
  uri = 1,
  originator = 2,
  error = 3,
  id = 4,
  trace = 8,
  span = 12,
  parent = 14,
  progress = 16,
  anchorBytes = 17,
  /** reason | partial << 3 | linked << 4 | remote << 5 | trace flags of the link << 8 */
  sampling = 18,
  tracestate = 19,
  /** The caller's, in microseconds. */
  rtt = 28,
  /** mode | match << 2 | policy << 4 | progressive << 7 | late << 8 | invoked << 9 */
  extras = 29,
  method = 30,
  timeout = 31,
}

export const PROGRESSIVE = 0x80;
/** Somebody was invoked. */
export const INVOKED = 0x200;
/** The action has been told of; the row is there for what came of its invocation. */
export const LATE = 0x100;

/** In the head. */
export const IMPORTANT = 0x200;

export const enum ActionDouble {
  request = 10,
  subject = 11,
  startedAt = 12,
  endedAt = 13,
  /** Milliseconds in the router; what is missing to the whole was with callees. */
  routerTime = 16,
  /** Milliseconds from the start to the first progressive result, 0 when there was none. */
  firstResult = 17,
}

/**
 * 32-bit words of a child's row: an invocation of a call; or the fan-out of a publication, and behind it each
 * EVENT that was chosen from it.
 */
export const enum ChildWord {
  outcome = 0,
  callee = 1,
  error = 2,
  span = 3,
  queued = 5,
  /** The callee's, in microseconds. */
  rtt = 14,
  /** policy | answered late << 3 */
  extras = 15,
  // Of a fan-out. The peer is that of a single EVENT, plus one; 0 stands for several.
  peer = 0,
  delivered = 1,
  dropped = 2,
  // Of one EVENT.
  isDropped = 0,
  subscriber = 1,
  size = 2,
}

export const enum ChildDouble {
  request = 3,
  registration = 4,
  publication = 3,
  bytes = 4,
  startedAt = 5,
  endedAt = 6,
}

/** The views of a slab that reading needs. */
export interface Rows {
  readonly words: Int32Array;
  readonly doubles: Float64Array;
}

/** Of the word of sampling. `remote` is of what is linked to. */
export const enum SamplingBits {
  reason = 7,
  partial = 8,
  linked = 16,
  remote = 32,
}

/** In place of where a parent stands: there is none. */
export const ROOT = -1;

/** A linked row tells of a trace of the router's own, and where the trace and the parent stand, of the link. */
export function isLinked(words: Int32Array, w: number): boolean {
  return (words[w + ActionWord.sampling]! & SamplingBits.linked) !== 0;
}

/** Of a linked row. */
export function linkOf(words: Int32Array, w: number): SpanLink {
  const sampling = words[w + ActionWord.sampling]!;
  return {
    trace0: words[w + ActionWord.trace]!,
    trace1: words[w + ActionWord.trace + 1]!,
    trace2: words[w + ActionWord.trace + 2]!,
    trace3: words[w + ActionWord.trace + 3]!,
    span0: words[w + ActionWord.parent]!,
    span1: words[w + ActionWord.parent + 1]!,
    traceFlags: (sampling >>> 8) & 255,
    isRemote: (sampling & SamplingBits.remote) !== 0,
  };
}

/** The trace that the row at word `w` tells of, with span and parent from where they stand. */
export function idsOf(
  words: Int32Array,
  w: number,
  spanAt: number,
  parentAt: number,
  parentIsRemote: boolean,
  traceFlags: number,
): SpanIds {
  const trace = w + (isLinked(words, w) ? ActionWord.id : ActionWord.trace);
  return {
    trace0: words[trace]!,
    trace1: words[trace + 1]!,
    trace2: words[trace + 2]!,
    trace3: words[trace + 3]!,
    span0: words[spanAt]!,
    span1: words[spanAt + 1]!,
    parent0: parentAt === ROOT ? 0 : words[parentAt]!,
    parent1: parentAt === ROOT ? 0 : words[parentAt + 1]!,
    parentIsRemote,
    traceFlags,
  };
}

/** Words of the row of a session's beginning, where they differ from an action's. The uri is the realm asked for. */
export const enum OpenWord {
  agent = 16,
  serializer = 20,
  transport = 21,
  authmethod = 28,
  address = 29,
  reason = 30,
}

/**
 * Doubles of the row of its end and, from `ACTION_SIZE` on, of its second part. The uri is the reason; it is linked to
 * the beginning, if that has a span.
 */
export const enum CloseDouble {
  /** Milliseconds; negative when nobody saw it begin. */
  lifetime = 10,
  receivedMessages = ACTION_SIZE,
  sentMessages = ACTION_SIZE + 1,
  receivedBytes = ACTION_SIZE + 2,
  sentBytes = ACTION_SIZE + 3,
  droppedEvents = ACTION_SIZE + 4,
}
