/** Owns which of an action's spans a message belongs to. */

import type { Frame } from '../tap.js';
import { Code } from '../wire/codes.js';
import type { TracedAction } from './action.js';

/**
 * 0 for the action's own span, else the number of the child from 1. INVOCATION, INTERRUPT and their answers belong to the
 * invocation, EVENT to the fan-out, everything else to the action.
 */
export function messageChild(action: TracedAction, frame: Pick<Frame, 'message' | 'session'>): number {
  const { message } = frame;
  switch (message.code) {
    case Code.EVENT:
      return 1;
    case Code.ERROR:
      if (message.subject !== Code.INVOCATION) return 0;
      break;
    case Code.INVOCATION:
    case Code.INTERRUPT:
    case Code.YIELD:
      break;
    default:
      return 0;
  }
  if (action.invoked <= 1) return action.invoked;
  const invocation = action.invocationAt(frame.session, message.request);
  return invocation ? 1 + action.invocations!.indexOf(invocation) : 0;
}
