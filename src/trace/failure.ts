/** Owns the judgement of endings: what counts as a failure. Sampling, importance and the status of spans ask here. */

import { ErrorUri } from '../wire/errors.js';
import type { Outcome } from './action.js';

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
