/** Owns the reading of trace contexts that sessions send: what is malformed is counted, what is not trusted is left. */

import type { SessionRef } from '../tap.js';
import type { Dict } from '../wire/message.js';
import { type ContextFaults, readTraceContext, type TraceContext } from '../wire/trace-context.js';
import { Trust, type TrustMode } from './trust.js';

/** A context that came, and how far it is trusted. */
export interface RemoteContext {
  readonly context: TraceContext;
  readonly trust: Exclude<TrustMode, 'ignore'>;
}

export interface PropagationOptions {
  readonly trust: Trust;
  /** Pass `_baggage` on. */
  readonly baggage: boolean;
}

export class Propagation {
  readonly #options: PropagationOptions;
  /** Contexts, and parts of them, that were ignored because they are malformed. */
  readonly malformed: ContextFaults = { traceparent: 0, tracestate: 0, baggage: 0 };

  constructor(options: PropagationOptions = { trust: new Trust([]), baggage: false }) {
    this.#options = options;
  }

  /** What Options or Details of `session` say; `undefined` when nothing that counts. */
  read(session: SessionRef, options: Dict): RemoteContext | undefined {
    const context = readTraceContext(options, this.#options.baggage, this.malformed);
    if (!context) return undefined;
    const trust = this.#options.trust.of(session);
    return trust === 'ignore' ? undefined : { context, trust };
  }
}
