/** Owns the query strings of the management listener: every parameter is known, and has a value that makes sense. */

/** What the client asked for cannot be served; the message names the parameter, its value and the fix. */
export class BadRequest extends Error {
  override readonly name = 'BadRequest';
}

const LONGEST = 60;

export class Query {
  readonly #values: ReadonlyMap<string, string>;

  private constructor(values: ReadonlyMap<string, string>) {
    this.#values = values;
  }

  /** Throws BadRequest for a parameter that is not of `known`, or is there twice. */
  static parse(path: string, text: string, known: readonly string[]): Query {
    const values = new Map<string, string>();
    for (const [name, value] of new URLSearchParams(text)) {
      if (!known.includes(name)) {
        const fix = known.length === 0 ? 'it takes none' : `it takes ${known.join(', ')}`;
        throw new BadRequest(`${path} has no parameter ${shown(name)}; ${fix}`);
      }
      if (values.has(name)) throw new BadRequest(`parameter ${name} is given twice; give it once`);
      values.set(name, value);
    }
    return new Query(values);
  }

  /** `undefined` when it is not given; an empty text is a mistake. */
  text(name: string): string | undefined {
    const value = this.#values.get(name);
    if (value === '') throw new BadRequest(`parameter ${name} is empty; give it a value or leave it out`);
    return value;
  }

  whole(name: string, fallback: number, min: number, max: number): number {
    const value = this.#values.get(name);
    if (value === undefined) return fallback;
    const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    if (number >= min && number <= max) return number;
    throw new BadRequest(`parameter ${name} is ${shown(value)}; give it a whole number from ${min} to ${max}`);
  }

  choice<const Word extends string>(name: string, words: readonly Word[], fallback: Word): Word {
    const value = this.#values.get(name);
    if (value === undefined) return fallback;
    const word = words.find(candidate => candidate === value);
    if (word !== undefined) return word;
    throw new BadRequest(`parameter ${name} is ${shown(value)}; give it one of ${words.join(', ')}`);
  }
}

function shown(value: string): string {
  return JSON.stringify(value.length > LONGEST ? `${value.slice(0, LONGEST)}…` : value);
}
