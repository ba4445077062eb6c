/**
 * Owns the promise that the writing thread is not ended inside a transaction: LMDB's binding would wait for
 * its own lock then, and the process could never exit.
 */

const BUSY = 0;
const SHUT = 1;

export class Gate {
  readonly shared: SharedArrayBuffer;
  readonly #words: Int32Array;

  /** Without `shared` a new one; with it the other thread's side. */
  constructor(shared = new SharedArrayBuffer(8)) {
    this.shared = shared;
    this.#words = new Int32Array(shared);
  }

  /** Runs a transaction; never returns once the gate is shut. */
  within<T>(run: () => T): T {
    this.#enter();
    try {
      return run();
    } finally {
      this.#leave();
    }
  }

  get isBusy(): boolean {
    return Atomics.load(this.#words, BUSY) === 1;
  }

  /** No transaction begins from now on. */
  shut(): void {
    Atomics.store(this.#words, SHUT, 1);
  }

  /** Shuts the gate and blocks until the thread is outside, at most `limit` ms. */
  shutAndWait(limit: number): boolean {
    this.shut();
    const end = performance.now() + limit;
    while (this.isBusy) {
      const rest = end - performance.now();
      if (rest <= 0) return false;
      Atomics.wait(this.#words, BUSY, 1, rest);
    }
    return true;
  }

  #enter(): void {
    Atomics.store(this.#words, BUSY, 1);
    while (Atomics.load(this.#words, SHUT) === 1) {
      this.#leave();
      // Until the thread is ended.
      Atomics.wait(this.#words, SHUT, 1);
    }
  }

  #leave(): void {
    Atomics.store(this.#words, BUSY, 0);
    Atomics.notify(this.#words, BUSY);
  }
}
