/** Owns autobahn-js as examples and tests use it: the part of its interface that they call, with types and promises. */

import { createRequire } from 'node:module';
import { WebSocket } from 'ws';

/** What a rejected call, registration or publication rejects with. */
export interface AutobahnError {
  readonly error: string;
  readonly args: unknown[];
}

export interface AutobahnCall extends Promise<unknown> {
  /** autobahn-js 26.3 takes the ERROR that answers modes `skip` and `killnowait` for a protocol violation: use `kill`. */
  cancel(options: { mode: 'skip' | 'kill' | 'killnowait' }): void;
  /** Called with each progressive result. */
  progress(onProgress: (value: unknown) => void): AutobahnCall;
}

export interface AutobahnInvocation {
  /** Sends a progressive result; `null` unless the caller asked for them. */
  readonly progress: ((args: unknown[]) => void) | null;
}

export interface AutobahnSession {
  readonly id: number;
  call(procedure: string, args?: unknown[], kwargs?: object, options?: object): AutobahnCall;
  /** A promise only with `acknowledge: true`. */
  publish(topic: string, args?: unknown[], kwargs?: object, options?: object): Promise<unknown> | undefined;
  subscribe(
    topic: string,
    handler: (args: unknown[], kwargs: object) => void,
    options?: object,
  ): Promise<{ unsubscribe(): Promise<unknown> }>;
  register(
    procedure: string,
    endpoint: (args: unknown[], kwargs: object, details: AutobahnInvocation) => unknown,
    options?: object,
  ): Promise<{ unregister(): Promise<unknown> }>;
}

interface AutobahnConnection {
  onopen: (session: AutobahnSession, details: unknown) => void;
  onclose: (reason: string, details: { reason: string | null; message: string | null }) => boolean;
  open(): void;
  close(): void;
}

interface AutobahnModule {
  readonly Connection: new (options: object) => AutobahnConnection;
  readonly Error: new (error: string, args?: unknown[]) => AutobahnError;
  readonly serializer: { readonly [name: string]: new () => unknown };
  readonly log: { warn: (...words: unknown[]) => void };
}

const autobahn = createRequire(import.meta.url)('autobahn') as AutobahnModule;
// It warns of every connection that closes, also when asked to close it.
autobahn.log.warn = () => {};
// Node 20 has no WebSocket of its own.
globalThis.WebSocket ??= WebSocket as unknown as typeof globalThis.WebSocket;

/** How to reach the router; over RawSocket autobahn-js speaks JSON only. */
export type Reach =
  | { readonly url: string; readonly serializer?: 'JSON' | 'Msgpack' | 'CBOR' }
  | { readonly rawSocketPort: number };

export interface Autobahn {
  readonly session: AutobahnSession;
  /** Says GOODBYE; resolves when the connection is closed. */
  leave(): Promise<void>;
}

/** For WAMP's method `ticket`; without it a client joins as `anonymous`. */
export interface Ticket {
  readonly authid: string;
  readonly ticket: string;
}

/** Connects and joins a realm; rejects when that fails. */
export function joinAutobahn(realm: string, reach: Reach, ticket?: Ticket): Promise<Autobahn> {
  const transport =
    'url' in reach
      ? {
          type: 'websocket',
          url: reach.url,
          serializers: [new autobahn.serializer[`${reach.serializer ?? 'JSON'}Serializer`]!()],
        }
      : { type: 'rawsocket', host: '127.0.0.1', port: reach.rawSocketPort };
  const connection = new autobahn.Connection({
    realm,
    transports: [transport],
    max_retries: 0,
    on_user_error: () => {},
    ...(ticket && { authmethods: ['ticket'], authid: ticket.authid, onchallenge: () => ticket.ticket }),
  });
  return new Promise((resolve, reject) => {
    let onClosed = (): void => {};
    const closed = new Promise<void>(settle => {
      onClosed = settle;
    });
    connection.onopen = session => {
      const leave = (): Promise<void> => {
        connection.close();
        return closed;
      };
      resolve({ session, leave });
    };
    connection.onclose = (reason, details) => {
      reject(new Error(`autobahn-js could not join ${realm}: ${details.reason ?? reason} ${details.message ?? ''}`));
      onClosed();
      return true;
    };
    connection.open();
  });
}

/** An ERROR for a procedure of autobahn-js to throw. */
export function autobahnError(uri: string, args: unknown[]): AutobahnError {
  return new autobahn.Error(uri, args);
}
