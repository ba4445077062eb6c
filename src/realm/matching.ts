/** Owns pattern matching: which subscriptions a topic reaches, which registration serves a procedure. */

/** How a subscription's or registration's URI is compared (WAMP advanced, "Pattern-based …"). */
export type Match = 'exact' | 'prefix';

export const MATCHES: readonly Match[] = ['exact', 'prefix'];

const CACHED_URIS = 4096;
/** A longer URI is looked up each time: what peers send must not fill the memory. */
const LONGEST_CACHED = 255;

/** Things kept by URI and match. A prefix is one of characters, not of components, as the specification's examples show. */
export class PatternMap<T> {
  readonly #exact = new Map<string, T>();
  readonly #prefix = new Map<string, T>();
  /** How many prefixes have each length. */
  readonly #counts = new Map<number, number>();
  /** The distinct lengths of all prefixes, longest first: one lookup per length finds every match. */
  #lengths: number[] = [];
  readonly #cache = new Map<string, readonly T[]>();

  get(uri: string, match: Match): T | undefined {
    return (match === 'exact' ? this.#exact : this.#prefix).get(uri);
  }

  /** Adds what `get` does not find yet. */
  set(uri: string, match: Match, value: T): void {
    if (match === 'exact') {
      this.#exact.set(uri, value);
      this.#cache.delete(uri);
      return;
    }
    this.#prefix.set(uri, value);
    this.#cache.clear();
    const count = this.#counts.get(uri.length) ?? 0;
    this.#counts.set(uri.length, count + 1);
    if (count === 0) this.#sortLengths();
  }

  /** Removes what `get` finds. */
  delete(uri: string, match: Match): void {
    if (match === 'exact') {
      this.#exact.delete(uri);
      this.#cache.delete(uri);
      return;
    }
    this.#prefix.delete(uri);
    this.#cache.clear();
    const count = this.#counts.get(uri.length)! - 1;
    if (count > 0) return void this.#counts.set(uri.length, count);
    this.#counts.delete(uri.length);
    this.#sortLengths();
  }

  #sortLengths(): void {
    this.#lengths = [...this.#counts.keys()].sort((a, b) => b - a);
  }

  size(match: Match): number {
    return (match === 'exact' ? this.#exact : this.#prefix).size;
  }

  *values(match: Match): IterableIterator<T> {
    yield* (match === 'exact' ? this.#exact : this.#prefix).values();
  }

  /** Everything that matches: the exact one first, then prefixes from the longest to the shortest. */
  all(uri: string): readonly T[] {
    const known = this.#cache.get(uri);
    if (known) return known;
    const found: T[] = [];
    const exact = this.#exact.get(uri);
    if (exact) found.push(exact);
    for (const length of this.#lengths) {
      const prefix = length <= uri.length ? this.#prefix.get(uri.slice(0, length)) : undefined;
      if (prefix) found.push(prefix);
    }
    if (uri.length > LONGEST_CACHED) return found;
    if (this.#cache.size >= CACHED_URIS) this.#cache.clear();
    this.#cache.set(uri, found);
    return found;
  }

  /** The one that serves a procedure: exact before the longest prefix (WAMP advanced, "Pattern-based Registrations"). */
  best(uri: string): T | undefined {
    return this.#exact.get(uri) ?? (this.#lengths.length ? this.all(uri)[0] : undefined);
  }
}
