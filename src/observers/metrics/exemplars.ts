/** Owns the exemplars of the call durations: for each bucket the newest call whose trace was kept. */

/** Series that may have exemplars; the one that got its last longest ago gives way. */
const MAX_SERIES = 1000;

export interface Exemplar {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  readonly seconds: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** A series of `rpc_server_call_duration_seconds`, by the values of its labels. */
export interface CallSeries {
  readonly realm: string;
  /** The URI of the registration. */
  readonly method: string;
  /** `OK` or the URI of the error. */
  readonly status: string;
}

export class Exemplars {
  readonly #bounds: readonly number[];
  readonly #series = new Map<string, (Exemplar | undefined)[]>();

  /** `bounds` in seconds. */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
  }

  /** Remembers a call whose trace can be looked up. A series that is not exposed (such as one in `_OTHER`) is forgotten. */
  keep(series: CallSeries, exemplar: Exemplar): void {
    const key = keyOf(series);
    const slots = this.#series.get(key) ?? [];
    this.#series.delete(key);
    this.#series.set(key, slots);
    const bucket = this.#bounds.findIndex(bound => exemplar.seconds <= bound);
    slots[bucket < 0 ? this.#bounds.length : bucket] = exemplar;
    if (this.#series.size > MAX_SERIES) this.#series.delete(this.#series.keys().next().value!);
  }

  /** By bucket, the infinite one last; those without one are `undefined`. */
  of(series: CallSeries): readonly (Exemplar | undefined)[] | undefined {
    return this.#series.get(keyOf(series));
  }
}

function keyOf({ realm, method, status }: CallSeries): string {
  return `${realm} ${method} ${status}`;
}
