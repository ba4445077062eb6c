/** Owns static permissions: what a role may do with a URI, decided once per URI and remembered. */

import { isReserved, isUri, isUriPrefix, type UriCheck } from '../wire/uris.js';
import type { Match } from './matching.js';

export interface Allow {
  readonly call: boolean;
  readonly register: boolean;
  readonly publish: boolean;
  readonly subscribe: boolean;
}

export type Action = keyof Allow;

export interface Permission {
  readonly uri: string;
  readonly match: Match;
  readonly allow: Allow;
  readonly disclose: { readonly caller: boolean; readonly publisher: boolean };
}

export interface RoleOptions {
  readonly name: string;
  readonly permissions: readonly Permission[];
}

/** All that the router asks about a role and a URI. */
export interface Decision extends Allow {
  /** Syntactically a URI of the realm's `uri_check`. */
  readonly legal: boolean;
  /** Begins with `wamp.`: clients neither publish nor register there. */
  readonly reserved: boolean;
  readonly discloseCaller: boolean;
  readonly disclosePublisher: boolean;
}

const REMEMBERED = 8192;
/** A longer URI is decided each time: what peers send must not fill the memory. */
const LONGEST_REMEMBERED = 255;
/** Powers over other sessions: a permission counts for them only when it names them. */
const BY_NAME = 'wamp.session.kill';

export class Role {
  readonly name: string;
  readonly #check: UriCheck;
  readonly #exact = new Map<string, Permission>();
  /** Longest first. */
  readonly #prefixes: readonly Permission[];
  readonly #all: readonly Permission[];
  readonly #decisions = new Map<string, Decision>();

  constructor(options: RoleOptions, check: UriCheck) {
    this.name = options.name;
    this.#check = check;
    this.#all = options.permissions;
    this.#prefixes = options.permissions
      .filter(permission => permission.match === 'prefix')
      .sort((a, b) => b.uri.length - a.uri.length);
    for (const permission of options.permissions) {
      if (permission.match === 'exact') this.#exact.set(permission.uri, permission);
    }
  }

  /** What this role may do with exactly this topic or procedure. Without a permission that matches: nothing. */
  decide(uri: string): Decision {
    const known = this.#decisions.get(uri);
    if (known) return known;
    const named = uri.startsWith(BY_NAME);
    const permission =
      this.#exact.get(uri) ??
      this.#prefixes.find(({ uri: prefix }) => uri.startsWith(prefix) && (!named || prefix.startsWith(BY_NAME)));
    const decision: Decision = {
      call: permission?.allow.call ?? false,
      register: permission?.allow.register ?? false,
      publish: permission?.allow.publish ?? false,
      subscribe: permission?.allow.subscribe ?? false,
      legal: isUri(uri, this.#check),
      reserved: isReserved(uri),
      discloseCaller: permission?.disclose.caller ?? false,
      disclosePublisher: permission?.disclose.publisher ?? false,
    };
    if (uri.length > LONGEST_REMEMBERED) return decision;
    if (this.#decisions.size >= REMEMBERED) this.#decisions.clear();
    this.#decisions.set(uri, decision);
    return decision;
  }

  /**
   * Whether this role may do `action` with everything that begins with `prefix`. A pattern reaches
   * further than its own text, so a narrower permission that forbids some of it forbids the whole.
   */
  mayUsePrefix(prefix: string, action: 'register' | 'subscribe'): boolean {
    const wide = this.#prefixes.find(permission => prefix.startsWith(permission.uri));
    if (!wide?.allow[action]) return false;
    return this.#all.every(permission => !permission.uri.startsWith(prefix) || permission.allow[action]);
  }

  isLegalPrefix(prefix: string): boolean {
    return isUriPrefix(prefix, this.#check);
  }
}

const ALL: Allow = { call: true, register: true, publish: true, subscribe: true };

/** The role of the router's own sessions. */
export function trustedRole(): Role {
  const disclose = { caller: true, publisher: true };
  return new Role(
    {
      name: 'trusted',
      permissions: [
        { uri: '', match: 'prefix', allow: ALL, disclose },
        { uri: BY_NAME, match: 'prefix', allow: ALL, disclose },
      ],
    },
    'loose',
  );
}
