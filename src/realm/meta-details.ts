/** Owns how the meta API describes sessions, registrations and subscriptions. */

import type { RealmSession } from '../session/host.js';
import type { Registration, Subscription } from './member.js';

/** What on_join and wamp.session.get tell. No headers, no authextra: they carry secrets. */
export function sessionDetails(session: RealmSession): { readonly [key: string]: unknown } {
  const { identity, peer } = session;
  return {
    session: identity.id,
    realm: identity.realm,
    authid: identity.authid,
    authrole: identity.authrole,
    authmethod: identity.authmethod,
    authprovider: session.authprovider,
    serializer: identity.serializer,
    transport: { type: peer.type, peer: peer.peer, protocol: peer.protocol },
  };
}

export function registrationDetails(registration: Registration): unknown {
  const { id, uri, match, invoke, created } = registration;
  return { id, created: new Date(created).toISOString(), uri, match, invoke };
}

export function subscriptionDetails(subscription: Subscription): unknown {
  const { id, uri, match, created } = subscription;
  return { id, created: new Date(created).toISOString(), uri, match };
}
