/** Owns why the spans of an action are kept. */

/** Numbers, because rows carry them and every action has one. */
export const enum Reason {
  /** They are not; an action that has not ended may still become an error or slow. */
  none = 0,
  /** There is no sampler. */
  unasked = 1,
  /** A native trace with `otel: true` has chosen it. */
  nativeTrace = 2,
  /** A trusted peer has. */
  remote = 3,
  rule = 4,
  ratio = 5,
  /** Of its end: it failed, or was slow. */
  error = 6,
  slow = 7,
}

/** As the attribute `wamp.sampling.reason` and counters have them, by number; '' for those that are not told. */
export const REASON_NAMES = ['', '', 'native_trace', 'remote', 'rule', 'ratio', 'error', 'slow'] as const;
