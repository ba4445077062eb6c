/**
 * Owns the order in which spans are given up when there are too many: those of ordinary actions first, oldest first,
 * then the oldest of the others. Of an action all spans go, or none.
 */

import type { TracedAction } from '../../trace/action.js';
import { isFailure } from '../../trace/failure.js';
import { Reason } from '../../trace/sampling/reason.js';
import type { TracedClosing, TracedOpening } from '../../trace/session.js';

/** An action this long is worth a look whatever came of it. Milliseconds. */
export const SLOW_MS = 500;

/** Failed or slow: what somebody who reads traces after an outage looks for. `nonErrors`: of errors that are answers. */
export function isImportant(action: TracedAction, nonErrors: ReadonlySet<string>): boolean {
  const { outcome, sampled } = action;
  // By a rule of the operator's, for instance.
  if (sampled === Reason.error || sampled === Reason.slow) return true;
  if (action.endedAt - action.startedAt >= SLOW_MS) return true;
  // Who canceled or left asked for it; who was given up for lack of room is no more telling than others.
  return outcome !== 'ok' && outcome !== undefined && isFailure('originator', outcome, action.error, nonErrors);
}

/** Of the beginning or the end of a session. A handshake is not judged by its time: people type their passwords in it. */
export function isImportantSession({ error }: TracedOpening | TracedClosing, nonErrors: ReadonlySet<string>): boolean {
  return error !== '' && !nonErrors.has(error);
}

/** While nobody takes spans, whether those of an action may wait for better times at all. */
export function waitsForCollector(important: boolean): boolean {
  return important;
}
