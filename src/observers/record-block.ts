/** Owns the binary form of a run of records, as a store keeps it: written from columns, read back as records. */

import type { Dict } from '../wire/message.js';
import type { SerializerName } from '../wire/serializers/serializer.js';
import type { LoggedSession } from './logged-message.js';

/** One record as the columns of a ring have it; `add` copies everything. */
export interface BlockRow {
  readonly at: number;
  readonly session: LoggedSession;
  /** Bits of `Flag`. */
  readonly flags: number;
  readonly code: number;
  readonly request: number;
  readonly subject: number;
  readonly publication: number;
  readonly messageUri: string;
  readonly options: Dict;
  readonly uri: string;
  /** Eight words from `idsAt`: correlation id, then trace id. */
  readonly ids: Int32Array;
  readonly idsAt: number;
  readonly bytes: number;
  /** Payload octets as they stood in the message, and who decodes them; `undefined` without a kept payload. */
  readonly payload: Uint8Array | undefined;
  readonly payloadCount: number;
  readonly payloadSerializer: SerializerName;
}
