/** Owns the method `ticket` (WAMP advanced, "Ticket-based Authentication"). */

import { createHash, timingSafeEqual } from 'node:crypto';
import { ErrorUri } from '../../wire/errors.js';
import type { Authenticator, AuthOptions } from './authenticator.js';

export function ticket(options: NonNullable<AuthOptions['ticket']>, authid: string): Authenticator {
  const principal = options.principals.get(authid);
  return {
    method: 'ticket',
    // An unknown authid is challenged like a known one: the answer must not tell who exists.
    start: () => ({ kind: 'challenge', extra: {} }),
    respond: signature => {
      const right = equal(signature, principal?.ticket ?? '');
      if (!principal || !right) {
        return { kind: 'deny', reason: ErrorUri.authenticationDenied, message: 'the authid or the ticket is wrong' };
      }
      const identity = { authid, authrole: principal.role, authmethod: 'ticket', authprovider: 'static' };
      return { kind: 'accept', identity };
    },
  };
}

/** In a time that does not depend on where they differ. */
function equal(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
