/** Owns who a session is, without the session: observers keep it for long, and it must not keep a socket. */

import type { SessionRef } from '../tap.js';
import type { Transport } from '../transport/transport.js';

export type Identity = { -readonly [K in keyof SessionRef]: SessionRef[K] };

/** Of a peer that has not been welcomed yet. */
export function stranger(link: Transport): Identity {
  return {
    id: 0,
    realm: '',
    authid: '',
    authrole: '',
    authmethod: '',
    serializer: link.serializer.name,
    transport: link.info.type,
    link: link.info,
    internal: false,
  };
}
