/** Owns what a record may keep of options and URIs: peers choose their size, and a ring keeps many thousands of them. */

import { type Dict, EMPTY_DICT } from '../wire/message.js';

/** Characters of the longest text that is kept whole. */
export const MAX_TEXT = 512;
/** Values in the options of one message, nested ones included. */
const MAX_VALUES = 128;
const OMITTED = '[omitted: too long]';

/** A text as it is, or its beginning. */
export function boundedText(text: string): string {
  // A slice would keep the whole string alive; a copy does not.
  return text.length <= MAX_TEXT ? text : `${Buffer.from(text.slice(0, MAX_TEXT)).toString()}…`;
}

/** Options as they are when they are small, which costs nothing but a look; else with their long values left out. */
export function boundedDict(options: Dict): Dict {
  if (options === EMPTY_DICT || isSmall(options, { left: MAX_VALUES })) return options;
  const entries = Object.entries(options).slice(0, MAX_VALUES);
  return Object.fromEntries(
    entries.map(([key, value]) => [boundedText(key), isSmall(value, { left: 16 }) ? value : OMITTED]),
  );
}

/** About how many octets of memory options take beyond nothing, after `boundedDict`. */
export function weightOf(options: Dict): number {
  return options === EMPTY_DICT ? 0 : weigh(options);
}

function weigh(value: unknown): number {
  if (typeof value === 'string') return 24 + value.length * 2;
  if (typeof value !== 'object' || value === null) return 16;
  let octets = 64;
  if (Array.isArray(value)) for (const item of value) octets += weigh(item);
  else for (const key in value) octets += 16 + weigh((value as Dict)[key]);
  return octets;
}

function isSmall(value: unknown, budget: { left: number }): boolean {
  if (--budget.left < 0) return false;
  if (typeof value === 'string') return value.length <= MAX_TEXT;
  if (typeof value === 'bigint') return value < 1n << 64n;
  if (typeof value !== 'object' || value === null) return true;
  if (ArrayBuffer.isView(value)) return false;
  if (Array.isArray(value)) return value.length <= budget.left && value.every(item => isSmall(item, budget));
  for (const key in value) {
    if (key.length > MAX_TEXT || !isSmall((value as Dict)[key], budget)) return false;
  }
  return true;
}
