/** Owns what is known of one recorded message, wherever the record is kept: in memory or in a store. */

import type { Dict } from '../wire/message.js';
import type { SerializerName } from '../wire/serializers/serializer.js';

/** Who the message came from or went to, as far as records tell. */
export interface LoggedSession {
  readonly id: number;
  readonly realm: string;
  readonly authid: string;
  readonly authrole: string;
  readonly serializer: SerializerName | undefined;
  /** One of the router's own sessions. */
  readonly internal: boolean;
}

/** One record as a ring or a store holds it, decoded. */
export interface LoggedMessage {
  /** From 0, without gaps within a trace. */
  readonly seq: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly session: LoggedSession;
  readonly direction: 'received' | 'sent';
  readonly code: number;
  readonly request: number;
  readonly subject: number;
  readonly publication: number;
  /** URI element of the message itself. */
  readonly messageUri: string;
  readonly options: Dict;
  /** Arguments and ArgumentsKw: `undefined` when the message has none, or when they were not kept. */
  readonly payload: readonly unknown[] | undefined;
  readonly payloadOmitted: boolean;
  /** Octets of the message before framing. */
  readonly bytes: number;
  /** The send queue refused it. */
  readonly dropped: boolean;
  /** Correlation id as a UUID, `null` for messages of an action that began before the trace. */
  readonly correlation: string | null;
  /** 32 hex digits, or `null` as `correlation`. */
  readonly traceId: string | null;
  /** Of the span that the message belongs to, 16 hex digits; `null` while none is kept, and as `correlation`. */
  readonly spanId: string | null;
  /** URI of the action. */
  readonly uri: string | null;
  /** The first message of its action. */
  readonly anchor: boolean;
  /** The last message of its action. */
  readonly last: boolean;
  /** It came after its action had ended. */
  readonly late: boolean;
}

/** Bits of a record's flags, in columns and in stored blocks alike. */
export const enum Flag {
  SENT = 1,
  DROPPED = 2,
  ANCHOR = 4,
  LAST = 8,
  /** The action is known: correlation, trace id and uri are set. */
  KNOWN = 16,
  /** The message had a payload that was not kept. */
  OMITTED = 32,
  LATE = 64,
}
