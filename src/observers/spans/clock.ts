/** Owns the clock that exporters live by, so that tests may bring one of their own. */

export interface Clock {
  /** Milliseconds that only rise. */
  now(): number;
  /** Calls `run` after `millis`, unless what it returns is called before. */
  later(millis: number, run: () => void): () => void;
}

export const CLOCK: Clock = {
  now: () => performance.now(),
  later(millis, run) {
    // No process has to go on for spans.
    const timer = setTimeout(run, millis).unref();
    return () => clearTimeout(timer);
  },
};
