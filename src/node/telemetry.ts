/** Owns the way from the telemetry section of a configuration to the options of sampling and propagation. */

import type { TraceForwardingOptions } from '../realm/trace-forwarding.js';
import { Propagation } from '../trace/propagation.js';
import type { SamplingOptions } from '../trace/sampling/sampler.js';
import { Trust, type TrustMode } from '../trace/trust.js';
import type { TelemetryConfig } from './config/schema.js';

/** Modes in which nothing of theirs goes further, whether anybody watches or not. */
const BORDERS: ReadonlySet<TrustMode> = new Set<TrustMode>(['link', 'ignore']);

/** What all workers of a node share; counters are of the node. */
export class Telemetry {
  readonly propagation: Propagation;
  readonly #config: TelemetryConfig;
  readonly #trust: Trust;

  constructor(config: TelemetryConfig) {
    this.#config = config;
    this.#trust = new Trust(config.trust);
    this.propagation = new Propagation({ trust: this.#trust, baggage: config.propagation.baggage });
  }

  /** To whom a realm forwards trace context. */
  forwarding(realm: string): TraceForwardingOptions {
    const { forward, realms, baggage } = this.#config.propagation;
    return {
      forward: realms[realm] ?? forward,
      baggage,
      passesOn: from => !BORDERS.has(this.#trust.of(from)),
    };
  }

  /** What the configuration says of sampling; `now` in milliseconds since the epoch, from which rules live. */
  sampling(now: number): Partial<SamplingOptions> {
    const { ratio, spans_per_second, errors, slow_threshold, late_spans_per_second, rules } = this.#config.sampling;
    return {
      ...(ratio !== undefined && { ratio }),
      ...(spans_per_second !== undefined && { spansPerSecond: spans_per_second }),
      ...(errors !== undefined && { errors }),
      ...(slow_threshold !== undefined && { slowThreshold: slow_threshold }),
      ...(late_spans_per_second !== undefined && { lateSpansPerSecond: late_spans_per_second }),
      ...(rules && {
        rules: rules.map(({ slow_threshold: slowThreshold, ttl, ...rule }) => ({
          ...rule,
          slowThreshold,
          until: ttl === undefined ? undefined : now + ttl * 1000,
        })),
      }),
    };
  }
}
