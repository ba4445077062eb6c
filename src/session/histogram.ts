/** Owns histograms as plain numbers: a value finds its bucket without a search, a reader takes the counts as they are. */

/** Cells of the table: 8 for each power of two up to 2^31. */
const CELLS = 256;
const LARGEST = 0x7fffffff;

/** Upper bounds, shared by all histograms of one metric. Values and bounds are whole ticks: microseconds, octets, events. */
export class Buckets {
  /** Without the last, which is infinite. */
  readonly bounds: readonly number[];
  readonly #limits: Float64Array;
  /** For each cell the bucket of its smallest value: with bounds further apart than cells, the next step is the last. */
  readonly #first = new Uint8Array(CELLS);

  /** @throws TypeError for bounds that are no rising whole numbers. */
  constructor(bounds: readonly number[]) {
    const rising = bounds.every((bound, i) => Number.isSafeInteger(bound) && bound > (bounds[i - 1] ?? -1));
    if (!rising || bounds.length > 255) {
      throw new TypeError(`Expected at most 255 rising whole numbers as bounds, got ${bounds.join(', ')}`);
    }
    this.bounds = bounds;
    this.#limits = Float64Array.from([...bounds, Number.POSITIVE_INFINITY]);
    for (let cell = 0; cell < CELLS; cell++) {
      const smallest = cell < 8 ? cell : (8 + (cell & 7)) * 2 ** ((cell >>> 3) - 3);
      this.#first[cell] = this.#limits.findIndex(limit => smallest <= limit);
    }
  }

  /** The bucket of `value`, which is not negative; a fraction counts as the next whole tick. */
  index(value: number): number {
    const ticks = value < LARGEST ? Math.ceil(value) : LARGEST;
    const power = 31 - Math.clz32(ticks);
    const cell = ticks < 8 ? ticks : (power << 3) | ((ticks >>> (power - 3)) & 7);
    let bucket = this.#first[cell]!;
    while (ticks > this.#limits[bucket]!) bucket++;
    // Beyond 2^31 the table ends, and the bounds may not.
    if (ticks === LARGEST) while (value > this.#limits[bucket]!) bucket++;
    return bucket;
  }
}

export class Histogram {
  readonly buckets: Buckets;
  /** Values of each bucket alone, the infinite one last. */
  readonly counts: Float64Array;
  sum = 0;

  constructor(buckets: Buckets) {
    this.buckets = buckets;
    this.counts = new Float64Array(buckets.bounds.length + 1);
  }

  /** Counts `value` `times` times. A clock that went back makes it negative: 0 then. */
  add(value: number, times = 1): void {
    const ticks = Math.max(value, 0);
    this.counts[this.buckets.index(ticks)]! += times;
    this.sum += ticks * times;
  }
}
