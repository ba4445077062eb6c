/** Owns the syntax of URIs: which are legal, which are reserved. Matching of patterns is realm/matching.ts. */

/** WAMP basic, "URIs": loose is what a router must accept, strict what it should recommend. */
export type UriCheck = 'loose' | 'strict';

const LOOSE = /^(?:[^\s.#]+\.)*[^\s.#]+$/;
const STRICT = /^(?:[0-9a-z_]+\.)*[0-9a-z_]+$/;
// A prefix may end in a dot or be empty ("everything"); Crossbar's configs and Autobahn both rely on it.
const LOOSE_PREFIX = /^(?:(?:[^\s.#]+\.)*(?:[^\s.#]+)?)$/;
const STRICT_PREFIX = /^(?:(?:[0-9a-z_]+\.)*(?:[0-9a-z_]+)?)$/;

export function isUri(uri: string, check: UriCheck): boolean {
  return (check === 'strict' ? STRICT : LOOSE).test(uri);
}

export function isUriPrefix(uri: string, check: UriCheck): boolean {
  return (check === 'strict' ? STRICT_PREFIX : LOOSE_PREFIX).test(uri);
}

/** First component `wamp`: reserved for the protocol, so clients neither register nor publish there. */
export function isReserved(uri: string): boolean {
  return uri.startsWith('wamp.') || uri === 'wamp';
}
