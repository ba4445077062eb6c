/** Owns who watches one router: with nobody watching, the router builds no frame and reads no clock. */

import type { Router } from '../router.js';
import { Correlator } from '../trace/correlator.js';
import type { Observer } from '../trace/observer.js';
import type { Propagation } from '../trace/propagation.js';
import { KEEP_NONE } from '../trace/sampling/action-sampler.js';
import type { Sampler } from '../trace/sampling/sampler.js';

const TICK = 10_000;

export class Observatory {
  readonly correlator: Correlator;
  /** `undefined` while no spans are exported. */
  sampler: Sampler | undefined;
  readonly #router: Router;
  #ticker: NodeJS.Timeout | undefined;

  constructor(router: Router, maxOpen: number, propagation: Propagation) {
    this.#router = router;
    this.correlator = new Correlator({
      random: router.ids,
      maxOpen,
      propagation,
      sampler: KEEP_NONE,
      onFault: (what, error) => router.fault(what, error),
    });
  }

  /** Watches for spans of the actions that `sampler` keeps. */
  export(spans: Observer, sampler: Sampler): void {
    this.sampler = sampler;
    this.correlator.sampler = sampler;
    this.watch(spans);
  }

  watch(observer: Observer): void {
    this.correlator.add(observer);
    this.#router.tap = this.correlator;
    this.#ticker ??= setInterval(() => this.correlator.tick(this.#router.clock()), TICK).unref();
  }

  unwatch(observer: Observer): void {
    this.correlator.remove(observer);
    if (this.correlator.observers > 0) return;
    this.#router.tap = undefined;
    this.correlator.reset();
    clearInterval(this.#ticker);
    this.#ticker = undefined;
  }
}
