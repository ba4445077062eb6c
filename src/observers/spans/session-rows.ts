/** Owns the rows of sessions: how their beginnings and ends become numbers. Of the same shape as those of actions. */

import type { TracedClosing, TracedOpening } from '../../trace/session.js';
import {
  ACTION_SIZE,
  ActionDouble,
  ActionWord,
  CHILD_SIZE,
  ChildDouble,
  ChildWord,
  CLOSE_ROW,
  CloseDouble,
  CloseWord,
  IMPORTANT,
  OPEN_ROW,
  OpenWord,
  OUTCOME_NUMBER,
} from './row-layout.js';
import type { Slab } from './rows.js';
import { FLAG_RANDOM, FLAG_SAMPLED } from './span-data.js';

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
  writeIds(words, w, opening);
  words[w + ActionWord.parent] = 0;
  words[w + ActionWord.parent + 1] = 0;
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
  words[w + ActionWord.error] = table.string(errorOfClosing(closing));
  writeIds(words, w, closing);
  words[w + CloseWord.linkTrace] = opening ? opening.id0 : 0;
  words[w + CloseWord.linkTrace + 1] = opening ? opening.id1 : 0;
  words[w + CloseWord.linkTrace + 2] = opening ? opening.id2 : 0;
  words[w + CloseWord.linkTrace + 3] = opening ? opening.id3 : 0;
  words[w + CloseWord.linkSpan] = opening ? opening.span0 : 0;
  words[w + CloseWord.linkSpan + 1] = opening ? opening.span1 : 0;
  doubles[d + CloseDouble.lifetime] = opening ? closing.endedAt - opening.endedAt : 0;
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

/**
 * Why its end is a failure, '' when it is none: the URI of an ABORT of the router's, or `disconnected` when the router
 * had to end it without a word. Who goes, even without GOODBYE, has not failed: networks end, and pages are closed.
 */
export function errorOfClosing({ opening, reason }: TracedClosing): string {
  if (opening?.abort) return opening.abort;
  if (reason.startsWith(ERRORS)) return reason;
  return reason.includes(' ') ? DISCONNECTED : '';
}

const ERRORS = 'wamp.error.';
/** Stands for sentences: there are many, and `error.type` is for few. */
export const DISCONNECTED = 'disconnected';

type Ids = Pick<TracedOpening, 'id0' | 'id1' | 'id2' | 'id3' | 'span0' | 'span1'>;

function writeIds(words: Int32Array, w: number, ids: Ids): void {
  words[w + ActionWord.id] = ids.id0;
  words[w + ActionWord.id + 1] = ids.id1;
  words[w + ActionWord.id + 2] = ids.id2;
  words[w + ActionWord.id + 3] = ids.id3;
  words[w + ActionWord.trace] = ids.id0;
  words[w + ActionWord.trace + 1] = ids.id1;
  words[w + ActionWord.trace + 2] = ids.id2;
  words[w + ActionWord.trace + 3] = ids.id3;
  words[w + ActionWord.span] = ids.span0;
  words[w + ActionWord.span + 1] = ids.span1;
}

function count(slab: Slab, spans: number, important: boolean): void {
  slab.spans += spans;
  if (important) slab.important += spans;
}
