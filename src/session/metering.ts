/** Owns what is measured only for metrics: times, sizes and errors, in plain numbers. Without it none of this is counted. */

import { ErrorUri } from '../wire/errors.js';
import { Buckets, Histogram } from './histogram.js';
import { type Turn, Turns } from './turn.js';

/** Upper bounds of buckets: microseconds, octets, events; of sessions milliseconds. */
export interface Bounds {
  readonly calls: readonly number[];
  readonly router: readonly number[];
  readonly auth: readonly number[];
  readonly sessions: readonly number[];
  readonly sizes: readonly number[];
  readonly fanout: readonly number[];
}

export interface MeteringOptions {
  readonly bounds: Bounds;
  /** Procedures that get numbers of their own; the others share one. */
  readonly procedures: number;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** Runs `end` once, after what this turn of the event loop sends has been sent. */
  readonly schedule: (end: () => void) => void;
}

/** OpenTelemetry's word for a value outside a bounded set. */
export const OTHER = '_OTHER';

const MAX_ERROR_TYPES = 200;
const KNOWN: ReadonlySet<string> = new Set([...Object.values(ErrorUri), 'callee_disconnected', '']);

const LONGEST_LABEL = 255;

/** Whether a peer's text may be a label: not too long, and the same again when it was written as UTF-8 and read. */
export function isLabel(text: string): boolean {
  return text.length <= LONGEST_LABEL && text !== OTHER && !LONE_SURROGATE.test(text);
}

const LONE_SURROGATE = /\p{Surrogate}/u;

/** Labels that can overflow. */
export type Bounded = 'rpc_method' | 'rpc_status_code' | 'error_type';

/** What is measured of one router. */
export class Metering {
  readonly turns: Turns;
  readonly calls: Buckets;
  readonly router: Buckets;
  readonly sessions: Buckets;
  readonly fanout: Buckets;
  readonly sizes: SizeCounts;
  /** Logins by method and whether they succeeded: `ticket ok`. */
  readonly logins = new Map<string, Login>();
  readonly overflow: { [label in Bounded]: number } = { rpc_method: 0, rpc_status_code: 0, error_type: 0 };
  readonly #auth: Buckets;
  readonly #errorTypes = new Set<string>();
  readonly #procedures: number;
  #methods = 0;
  #failures = 0;

  constructor({ bounds, procedures, now, schedule }: MeteringOptions) {
    this.turns = new Turns(now, schedule);
    this.calls = new Buckets(bounds.calls);
    this.router = new Buckets(bounds.router);
    this.sessions = new Buckets(bounds.sessions);
    this.sizes = new SizeCounts(new Buckets(bounds.sizes));
    this.fanout = new Buckets(bounds.fanout);
    this.#auth = new Buckets(bounds.auth);
    this.#procedures = procedures;
  }

  /** A login that began with `hello` has ended. Methods are those of the configuration, so there are few. */
  login(method: string, accepted: boolean, hello: Turn): void {
    const outcome = accepted ? 'ok' : 'fail';
    const key = `${method} ${outcome}`;
    let login = this.logins.get(key);
    if (!login) {
      login = { method, outcome, duration: new Histogram(this.#auth) };
      this.logins.set(key, login);
    }
    login.duration.add((this.turns.now() - hello.at) * 1000);
  }

  /** Whether one more procedure may have numbers of its own; takes its place if so. */
  takeMethod(): boolean {
    if (this.#methods < this.#procedures) {
      this.#methods++;
      return true;
    }
    this.overflow.rpc_method++;
    return false;
  }

  /** Whether one more way to fail may have numbers of its own; takes its place if so. */
  takeFailure(): boolean {
    if (this.#failures < 2 * this.#procedures) {
      this.#failures++;
      return true;
    }
    this.overflow.rpc_status_code++;
    return false;
  }

  /** The URIs of WAMP and the first of applications as they are, the others as `_OTHER`. */
  errorType(uri: string): string {
    if (KNOWN.has(uri) || this.#errorTypes.has(uri)) return uri;
    if (this.#errorTypes.size === MAX_ERROR_TYPES || !isLabel(uri)) {
      this.overflow.error_type++;
      return OTHER;
    }
    this.#errorTypes.add(uri);
    return uri;
  }
}

export interface Login {
  readonly method: string;
  readonly outcome: 'ok' | 'fail';
  /** Microseconds. */
  readonly duration: Histogram;
}

/** Sizes of messages by type code: what is received and what is sent are different types. */
export class SizeCounts {
  readonly buckets: Buckets;
  /** One row of buckets for each code. */
  readonly counts: Float64Array;
  readonly sums = new Float64Array(128);
  readonly #width: number;

  constructor(buckets: Buckets) {
    this.buckets = buckets;
    this.#width = buckets.bounds.length + 1;
    this.counts = new Float64Array(128 * this.#width);
  }

  add(code: number, octets: number): void {
    this.counts[code * this.#width + this.buckets.index(octets)]!++;
    this.sums[code]! += octets;
  }

  /** Counts of a code's buckets, the infinite one last. */
  of(code: number): Float64Array {
    return this.counts.subarray(code * this.#width, (code + 1) * this.#width);
  }
}
