/** Owns who watches one router: with nobody watching, the router builds no frame and reads no clock. */

import type { Router } from '../router.js';
import { Correlator } from '../trace/correlator.js';
import type { Observer } from '../trace/observer.js';

const TICK = 10_000;

export class Observatory {
  readonly correlator: Correlator;
  readonly #router: Router;
  #ticker: NodeJS.Timeout | undefined;

  constructor(router: Router, maxOpen: number) {
    this.#router = router;
    this.correlator = new Correlator({
      random: router.ids,
      maxOpen,
      onFault: (what, error) => router.fault(what, error),
    });
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
