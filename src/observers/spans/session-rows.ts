/** Owns the rows of sessions: how their beginnings and ends become numbers. Of the same shape as those of actions. */

import { Reason } from '../../trace/sampling/reason.js';
import type { Identified, TracedClosing, TracedOpening } from '../../trace/session.js';
import { FLAG_RANDOM, FLAG_SAMPLED } from '../../wire/trace-context.js';
import {
  ACTION_SIZE,
  ActionDouble,
  ActionWord,
  CHILD_SIZE,
  ChildDouble,
  ChildWord,
  CLOSE_ROW,
  CloseDouble,
  IMPORTANT,
  OPEN_ROW,
  OpenWord,
  OUTCOME_NUMBER,
  SamplingBits,
} from './row-layout.js';
import type { Slab } from './rows.js';
import type { InternTable } from './table.js';

/** Entries of the table that such a row may need, of each kind. */
export const SESSION_ENTRIES = 8;
/** The row's own, and one child: the challenge, or the totals. */
export const SESSION_SIZE = ACTION_SIZE + CHILD_SIZE;

const FLAGS = FLAG_SAMPLED | FLAG_RANDOM;

/** Spans that a beginning becomes. */
export function spansOfOpening(opening: TracedOpening): number {
  return opening.challenge ? 2 : 1;
}

export function writeOpening(slab: Slab, opening: TracedOpening, important: boolean): void {
  const { words, doubles, table } = slab;
  const { session, challenge, outcome = 'caller_gone' } = opening;
  const d = slab.used;
  const w = d * 2;
  const children = challenge ? 1 : 0;
  words[w + ActionWord.head] =
    OPEN_ROW | (OUTCOME_NUMBER[outcome] << 4) | (important ? IMPORTANT : 0) | (FLAGS << 16) | (children << 24);
  words[w + ActionWord.uri] = table.string(opening.realm);
  // Who did not join is nobody yet: what it claims to be is not told.
  words[w + ActionWord.originator] = outcome === 'ok' ? table.peer(session) : 0;
  words[w + ActionWord.error] = table.string(opening.error);
  writeIdentity(words, w, opening, undefined, table);
  words[w + OpenWord.agent] = table.string(opening.agent);
  words[w + ActionWord.anchorBytes] = opening.bytes;
  words[w + OpenWord.serializer] = table.string(session.serializer ?? '');
  words[w + OpenWord.transport] = table.string(session.transport);
  words[w + OpenWord.authmethod] = table.string(challenge?.method ?? session.authmethod);
  words[w + OpenWord.address] = table.string(session.link?.peer ?? '');
  words[w + OpenWord.reason] = table.string(opening.reason);
  doubles[d + ActionDouble.startedAt] = opening.startedAt;
  doubles[d + ActionDouble.endedAt] = opening.endedAt;
  slab.used += ACTION_SIZE;
  if (challenge) {
    const at = slab.used;
    words[at * 2 + ChildWord.span] = challenge.span0;
    words[at * 2 + ChildWord.span + 1] = challenge.span1;
    doubles[at + ChildDouble.startedAt] = challenge.startedAt;
    doubles[at + ChildDouble.endedAt] = opening.endedAt;
    slab.used += CHILD_SIZE;
  }
  count(slab, 1 + children, important);
}

export function writeClosing(slab: Slab, closing: TracedClosing, important: boolean): void {
  const { words, doubles, table } = slab;
  const { session, opening } = closing;
  const d = slab.used;
  const w = d * 2;
  words[w + ActionWord.head] = CLOSE_ROW | (important ? IMPORTANT : 0) | (FLAGS << 16) | (1 << 24);
  words[w + ActionWord.uri] = table.string(closing.reason);
  words[w + ActionWord.originator] = table.peer(session);
  words[w + ActionWord.error] = table.string(closing.error);
  writeIdentity(words, w, closing, opening?.sampled === Reason.none ? undefined : opening, table);
  doubles[d + CloseDouble.lifetime] = opening ? closing.endedAt - opening.endedAt : -1;
  doubles[d + ActionDouble.startedAt] = closing.startedAt;
  doubles[d + ActionDouble.endedAt] = closing.endedAt;
  doubles[d + CloseDouble.receivedMessages] = closing.receivedMessages;
  doubles[d + CloseDouble.sentMessages] = closing.sentMessages;
  doubles[d + CloseDouble.receivedBytes] = closing.receivedBytes;
  doubles[d + CloseDouble.sentBytes] = closing.sentBytes;
  doubles[d + CloseDouble.droppedEvents] = closing.droppedEvents;
  slab.used += SESSION_SIZE;
  count(slab, 1, important);
}

/** `from`: what it is linked to. Its trace and its span stand where those of an action's link do. */
function writeIdentity(
  words: Int32Array,
  w: number,
  one: Identified,
  from: Identified | undefined,
  table: InternTable,
): void {
  words[w + ActionWord.id] = one.id0;
  words[w + ActionWord.id + 1] = one.id1;
  words[w + ActionWord.id + 2] = one.id2;
  words[w + ActionWord.id + 3] = one.id3;
  const trace = from ?? one;
  words[w + ActionWord.trace] = trace.id0;
  words[w + ActionWord.trace + 1] = trace.id1;
  words[w + ActionWord.trace + 2] = trace.id2;
  words[w + ActionWord.trace + 3] = trace.id3;
  words[w + ActionWord.span] = one.span0;
  words[w + ActionWord.span + 1] = one.span1;
  words[w + ActionWord.parent] = from ? from.span0 : 0;
  words[w + ActionWord.parent + 1] = from ? from.span1 : 0;
  words[w + ActionWord.sampling] = one.sampled | (from ? SamplingBits.linked | (FLAGS << 8) : 0);
  words[w + ActionWord.tracestate] = table.whole(one.tracestate);
}

function count(slab: Slab, spans: number, important: boolean): void {
  slab.spans += spans;
  if (important) slab.important += spans;
}
