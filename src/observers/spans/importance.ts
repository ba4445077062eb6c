/**
 * Owns the order in which spans are given up when there are too many: those of ordinary actions first, oldest first,
 * then the oldest of the others. Of an action all spans go, or none.
 */

import type { TracedAction } from '../../trace/action.js';

/** An action this long is worth a look whatever came of it. Milliseconds. */
export const SLOW_MS = 500;

/** Failed or slow: what somebody who reads traces after an outage looks for. */
export function isImportant(action: TracedAction): boolean {
  const { outcome } = action;
  if (outcome === 'ok') return action.endedAt - action.startedAt >= SLOW_MS;
  // Who canceled or left asked for it; who was given up for lack of room is no more telling than others.
  if (outcome === 'error' || outcome === 'timeout' || outcome === 'callee_gone') return true;
  return action.endedAt - action.startedAt >= SLOW_MS;
}

/** While nobody takes spans, whether those of an action may wait for better times at all. */
export function waitsForCollector(important: boolean): boolean {
  return important;
}
