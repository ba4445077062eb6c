/** Owns which of an action's spans a message belongs to. */

import type { Frame } from '../tap.js';
import { Code } from '../wire/codes.js';
import type { TracedAction } from './action.js';

/**
 * Second word of the span's id; the first is that of the action's own span. INVOCATION, INTERRUPT and their answers
 * belong to the span of the invocation, EVENT to that of the fan-out, everything else to the action's own.
 */
export function messageSpan(action: TracedAction, { message, session }: Pick<Frame, 'message' | 'session'>): number {
  switch (message.code) {
    case Code.EVENT:
      return action.fanOut ? action.fanOut.span1 : action.span1;
    case Code.ERROR:
      if (message.subject !== Code.INVOCATION) return action.span1;
      break;
    case Code.INVOCATION:
    case Code.INTERRUPT:
    case Code.YIELD:
      break;
    default:
      return action.span1;
  }
  const invocation = action.invocationAt(session, message.request);
  return invocation ? invocation.span1 : action.span1;
}
