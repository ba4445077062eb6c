/** Owns the options of recorded messages, which few messages have: a list by slot, and how heavy it is. */

import { type Dict, EMPTY_DICT } from '../wire/message.js';
import { boundedDict, weightOf } from './bounded.js';

export class KeptOptions {
  readonly #options: (Dict | undefined)[];
  /** Octets of all that are kept, about. */
  weight = 0;

  constructor(slots: number) {
    this.#options = new Array<undefined>(slots).fill(undefined);
  }

  /** Whatever was kept in this slot must have been released. */
  keep(slot: number, options: Dict): void {
    const bounded = boundedDict(options);
    this.#options[slot] = bounded;
    this.weight += weightOf(bounded);
  }

  release(slot: number): void {
    const options = this.#options[slot];
    if (options === undefined) return;
    this.weight -= weightOf(options);
    this.#options[slot] = undefined;
  }

  get(slot: number): Dict {
    return this.#options[slot] ?? EMPTY_DICT;
  }
}
