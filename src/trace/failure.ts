/** Owns the judgement of endings: which one it is, and what counts as a failure. */

import { ErrorUri } from '../wire/errors.js';
import type { TracedAction } from './action.js';
import type { Outcome } from './outcome.js';

/**
 * Error URIs that are answers, not failures. A caller that cancels gets what it asked for (as in the gRPC
 * conventions, which leave CANCELLED unset on the server).
 */
export const NON_ERROR_URIS: readonly string[] = [ErrorUri.canceled];

/** Towards whom a hop goes: a callee that says no has failed, whatever its caller makes of it. */
export type Side = 'originator' | 'callee';

/**
 * ERROR is the only way in which WAMP says no, so every ERROR is a failure unless the operator says otherwise.
 * A caller that left, or an action that was given up, says nothing of success.
 */
export function isFailure(side: Side, outcome: Outcome, error: string, nonErrors: ReadonlySet<string>): boolean {
  switch (outcome) {
    case 'error':
      return side === 'callee' || !nonErrors.has(error);
    case 'timeout':
      return side === 'callee' || !nonErrors.has(ErrorUri.timeout);
    case 'callee_gone':
      return true;
    case 'canceled':
      return side === 'callee' && error !== '';
    default:
      return false;
  }
}

/**
 * How a call ends to whose caller an ERROR is sent. The same URI can come from the callee, whose ERROR is then being
 * handled, or be the router's own verdict.
 */
export function failureOf(action: TracedAction, uri: string): Outcome {
  const { invocation } = action;
  const answered = invocation !== undefined && invocation.outcome !== undefined;
  if (action.cancelMode !== '' && uri === ErrorUri.canceled) return 'canceled';
  if (answered || !invocation) return 'error';
  if (uri === ErrorUri.timeout) return 'timeout';
  return uri === ErrorUri.canceled ? 'callee_gone' : 'error';
}

/** How an action ends whose originator has gone: one that broke the protocol did not just go. */
export function gone(action: TracedAction): Outcome {
  return action.error === '' ? 'caller_gone' : 'error';
}
