/** Owns the memory of so many records: numbers in columns, and lists of what is no number. */

import type { Dict } from '../wire/message.js';
import { boundedDict, weightOf } from './bounded.js';
import type { Flag, LoggedSession } from './logged-message.js';
import { Body, Kind, type Numbers, numbersOf, Row } from './record-layout.js';

/** Rows and bodies lie at their numbers, modulo how many there are: a power of two. */
export class RecordColumns {
  readonly mask: number;
  readonly rows: Numbers;
  readonly bodies: Numbers;
  readonly sessions: (LoggedSession | undefined)[];
  /** Of each body: the URI of its action; its own, and options, where `kind` says so. */
  readonly uris: (string | undefined)[];
  readonly ownUris: (string | undefined)[];
  readonly #options: (Dict | undefined)[];
  /** Octets of all options that are kept, about. */
  weight = 0;

  constructor(records: number) {
    this.mask = records - 1;
    this.rows = numbersOf(records, Row.doubles);
    this.bodies = numbersOf(records, Body.doubles);
    this.sessions = new Array<undefined>(records).fill(undefined);
    this.uris = new Array<undefined>(records).fill(undefined);
    this.ownUris = new Array<undefined>(records).fill(undefined);
    this.#options = new Array<undefined>(records).fill(undefined);
  }

  options(body: number): Dict | undefined {
    return this.#options[body & this.mask];
  }

  keepOptions(body: number, options: Dict): void {
    const bounded = boundedDict(options);
    this.#options[body & this.mask] = bounded;
    this.weight += weightOf(bounded);
  }

  releaseOptions(body: number): void {
    const at = body & this.mask;
    const options = this.#options[at];
    if (options === undefined) return;
    this.weight -= weightOf(options);
    this.#options[at] = undefined;
  }

  kindOf(body: number): number {
    return this.bodies.words[(body & this.mask) * Body.words + Body.kind]!;
  }

  /** Where the payload of a body lies. */
  placeOf(body: number): number {
    return this.bodies.doubles[(body & this.mask) * Body.doubles + Body.payloadAt]!;
  }

  /** First frame of the action that a body is of. */
  anchorOf(body: number): number {
    return this.bodies.doubles[(body & this.mask) * Body.doubles + Body.anchor]!;
  }

  // Of the row of a record, by its number.

  bodyOf(seq: number): number {
    return this.rows.words[(seq & this.mask) * Row.words + Row.body]!;
  }

  frameOf(seq: number): number {
    return this.rows.doubles[(seq & this.mask) * Row.doubles + Row.frame]!;
  }

  atOf(seq: number): number {
    return this.rows.doubles[(seq & this.mask) * Row.doubles + Row.at]!;
  }

  mark(seq: number, flag: Flag): void {
    this.rows.words[(seq & this.mask) * Row.words + Row.flags]! |= flag;
  }

  /** Takes over all rows of `front`, and as many bodies, which both begin with number `first`. */
  take(front: RecordColumns, first: number, bodies: number): void {
    const at = first & this.mask;
    this.rows.words.set(front.rows.words, at * Row.words);
    this.bodies.words.set(front.bodies.words.subarray(0, bodies * Body.words), at * Body.words);
    const { sessions, uris } = front;
    for (let i = 0; i < sessions.length; i++) this.sessions[at + i] = sessions[i];
    for (let i = 0; i < bodies; i++) this.uris[at + i] = uris[i];
    // Mostly nobody has options.
    if (this.weight > 0) for (let i = 0; i < sessions.length; i++) this.releaseOptions(at + i);
    for (let i = 0; i < bodies; i++) this.#takeRest(front, i, at + i);
  }

  #takeRest(front: RecordColumns, from: number, to: number): void {
    const kind = front.kindOf(from);
    if ((kind & (Kind.uri | Kind.options)) === 0) return;
    this.ownUris[to] = front.ownUris[from];
    const options = front.#options[from];
    if (options === undefined) return;
    front.releaseOptions(from);
    this.#options[to] = options;
    this.weight += weightOf(options);
  }
}
