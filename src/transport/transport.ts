/** Owns the interface of all transports: whole messages in, encoded messages out, and how much waits to leave. */

import type { Socket } from 'node:net';
import type { TransportType } from '../tap.js';
import type { Serializer } from '../wire/serializers/serializer.js';
import type { Framing } from './framing.js';

export interface TransportInfo {
  readonly type: TransportType;
  /** Address of the peer for people: `tcp4:127.0.0.1:51234`, `unix`, `memory`. */
  readonly peer: string;
  /** Subprotocol as negotiated: `wamp.2.json`; RawSocket reports `rawsocket.json`. */
  readonly protocol: string;
  /** As `LinkRef.rtt`. */
  rtt: number;
}

/** Why a connection ended, as far as the transport can tell. */
export interface Closing {
  /** The peer or the network ended it without our asking. */
  readonly lost: boolean;
  readonly reason: string;
}

/** Who receives from a transport. Set before the first turn ends; both run outside of any handler of ours. */
export interface Receiver {
  /** One whole message. The bytes are valid only during the call. */
  onMessage(bytes: Buffer): void;
  /** What came is no message of this subprotocol: a text message for MessagePack, JSON that is no UTF-8. */
  onViolation(what: string): void;
  /** Once. Nothing follows. */
  onClose(closing: Closing): void;
}

/** A connection to one peer that carries whole WAMP messages in order. */
export interface Transport {
  readonly info: TransportInfo;
  readonly serializer: Serializer;
  readonly framing: Framing;
  /** Octets accepted but not yet taken by the operating system. */
  readonly buffered: number;
  /** Number of this turn of the event loop, from 1, once anything has been sent in it; 0 before that. */
  readonly turn: number;
  /** The longest message the peer accepts, in octets. */
  readonly maxSend: number;
  receiver: Receiver | undefined;
  /** Queues the message in `out[HEADER_ROOM, end)`; its bytes are copied, and `out` before HEADER_ROOM may be overwritten. */
  send(out: Buffer, end: number): void;
  /** Queues a message that was framed for many; `framed` must never change. */
  sendShared(framed: Buffer): void;
  /** Sends what is queued, then ends the connection in good order. */
  close(reason: string): void;
  /** Ends the connection at once; what is queued is lost. */
  destroy(reason: string): void;
}

/** `TransportInfo.peer` of a connected socket. */
export function peerName({ remoteFamily, remoteAddress, remotePort }: Socket): string {
  if (remoteAddress === undefined) return 'unix';
  return `${remoteFamily === 'IPv6' ? 'tcp6' : 'tcp4'}:${remoteAddress}:${remotePort}`;
}
