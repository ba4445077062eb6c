/** Owns what an action keeps of the options of its request; what has a wrong type is the router's to refuse. */

import type { Dict } from '../wire/message.js';
import type { TracedAction } from './action.js';

/** The longest that the router serves, as its timers do. */
const MAX_TIMEOUT = 0x7fffffff;
const MAX_WORD = 32;

export function readOptions(action: TracedAction, options: Dict): void {
  action.marked = true;
  switch (action.kind) {
    case 'publish':
      action.acknowledge = options.acknowledge === true;
      break;
    case 'call':
      action.progressive = options.receive_progress === true;
      action.timeout = millisecondsOf(options.timeout);
      break;
    case 'register':
      action.policy = textOf(options.invoke);
      action.match = textOf(options.match);
      break;
    case 'subscribe':
      action.match = textOf(options.match);
      break;
  }
}

/** A word of the protocol; what is longer than any is none, and is not worth its memory. */
export function textOf(value: unknown): string {
  return typeof value === 'string' && value.length <= MAX_WORD ? value : '';
}

function millisecondsOf(value: unknown): number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= MAX_TIMEOUT ? value : 0;
}
