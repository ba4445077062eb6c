/** Owns the asking of Jaeger through its query API, and what the drawing needs of its answer. */

import { setTimeout as sleep } from 'node:timers/promises';

/** As `GET /api/traces` has it. */
export interface JaegerSpan {
  readonly traceID: string;
  readonly spanID: string;
  readonly operationName: string;
  readonly references: readonly { readonly refType: string; readonly traceID: string; readonly spanID: string }[];
  /** Microseconds since the epoch. */
  readonly startTime: number;
  /** Microseconds. */
  readonly duration: number;
  readonly tags: readonly { readonly key: string; readonly value: unknown }[];
}

export interface JaegerTrace {
  readonly traceID: string;
  readonly spans: readonly JaegerSpan[];
}

export interface Question {
  readonly operation: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** How many spans the trace must have to be complete. */
  readonly spans: number;
}

const PATIENCE_MS = 30_000;

export class Jaeger {
  readonly #url: string;
  readonly #service: string;

  constructor(url: string, service: string) {
    this.#url = url;
    this.#service = service;
  }

  /** The newest complete trace with such a span; waits until there is one. */
  async find({ operation, tags = {}, spans }: Question): Promise<JaegerTrace> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const traces = await this.#ask(operation, tags);
      const found = traces
        .filter(trace => trace.spans.length === spans)
        .sort((a, b) => b.spans[0]!.startTime - a.spans[0]!.startTime);
      if (found[0]) return found[0];
      if (Date.now() > deadline) {
        const sizes = traces.map(trace => trace.spans.length).join(', ');
        throw new Error(`Jaeger has no trace of ${spans} spans with "${operation}", but ${sizes || 'none at all'}`);
      }
      await sleep(250);
    }
  }

  async #ask(operation: string, tags: Readonly<Record<string, string>>): Promise<readonly JaegerTrace[]> {
    const query = new URLSearchParams({
      service: this.#service,
      operation,
      tags: JSON.stringify(tags),
      limit: '500',
      lookback: '1h',
    });
    const response = await fetch(`${this.#url}/api/traces?${query}`, { signal: AbortSignal.timeout(PATIENCE_MS) });
    // Jaeger does not know a service before its first span.
    if (response.status === 404) return [];
    if (!response.ok) throw new Error(`Jaeger at ${this.#url} answers ${response.status}: ${await response.text()}`);
    return ((await response.json()) as { data: JaegerTrace[] | null }).data ?? [];
  }
}
