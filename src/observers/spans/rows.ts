/** Owns the writing of rows: how an ended action becomes numbers in a slab of memory that another thread reads. */

import type { SessionRef } from '../../tap.js';
import type { TracedAction } from '../../trace/action.js';
import type { TracedDelivery, TracedFanOut } from '../../trace/fan-out.js';
import type { TracedInvocation } from '../../trace/invocation.js';
import type { Outcome } from '../../trace/outcome.js';
import {
  ACTION_SIZE,
  ActionDouble,
  ActionWord,
  CHILD_SIZE,
  ChildDouble,
  ChildWord,
  IMPORTANT,
  INVOKED,
  KIND_NUMBER,
  LATE,
  MATCHES,
  MODES,
  OUTCOME_NUMBER,
  POLICIES,
  PROGRESSIVE,
  SamplingBits,
} from './row-layout.js';
import type { InternTable, TableUpdate } from './table.js';

/** A bounded piece of memory full of rows that name strings and sessions of one table. */
export class Slab {
  readonly buffer: ArrayBufferLike;
  readonly doubles: Float64Array;
  readonly words: Int32Array;
  readonly table: InternTable;
  /** In doubles. */
  used = 0;
  /** Spans that the rows stand for, and those of important actions among them. */
  spans = 0;
  important = 0;

  constructor(buffer: ArrayBufferLike, table: InternTable) {
    this.buffer = buffer;
    this.doubles = new Float64Array(buffer);
    this.words = new Int32Array(buffer);
    this.table = table;
  }

  hasRoom(size: number): boolean {
    return this.used + size <= this.doubles.length;
  }

  /** Keeps the rows of important actions only. Returns how many spans went. */
  keepImportant(): number {
    const gone = this.spans - this.important;
    if (this.important === 0) this.used = 0;
    const { words } = this;
    let kept = 0;
    for (let at = 0; at < this.used; ) {
      const head = words[at * 2 + ActionWord.head]!;
      const end = at + ACTION_SIZE + (head >>> 24) * CHILD_SIZE;
      if ((head & IMPORTANT) !== 0) {
        // As words: some of them, seen as doubles, are NaNs that a copy might change.
        words.copyWithin(kept * 2, at * 2, end * 2);
        kept += end - at;
      }
      at = end;
    }
    this.used = kept;
    this.spans = this.important;
    return gone;
  }

  /** Takes over the rows of `other`, if there is room for them and they are of the same table. */
  absorb(other: Slab): boolean {
    if (other.table !== this.table || !this.hasRoom(other.used)) return false;
    this.words.set(other.words.subarray(0, other.used * 2), this.used * 2);
    this.used += other.used;
    this.spans += other.spans;
    this.important += other.important;
    return true;
  }
}

/** A slab on its way to the reader, who says when it has read `buffer`. */
export interface SlabMessage {
  readonly number: number;
  readonly buffer: ArrayBufferLike;
  readonly used: number;
  readonly spans: number;
  readonly update: TableUpdate;
}

/** Spans that hang below the action's own, and are told of with it. */
export function childrenOf(action: TracedAction): number {
  if (action.kind === 'call') return action.invocations === undefined ? 0 : withoutLate(action.invocations);
  if (action.fanOut === undefined) return 0;
  return action.fanOut.selected === undefined ? 1 : 1 + action.fanOut.selected.length;
}

function withoutLate(invocations: readonly TracedInvocation[]): number {
  let children = 0;
  for (let i = 0; i < invocations.length; i++) if (!invocations[i]!.outlives) children++;
  return children;
}

/** Entries of the table that a row with so many children may need, of each kind. */
export function entriesFor(children: number): number {
  return 4 + 2 * children;
}

/**
 * Appends `action` and the first `children` of its children. The caller has seen to it that there is room in
 * the slab for them, and in the table for `entriesFor(children)`.
 */
export function writeRow(slab: Slab, action: TracedAction, children: number, important: boolean): void {
  writeAction(slab, action, children, important, 0);
  let at = slab.used + ACTION_SIZE;
  if (action.kind === 'call') {
    for (let i = 0, written = 0; written < children; i++) {
      const invocation = action.invocations![i]!;
      if (invocation.outlives) continue;
      writeInvocation(slab, at, invocation);
      written++;
      at += CHILD_SIZE;
    }
  } else if (children > 0) {
    const fanOut = action.fanOut!;
    writeFanOut(slab, at, fanOut);
    at += CHILD_SIZE;
    for (let i = 0; i < children - 1; i++, at += CHILD_SIZE) writeDelivery(slab, at, fanOut.selected![i]!);
  }
  slab.used = at;
  slab.spans += 1 + children;
  if (important) slab.important += 1 + children;
}

/** Appends an invocation that outlived its call: one span, whose row has the call's besides. */
export function writeLateRow(slab: Slab, action: TracedAction, invocation: TracedInvocation, important: boolean): void {
  writeAction(slab, action, 1, important, LATE);
  writeInvocation(slab, slab.used + ACTION_SIZE, invocation);
  slab.used += ACTION_SIZE + CHILD_SIZE;
  slab.spans++;
  if (important) slab.important++;
}

function writeAction(slab: Slab, action: TracedAction, children: number, important: boolean, late: number): void {
  const table = slab.table;
  const words = slab.words;
  const doubles = slab.doubles;
  const d = slab.used;
  const w = d * 2;
  words[w + ActionWord.head] =
    KIND_NUMBER[action.kind] |
    (outcomeNumber(action.outcome) << 4) |
    (action.acknowledge ? 0x100 : 0) |
    (important ? IMPORTANT : 0) |
    (action.flags << 16) |
    (children << 24);
  const uri = table.string(action.uri);
  words[w + ActionWord.uri] = uri;
  words[w + ActionWord.originator] = table.peer(action.originator);
  words[w + ActionWord.error] = table.string(action.error);
  words[w + ActionWord.id] = action.id0;
  words[w + ActionWord.id + 1] = action.id1;
  words[w + ActionWord.id + 2] = action.id2;
  words[w + ActionWord.id + 3] = action.id3;
  // A trace of the router's own has the action's id, so the words of trace and parent are free for a link's.
  const link = action.link;
  const trace = link ?? action;
  words[w + ActionWord.trace] = trace.trace0;
  words[w + ActionWord.trace + 1] = trace.trace1;
  words[w + ActionWord.trace + 2] = trace.trace2;
  words[w + ActionWord.trace + 3] = trace.trace3;
  words[w + ActionWord.span] = action.span0;
  words[w + ActionWord.span + 1] = action.span1;
  const parent = link ?? action.parent;
  words[w + ActionWord.parent] = parent ? parent.span0 : 0;
  words[w + ActionWord.parent + 1] = parent ? parent.span1 : 0;
  words[w + ActionWord.progress] = action.progress;
  words[w + ActionWord.anchorBytes] = action.anchorBytes;
  words[w + ActionWord.sampling] = samplingWord(action);
  words[w + ActionWord.tracestate] = table.whole(action.tracestate);
  doubles[d + ActionDouble.request] = action.request;
  doubles[d + ActionDouble.subject] = action.subject;
  doubles[d + ActionDouble.startedAt] = action.startedAt;
  doubles[d + ActionDouble.endedAt] = action.endedAt;
  words[w + ActionWord.rtt] = rttOf(action.originator);
  words[w + ActionWord.extras] =
    numberOf(MODES, action.cancelMode) |
    (numberOf(MATCHES, action.match) << 2) |
    (numberOf(POLICIES, action.policy) << 4) |
    (action.progressive ? PROGRESSIVE : 0) |
    (action.invocations === undefined ? 0 : INVOKED) |
    late;
  words[w + ActionWord.method] = action.method === action.uri ? uri : table.string(action.method);
  words[w + ActionWord.timeout] = action.timeout;
  doubles[d + ActionDouble.routerTime] = routerTimeOf(action);
  doubles[d + ActionDouble.firstResult] = action.firstResultAt === 0 ? 0 : action.firstResultAt - action.startedAt;
}

/** Milliseconds that a call was not with a callee. */
function routerTimeOf({ invocations, startedAt, endedAt }: TracedAction): number {
  let time = endedAt - startedAt;
  if (invocations === undefined) return time;
  for (let i = 0; i < invocations.length; i++) {
    const invocation = invocations[i]!;
    // One that is open when the call ends has been with the callee until then.
    time -= (invocation.endedAt || endedAt) - invocation.startedAt;
  }
  return Math.max(time, 0);
}

/** Microseconds, as far as a word goes. */
function rttOf({ link }: SessionRef): number {
  return link === undefined ? 0 : Math.min(Math.round(link.rtt * 1000), MAX_WORD);
}

const MAX_WORD = 0x7fffffff;

/** 0 for a word that is none of them. */
function numberOf(words: readonly string[], word: string): number {
  return word === '' ? 0 : Math.max(0, words.indexOf(word));
}

function samplingWord(action: TracedAction): number {
  const link = action.link ? SamplingBits.linked | SamplingBits.remote | (action.remote!.context.flags << 8) : 0;
  return action.sampled | (action.partial ? SamplingBits.partial : 0) | link;
}

function writeInvocation({ words, doubles, table }: Slab, d: number, invocation: TracedInvocation): void {
  const w = d * 2;
  words[w + ChildWord.outcome] = outcomeNumber(invocation.outcome);
  words[w + ChildWord.callee] = table.peer(invocation.callee);
  words[w + ChildWord.error] = table.string(invocation.error);
  words[w + ChildWord.span] = invocation.span0;
  words[w + ChildWord.span + 1] = invocation.span1;
  words[w + ChildWord.queued] = Math.min(invocation.queued, MAX_WORD);
  words[w + ChildWord.rtt] = rttOf(invocation.callee);
  words[w + ChildWord.extras] = numberOf(POLICIES, invocation.policy) | (invocation.answeredLate ? 8 : 0);
  doubles[d + ChildDouble.request] = invocation.request;
  doubles[d + ChildDouble.registration] = invocation.registration;
  doubles[d + ChildDouble.startedAt] = invocation.startedAt;
  doubles[d + ChildDouble.endedAt] = invocation.endedAt;
}

function writeFanOut({ words, doubles, table }: Slab, d: number, fanOut: TracedFanOut): void {
  const w = d * 2;
  const single = fanOut.recipients === 1 ? fanOut.subscriber : undefined;
  words[w + ChildWord.peer] = single === undefined ? 0 : 1 + table.peer(single);
  words[w + ChildWord.queued] = Math.min(fanOut.queuedMax, MAX_WORD);
  words[w + ChildWord.delivered] = fanOut.delivered;
  words[w + ChildWord.dropped] = fanOut.dropped;
  words[w + ChildWord.span] = fanOut.span0;
  words[w + ChildWord.span + 1] = fanOut.span1;
  doubles[d + ChildDouble.publication] = fanOut.publication;
  doubles[d + ChildDouble.bytes] = fanOut.bytes;
  doubles[d + ChildDouble.startedAt] = fanOut.startedAt;
  doubles[d + ChildDouble.endedAt] = fanOut.endedAt;
}

function writeDelivery({ words, doubles, table }: Slab, d: number, delivery: TracedDelivery): void {
  const w = d * 2;
  words[w + ChildWord.isDropped] = delivery.dropped ? 1 : 0;
  words[w + ChildWord.subscriber] = table.peer(delivery.subscriber);
  words[w + ChildWord.size] = Math.min(delivery.bytes, MAX_WORD);
  words[w + ChildWord.span] = delivery.span0;
  words[w + ChildWord.span + 1] = delivery.span1;
  words[w + ChildWord.queued] = Math.min(delivery.queued, MAX_WORD);
  doubles[d + ChildDouble.startedAt] = delivery.at;
  doubles[d + ChildDouble.endedAt] = delivery.at;
}

function outcomeNumber(outcome: Outcome | undefined): number {
  return outcome === undefined ? 0 : OUTCOME_NUMBER[outcome];
}
