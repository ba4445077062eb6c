/** Owns the figures of an exporter, in memory that two threads see: one writes, the other reads when it likes. */

import { BREAKER_STATES, type BreakerState } from './pipeline.js';

const FIGURES = ['breaker', 'opened', 'sending', 'inFlight', 'requests', 'millis', 'retries', 'bytes'] as const;
const At = Object.fromEntries(FIGURES.map((figure, i) => [figure, i])) as Record<(typeof FIGURES)[number], number>;
const BREAKER = At.breaker;

export class Figures {
  readonly memory: SharedArrayBuffer;
  readonly #figures: Float64Array;

  constructor(memory = new SharedArrayBuffer(FIGURES.length * Float64Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#figures = new Float64Array(memory);
  }

  /** Asked for every action that ends. */
  get isClosed(): boolean {
    return this.#figures[BREAKER] === 0;
  }

  breaker(state: BreakerState, opened: boolean): void {
    this.#figures[BREAKER] = BREAKER_STATES.indexOf(state);
    if (opened) this.#figures[At.opened]!++;
  }

  /** Spans of requests that are on their way, or wait between two attempts. */
  get sending(): number {
    return this.#figures[At.sending]!;
  }

  took(spans: number): void {
    this.#figures[At.sending]! += spans;
  }

  settled(spans: number): void {
    this.#figures[At.sending]! -= spans;
  }

  began(bytes: number, isRetry: boolean): void {
    this.#figures[At.inFlight]!++;
    this.#figures[At.bytes]! += bytes;
    if (isRetry) this.#figures[At.retries]!++;
  }

  ended(millis: number): void {
    this.#figures[At.inFlight]!--;
    this.#figures[At.requests]!++;
    this.#figures[At.millis]! += millis;
  }

  /** Whoever kept the figures is gone, and its successor knows nothing of the collector yet. */
  startOver(): void {
    this.#figures[BREAKER] = 0;
    this.#figures[At.inFlight] = 0;
    this.#figures[At.sending] = 0;
  }

  read() {
    const figures = this.#figures;
    return {
      breaker: BREAKER_STATES[figures[BREAKER]!]!,
      breakerOpened: figures[At.opened]!,
      sending: figures[At.sending]!,
      inFlight: figures[At.inFlight]!,
      requests: figures[At.requests]!,
      requestSeconds: figures[At.millis]! / 1000,
      retries: figures[At.retries]!,
      bytesSent: figures[At.bytes]!,
    };
  }
}
