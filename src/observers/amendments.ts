/** Owns what becomes known of records after they were handed over to a store: few, and rarely. */

/** What is to be changed in the record of one frame. */
export interface Amendment {
  /** `Frame.seq`, which names the record for good: it may have left the memory long ago. */
  readonly frame: number;
  /** It is the last message of its action after all. */
  readonly last?: true;
  /** The URI of its action. */
  readonly uri?: string;
  /** It is the first of an action whose spans are kept after all. */
  readonly kept?: true;
}

/**
 * Collects the amendments of one trace. An action that ends without a message (its caller has gone, it was given up)
 * ends with a record that may have been handed over before.
 */
export class Amendments {
  /** Frame of the newest record that was handed over: what is newer is still changed in memory. */
  upTo = Number.NEGATIVE_INFINITY;
  #list: Amendment[] = [];

  last(frame: number): void {
    if (frame <= this.upTo) this.#list.push({ frame, last: true });
  }

  kept(anchor: number): void {
    if (anchor <= this.upTo) this.#list.push({ frame: anchor, kept: true });
  }

  uri(frame: number, uri: string): void {
    if (frame <= this.upTo) this.#list.push({ frame, uri });
  }

  /** Those since the last time. */
  take(): readonly Amendment[] {
    const list = this.#list;
    if (list.length > 0) this.#list = [];
    return list;
  }
}
