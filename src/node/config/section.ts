/** Owns how the schemas are built: sections refuse strange keys and know their name, values say what they expect. */

import { z } from 'zod';
import type { CrossbarTable } from './crossbar-only.js';
import type { Substitution } from './environment.js';
import { listed } from './problem.js';

export interface About {
  /** As it reads after "in": `realm stats`. */
  readonly what: string;
  /** Keys of a section, or values of a choice, that Crossbar.io has and wampscope does not. */
  readonly crossbarOnly?: CrossbarTable;
  /** How environment variables get into this value. */
  readonly substitution?: Substitution;
}

/** What is known of a schema beside its type. Filled while the schemas are built, never after. */
export const about = z.registry<About>();

export function section<Shape extends z.core.$ZodLooseShape>(
  what: string,
  shape: Shape,
  crossbarOnly: CrossbarTable = {},
) {
  return z.strictObject(shape, { error: `an object: ${what}` }).register(about, { what, crossbarOnly });
}

export function listOf<Item extends z.ZodType>(what: string, item: Item) {
  return z.array(item, { error: `a list: ${what}` });
}

export function flag(fallback: boolean) {
  return z.boolean({ error: 'true or false' }).default(fallback);
}

export function whole(what: string, min: number, max = Number.MAX_SAFE_INTEGER) {
  const range =
    max === Number.MAX_SAFE_INTEGER ? `a whole number, ${min} or more` : `a whole number from ${min} to ${max}`;
  const error = `${what}: ${range}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
}

/** As Crossbar.io has them: below a second was meant to be seconds. */
export function milliseconds() {
  const error = 'milliseconds: 0 for none, or a whole number from 1000 to 2147483647';
  return z
    .int({ error })
    .max(2 ** 31 - 1, { error })
    .refine(value => value === 0 || value >= 1000, { error })
    .optional();
}

export function text(what: string, pattern: RegExp = /\S/) {
  return z.string({ error: what }).regex(pattern, { error: what });
}

export function oneOf<const Words extends readonly [string, ...string[]]>(...words: Words) {
  return z.enum(words, { error: words.length === 1 ? listed(words) : `one of ${listed(words)}` });
}

/** Ids of node, workers and transports, as Crossbar.io restricts them. */
export function id(what: string) {
  return text(`the id of the ${what}: 3 to 64 of a-z, 0-9 and _, a letter first`, /^[a-z][a-z0-9_]{2,63}$/);
}
