/** Owns blotting out values in payloads before they are kept. */

import { type Kwargs, Payload } from '../wire/payload.js';

const BLOT = '[redacted]';

/** A payload with the values of `keys` blotted out, at any depth. Costs a decoding: only traces that ask for it pay. */
export function redacted(payload: Payload, keys: readonly string[]): Payload {
  const hidden = new Set(keys);
  const args = payload.args?.map(value => blot(value, hidden));
  const kwargs = payload.kwargs && (blot(payload.kwargs, hidden) as Kwargs);
  return Payload.of(args, kwargs);
}

function blot(value: unknown, hidden: ReadonlySet<string>): unknown {
  if (Array.isArray(value)) return value.map(item => blot(item, hidden));
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || value instanceof Date) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, hidden.has(key) ? BLOT : blot(inner, hidden)]);
  return Object.fromEntries(entries);
}
