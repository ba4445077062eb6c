/** Owns a limit by the second: tokens come in evenly, and a second's worth may be used at once. */

export class Bucket {
  readonly #rate: number;
  #tokens: number;
  #filledAt = 0;

  /** `rate`: tokens a second; 0 is no limit. */
  constructor(rate: number) {
    this.#rate = rate;
    this.#tokens = rate;
  }

  /**
   * Takes `count` tokens at `now` in milliseconds. Gives as long as there is any, and lets the next ones wait for what
   * was taken too much: so a large action is never starved, and the rate holds all the same.
   */
  take(count: number, now: number): boolean {
    if (this.#rate === 0) return true;
    const passed = now - this.#filledAt;
    if (passed > 0) {
      this.#tokens = Math.min(this.#rate, this.#tokens + (passed * this.#rate) / 1000);
      this.#filledAt = now;
    }
    if (this.#tokens < 1) return false;
    this.#tokens -= count;
    return true;
  }
}
