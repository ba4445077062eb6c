/** Owns the layout of rows: how an ended action becomes numbers in a slab of memory that changes threads. */

import type { ActionKind, Outcome, TracedAction, TracedFanOut, TracedInvocation } from '../../trace/action.js';
import { FLAG_RANDOM, FLAG_SAMPLED } from './span-data.js';
import type { InternTable, TableUpdate } from './table.js';

/** In doubles: 112 bytes for the action, 56 for each invocation or for its fan-out. */
export const ACTION_SIZE = 14;
export const CHILD_SIZE = 7;

/** A call re-routed more often than this is a fault, and its row must fit into a slab. */
export const MAX_CHILDREN = 255;

/** Positions in the table of kinds are the numbers in rows. */
export const KINDS: readonly ActionKind[] = ['call', 'publish', 'subscribe', 'unsubscribe', 'register', 'unregister'];
const KIND_NUMBER = Object.fromEntries(KINDS.map((kind, i) => [kind, i])) as Record<ActionKind, number>;

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
const OUTCOME_NUMBER = Object.fromEntries(OUTCOMES.map((outcome, i) => [outcome, i])) as Record<Outcome, number>;

/** 32-bit words of an action's row. The doubles begin behind them. */
export const ActionWord = {
  /** kind | outcome << 4 | acknowledge << 8 | trace flags << 16 | children << 24 */
  head: 0,
  uri: 1,
  originator: 2,
  error: 3,
  id: 4,
  trace: 8,
  span: 12,
  parent: 14,
  progress: 16,
  anchorBytes: 17,
} as const;

export const ActionDouble = { request: 10, subject: 11, startedAt: 12, endedAt: 13 } as const;

/** 32-bit words of a child's row: an invocation of a call, the fan-out of a publication. */
export const ChildWord = { outcome: 0, callee: 1, error: 2, delivered: 1, dropped: 2, span: 3 } as const;

export const ChildDouble = {
  request: 3,
  registration: 4,
  publication: 3,
  bytes: 4,
  startedAt: 5,
  endedAt: 6,
} as const;

/** A bounded piece of memory full of rows. */
export class Slab {
  readonly buffer: ArrayBuffer;
  readonly doubles: Float64Array;
  readonly words: Int32Array;
  /** In doubles. */
  used = 0;
  /** Spans that the rows stand for. */
  spans = 0;

  constructor(buffer: ArrayBuffer) {
    this.buffer = buffer;
    this.doubles = new Float64Array(buffer);
    this.words = new Int32Array(buffer);
  }

  hasRoom(size: number): boolean {
    return this.used + size <= this.doubles.length;
  }
}

/** A slab on its way to the reader; `buffer` changes hands. */
export interface SlabMessage {
  readonly number: number;
  readonly buffer: ArrayBuffer;
  readonly used: number;
  readonly spans: number;
  readonly update: TableUpdate;
}

/** Spans that hang below the action's own. */
export function childrenOf(action: TracedAction): number {
  if (action.kind === 'call') return action.invocations === undefined ? 0 : action.invocations.length;
  return action.fanOut === undefined ? 0 : 1;
}

/**
 * Appends `action` and the first `children` of its children. The caller has seen to it that there is room in
 * the slab for them, and in the table for 3 + 2 * children entries.
 */
export function writeRow(slab: Slab, action: TracedAction, children: number, table: InternTable): void {
  const words = slab.words;
  const doubles = slab.doubles;
  const d = slab.used;
  const w = d * 2;
  // A trace id that the router drew is random but for the version's bits; of a caller's id nothing is known.
  const flags = action.parent ? FLAG_SAMPLED : FLAG_SAMPLED | FLAG_RANDOM;
  words[w + ActionWord.head] =
    KIND_NUMBER[action.kind] |
    (outcomeNumber(action.outcome) << 4) |
    (action.acknowledge ? 0x100 : 0) |
    (flags << 16) |
    (children << 24);
  words[w + ActionWord.uri] = table.string(action.uri);
  words[w + ActionWord.originator] = table.peer(action.originator);
  words[w + ActionWord.error] = table.string(action.error);
  words[w + ActionWord.id] = action.id0;
  words[w + ActionWord.id + 1] = action.id1;
  words[w + ActionWord.id + 2] = action.id2;
  words[w + ActionWord.id + 3] = action.id3;
  words[w + ActionWord.trace] = action.trace0;
  words[w + ActionWord.trace + 1] = action.trace1;
  words[w + ActionWord.trace + 2] = action.trace2;
  words[w + ActionWord.trace + 3] = action.trace3;
  words[w + ActionWord.span] = action.span0;
  words[w + ActionWord.span + 1] = action.span1;
  words[w + ActionWord.parent] = action.parent ? action.parent.span0 : 0;
  words[w + ActionWord.parent + 1] = action.parent ? action.parent.span1 : 0;
  words[w + ActionWord.progress] = action.progress;
  words[w + ActionWord.anchorBytes] = action.anchorBytes;
  doubles[d + ActionDouble.request] = action.request;
  doubles[d + ActionDouble.subject] = action.subject;
  doubles[d + ActionDouble.startedAt] = action.startedAt;
  doubles[d + ActionDouble.endedAt] = action.endedAt;
  let at = d + ACTION_SIZE;
  if (action.kind === 'call') {
    for (let i = 0; i < children; i++, at += CHILD_SIZE) {
      writeInvocation(words, doubles, at, action.invocations![i]!, table);
    }
  } else if (children > 0) {
    writeFanOut(words, doubles, at, action.fanOut!);
    at += CHILD_SIZE;
  }
  slab.used = at;
  slab.spans += 1 + children;
}

function writeInvocation(
  words: Int32Array,
  doubles: Float64Array,
  d: number,
  invocation: TracedInvocation,
  table: InternTable,
): void {
  const w = d * 2;
  words[w + ChildWord.outcome] = outcomeNumber(invocation.outcome);
  words[w + ChildWord.callee] = table.peer(invocation.callee);
  words[w + ChildWord.error] = table.string(invocation.error);
  words[w + ChildWord.span] = invocation.span0;
  words[w + ChildWord.span + 1] = invocation.span1;
  doubles[d + ChildDouble.request] = invocation.request;
  doubles[d + ChildDouble.registration] = invocation.registration;
  doubles[d + ChildDouble.startedAt] = invocation.startedAt;
  doubles[d + ChildDouble.endedAt] = invocation.endedAt;
}

function writeFanOut(words: Int32Array, doubles: Float64Array, d: number, fanOut: TracedFanOut): void {
  const w = d * 2;
  words[w + ChildWord.delivered] = fanOut.delivered;
  words[w + ChildWord.dropped] = fanOut.dropped;
  words[w + ChildWord.span] = fanOut.span0;
  words[w + ChildWord.span + 1] = fanOut.span1;
  doubles[d + ChildDouble.publication] = fanOut.publication;
  doubles[d + ChildDouble.bytes] = fanOut.bytes;
  doubles[d + ChildDouble.startedAt] = fanOut.startedAt;
  doubles[d + ChildDouble.endedAt] = fanOut.endedAt;
}

function outcomeNumber(outcome: Outcome | undefined): number {
  return outcome === undefined ? 0 : OUTCOME_NUMBER[outcome];
}
