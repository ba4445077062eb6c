/** Owns which messages tell their receiver of the trace that they belong to, and what they tell when nobody watches. */

import type { Cause, Hop, SessionRef } from '../tap.js';
import { type Dict, EMPTY_DICT } from '../wire/message.js';
import { readTraceContext } from '../wire/trace-context.js';

/** To whom trace context goes: to sessions that announced it, to all, or to none. */
export type Forward = 'announced' | 'always' | 'never';

export interface TraceForwardingOptions {
  readonly forward: Forward;
  /** Pass `_baggage` on. */
  readonly baggage: boolean;
  /** Whose contexts are passed on when nobody watches; who watches decides by itself. */
  readonly passesOn: (from: SessionRef) => boolean;
}

const DEFAULTS: TraceForwardingOptions = { forward: 'announced', baggage: false, passesOn: () => true };

export class TraceForwarding {
  readonly forward: Forward;
  readonly #options: TraceForwardingOptions;
  /** Malformed contexts are counted where somebody watches. */
  readonly #faults = { traceparent: 0, tracestate: 0, baggage: 0 };

  constructor(options: TraceForwardingOptions = DEFAULTS) {
    this.#options = options;
    this.forward = options.forward;
  }

  /** What a message that `options` of `from` bring about tells; only to be asked for receivers that want it. */
  details(cause: Cause | undefined, hop: Hop, from: SessionRef, options: Dict): Dict | undefined {
    if (cause) return cause.details(hop);
    return this.#passedOn(from, options);
  }

  /** What a RESULT tells: the router's own span, or what the callee said of its. */
  ofAnswer(cause: Cause | undefined, from: SessionRef, options: Dict): Dict | undefined {
    return cause?.details('result') ?? this.#passedOn(from, options);
  }

  #passedOn(from: SessionRef, options: Dict): Dict | undefined {
    if (options === EMPTY_DICT || !this.#options.passesOn(from)) return undefined;
    return readTraceContext(options, this.#options.baggage, this.#faults)?.details;
  }
}
