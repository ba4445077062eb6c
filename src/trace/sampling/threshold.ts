/** Owns sampling by a ratio that all tracers agree on: the 56 random bits of a trace id against a threshold. */

/** Hexadecimal digits of a threshold, which are 56 bits. */
const DIGITS = 14;
/** Digits after leading f's: the ratio is exact to one part in 2^13 or better, and tracestate stays short. */
const PRECISION = 4;
const LOW = 2 ** 32;

/**
 * OpenTelemetry specification, "TraceState: Probability Sampling": keep if R >= T, where R is the last 56 bits of the
 * trace id (W3C Trace Context level 2, "Random Trace ID Flag") and T = (1 - ratio) * 2^56, rounded. 56 bits are more
 * than a double counts exactly, so they are compared in two words.
 */
export class Threshold {
  readonly ratio: number;
  /** T without trailing zeros, as `th` of tracestate has it; '' when nothing is ever kept. */
  readonly text: string;
  readonly #high: number;
  readonly #low: number;
  readonly #isNever: boolean;

  /** `ratio` of 0 to 1. */
  constructor(ratio: number) {
    this.ratio = ratio;
    const t = thresholdOf(ratio);
    this.#isNever = t >= 1n << 56n;
    this.text = this.#isNever ? '' : t.toString(16).padStart(DIGITS, '0').replace(/0+$/, '') || '0';
    this.#high = Number(t >> 32n);
    this.#low = Number(t & 0xffff_ffffn);
  }

  /** Everything is kept, which is not worth saying in tracestate. */
  get isAlways(): boolean {
    return this.text === '0';
  }

  /** `word2` and `word3`: the second half of a trace id. */
  keeps(word2: number, word3: number): boolean {
    if (this.#isNever) return false;
    const high = word2 & 0xff_ffff;
    if (high !== this.#high) return high > this.#high;
    return word3 >>> 0 >= this.#low;
  }

  /** The `ot` member of tracestate. `randomness` is R where it is not that of the trace id. */
  member(randomness = ''): string {
    return randomness === '' ? `ot=th:${this.text}` : `ot=th:${this.text};rv:${randomness}`;
  }
}

/** R as `rv` of tracestate has it, 14 hexadecimal digits. */
export function randomnessText(word2: number, word3: number): string {
  return ((BigInt(word2 & 0xff_ffff) << 32n) | BigInt(word3 >>> 0)).toString(16).padStart(DIGITS, '0');
}

function thresholdOf(ratio: number): bigint {
  if (ratio <= 0) return 1n << 56n;
  if (ratio >= 1) return 0n;
  // What is rejected is 1 - ratio; its leading f's are as many as the ratio has leading zeros in base 16.
  const leading = Math.max(0, Math.floor(-Math.log2(ratio) / 4));
  const kept = Math.min(DIGITS, leading + PRECISION);
  const unit = 16 ** (DIGITS - kept);
  // The ratio times 2^56 is exact, the difference is taken where it is too.
  const part = BigInt(Math.round((ratio * LOW * 2 ** 24) / unit)) * BigInt(unit);
  const least = BigInt(unit);
  return (1n << 56n) - (part > 0n ? part : least);
}
