/** Owns the method `anonymous`: everybody is let in, with a role that the configuration chose. */

import type { Authenticator, AuthOptions } from './authenticator.js';

/** `authid` is the configured one, or else `fresh`. */
export function anonymous(options: NonNullable<AuthOptions['anonymous']>, fresh: string): Authenticator {
  const identity = {
    authid: options.authid ?? fresh,
    authrole: options.role,
    authmethod: 'anonymous',
    authprovider: 'static',
  };
  return {
    method: 'anonymous',
    start: () => ({ kind: 'accept', identity }),
    respond: () => ({ kind: 'accept', identity }),
  };
}
