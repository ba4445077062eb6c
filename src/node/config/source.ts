/** Owns the interface of a configuration's text once parsed: its value, and where in the text each part stands. */

import type { Finding, Path, Position } from './problem.js';

export interface Source {
  /** undefined when the text could not be parsed. */
  readonly value: unknown;
  readonly errors: readonly Located[];
  readonly warnings: readonly Located[];
  /** Where the key (or list item) at `path` begins, or else the nearest thing around it. */
  locate(path: Path): Position | undefined;
}

/** A finding that knows its place already: it was found by a parser. */
export interface Located {
  readonly finding: Finding;
  readonly position: Position | undefined;
}

/** A configuration that never was text. */
export function sourceOf(value: unknown): Source {
  return { value, errors: [], warnings: [], locate: () => undefined };
}

/** Turns offsets into lines and columns. */
export class Lines {
  readonly #starts: number[] = [0];

  constructor(text: string) {
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) this.#starts.push(at + 1);
  }

  at(offset: number): Position {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - this.#starts[low]! + 1 };
  }
}

/** Deeper than any configuration, shallow enough for parsers that recurse. */
export const DEEPEST = 64;
