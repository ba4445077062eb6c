/** Owns a map from WAMP ids to what is open under them, for entries that come and go with every call. */

/**
 * Open addressing with linear probing and deletion by shifting back. A `Map` whose entries churn is rehashed again and
 * again, and each discarded table points to its successor: once one of them is old, the garbage collector promotes them
 * all, with every call that was open in them.
 */
export class IdMap<T> {
  #keys: number[] = NONE;
  #values: (T | undefined)[] = NOTHING;
  /** Right shift of a 32-bit hash that leaves an index. */
  #shift = 32;
  /** Where the id was found that was asked for last: who asks for it mostly asks again, and then removes it. */
  #found = 0;
  /** Values that do not lie where they belong, because somebody else does. */
  #displaced = 0;
  readonly #factor: number;
  size = 0;

  /**
   * `secret` is a random word: who does not know it cannot choose ids that collide. Without one, for ids that come in
   * sequence, neighbours lie side by side, and the processor's cache has most of them already.
   */
  constructor(secret?: number) {
    this.#factor = secret === undefined ? 0 : secret | 1;
  }

  get(id: number): T | undefined {
    if (this.size === 0) return undefined;
    const index = this.#find(id);
    return index < 0 ? undefined : this.#values[index];
  }

  has(id: number): boolean {
    return this.size > 0 && this.#find(id) >= 0;
  }

  set(id: number, value: T): void {
    if (this.size * 2 >= this.#keys.length) this.#resize(Math.max(LEAST, this.#keys.length * 2));
    const mask = this.#keys.length - 1;
    const home = this.#home(id, mask);
    let index = home;
    while (this.#values[index] !== undefined && this.#keys[index] !== id) index = (index + 1) & mask;
    if (this.#values[index] === undefined) {
      this.size++;
      if (index !== home) this.#displaced++;
    }
    this.#keys[index] = id;
    this.#values[index] = value;
  }

  delete(id: number): void {
    const found = this.size === 0 ? -1 : this.#find(id);
    if (found < 0) return;
    this.#values[found] = undefined;
    this.size--;
    // Ids in sequence lie side by side, and none has to move up.
    if (this.#displaced > 0) this.#close(found, id);
    // A burst must not cost its memory for ever.
    if (this.size === 0 && this.#keys.length > KEPT) this.#clear();
  }

  /** Moves up what lies behind the hole that `id` has left and must not be cut off by it. */
  #close(from: number, id: number): void {
    const keys = this.#keys;
    const values = this.#values;
    const mask = keys.length - 1;
    let hole = from;
    if (this.#home(id, mask) !== from) this.#displaced--;
    for (let index = (hole + 1) & mask; values[index] !== undefined; index = (index + 1) & mask) {
      const home = this.#home(keys[index]!, mask);
      if (((index - home) & mask) < ((index - hole) & mask)) continue;
      keys[hole] = keys[index]!;
      values[hole] = values[index];
      values[index] = undefined;
      if (hole === home) this.#displaced--;
      hole = index;
    }
  }

  /** All values, by rising id. */
  values(): T[] {
    const ids = this.#keys.filter((_, index) => this.#values[index] !== undefined).sort((a, b) => a - b);
    return ids.map(id => this.get(id)!);
  }

  /** The index of `id`, or -1. The table is never full. */
  #find(id: number): number {
    const keys = this.#keys;
    const values = this.#values;
    if (keys[this.#found] === id && values[this.#found] !== undefined) return this.#found;
    const mask = keys.length - 1;
    let index = this.#home(id, mask);
    while (values[index] !== undefined) {
      if (keys[index] === id) {
        this.#found = index;
        return index;
      }
      index = (index + 1) & mask;
    }
    return -1;
  }

  #resize(capacity: number): void {
    const keys = this.#keys;
    const values = this.#values;
    this.#keys = new Array<number>(capacity).fill(0);
    this.#values = new Array<T | undefined>(capacity).fill(undefined);
    this.#found = 0;
    this.#shift = Math.clz32(capacity) + 1;
    this.size = 0;
    this.#displaced = 0;
    for (const [index, value] of values.entries()) if (value !== undefined) this.set(keys[index]!, value);
  }

  /** Where `id` lies unless somebody else does. */
  #home(id: number, mask: number): number {
    if (this.#factor === 0) return id & mask;
    // Above 31 bits dividing tells ids apart that are the same below; dividing takes longer than all else here.
    return Math.imul(id <= 0x7fff_ffff ? id : id ^ (id / 2 ** 32), this.#factor) >>> this.#shift;
  }

  #clear(): void {
    this.#keys = NONE;
    this.#values = NOTHING;
    this.#shift = 32;
    this.#found = 0;
  }
}

const NONE: number[] = [];
const NOTHING: undefined[] = [];
const LEAST = 8;
const KEPT = 1024;
