/** Owns the order of very many items, made in short turns of the event loop. */

import { Slices } from './slices.js';

export interface Keyed<Item> {
  readonly key: number;
  readonly item: Item;
}

/** Items in one sort; a run takes a fraction of a millisecond. */
const RUN = 512;
/** Steps between two looks at the clock. */
const STEPS = 64;

type Run<Item> = { readonly entries: readonly Keyed<Item>[]; at: number };

/** How many there are, and those from `offset` on, at most `limit`, by `before`. */
export async function sortedPage<Item>(
  items: Iterable<Keyed<Item>>,
  before: (a: Keyed<Item>, b: Keyed<Item>) => number,
  offset: number,
  limit: number,
): Promise<{ readonly total: number; readonly page: Item[] }> {
  const slices = new Slices();
  const runs: Run<Item>[] = [];
  let entries: Keyed<Item>[] = [];
  let total = 0;
  for (const entry of items) {
    entries.push(entry);
    total++;
    if (entries.length < RUN) continue;
    runs.push({ entries: entries.sort(before), at: 0 });
    entries = [];
    if (slices.over) await slices.rest();
  }
  runs.push({ entries: entries.sort(before), at: 0 });
  const page: Item[] = [];
  const end = Math.min(total, offset + limit);
  // The runs that are not used up are merged: each step takes the first of their firsts.
  for (let i = 0; i < end; i++) {
    const { item } = takeFirst(runs, before);
    if (i >= offset) page.push(item);
    if (i % STEPS === 0 && slices.over) await slices.rest();
  }
  return { total, page };
}

function takeFirst<Item>(runs: Run<Item>[], before: (a: Keyed<Item>, b: Keyed<Item>) => number): Keyed<Item> {
  let best: Run<Item> | undefined;
  for (const run of runs) {
    const entry = run.entries[run.at];
    if (entry && (!best || before(entry, best.entries[best.at]!) < 0)) best = run;
  }
  return best!.entries[best!.at++]!;
}
