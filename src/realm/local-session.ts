/** Owns the router's own sessions: members of a realm that exchange messages but no bytes. */

import type { Broadcast } from '../session/broadcast.js';
import type { Sent } from '../session/host.js';
import type { Cause, SessionRef } from '../tap.js';
import { Code } from '../wire/codes.js';
import { ErrorUri, WampError } from '../wire/errors.js';
import { type Dict, EMPTY_DICT, type Message, message } from '../wire/message.js';
import { type Args, type Kwargs, NO_PAYLOAD, Payload } from '../wire/payload.js';
import type { Member, Outbox } from './member.js';

/** One invocation of a procedure of the router's. */
export interface LocalCall {
  readonly procedure: string;
  readonly args: Args;
  readonly kwargs: Kwargs;
  /** Session id and role of who calls. */
  readonly caller: number;
  readonly callerRole: string;
}

/** Returns the result's only argument, or a promise of it; throws WampError for an ERROR. */
export type Procedure = (call: LocalCall) => unknown;

/** How a local session acts in its realm; the realm gives it. */
export interface LocalRealm {
  /** Handles a message as if it had come from a client. */
  act(session: LocalSession, message: Message, metered: boolean): void;
  /** Whether a publication to `topic` would reach anybody. */
  reaches(topic: string): boolean;
  /** Shows a message to a session of ours, as if it had crossed a wire. */
  sent(session: LocalSession, message: Message, cause: Cause | undefined): void;
  /** Runs `work` when the message in hand has been handled: nobody's handler runs inside another's. */
  later(work: () => void): void;
  /** Reports a fault of a procedure of ours. */
  fault(procedure: string, error: unknown): void;
}

export class LocalSession implements SessionRef, Outbox {
  readonly id: number;
  readonly realm: string;
  readonly authid: string;
  readonly authrole = 'trusted';
  readonly authmethod = 'internal';
  readonly serializer = undefined;
  readonly transport = 'internal';
  readonly link = undefined;
  readonly internal = true;
  /** Set by the realm that seats it. */
  member: Member | undefined;
  readonly #host: LocalRealm;
  readonly #procedures = new Map<number, { readonly uri: string; readonly run: Procedure }>();
  #request = 0;
  #awaited: { readonly uri: string; readonly run: Procedure } | undefined;

  constructor(id: number, realm: string, authid: string, host: LocalRealm) {
    this.id = id;
    this.realm = realm;
    this.authid = authid;
    this.#host = host;
  }

  register(uri: string, run: Procedure): void {
    this.#awaited = { uri, run };
    this.#act(Code.REGISTER, uri, EMPTY_DICT, NO_PAYLOAD);
  }

  /** Whether a publication to `topic` would reach anybody: spares making one that would not. */
  reaches(topic: string): boolean {
    return this.#host.reaches(topic);
  }

  /** `metered: false` for on_stats, whose EVENTs must not bring the next on_stats nearer. */
  publish(topic: string, args: Args, options: Dict = EMPTY_DICT, metered = true): void {
    this.#act(Code.PUBLISH, topic, options, Payload.of(args), metered);
  }

  #act(code: 64 | 16, uri: string, options: Dict, payload: Payload, metered = true): void {
    this.#host.act(this, message(code, ++this.#request, 0, 0, uri, '', options, payload), metered);
  }

  send(m: Message, cause: Cause | undefined): Sent {
    this.#host.sent(this, m, cause);
    if (m.code === Code.REGISTERED) {
      this.#procedures.set(m.subject, this.#awaited!);
    } else if (m.code === Code.INVOCATION) {
      // The payload is a view of the caller's bytes, valid only until the CALL has been handled.
      const kept = { ...m, payload: m.payload.keep() };
      this.#host.later(() => this.#invoked(kept));
    } else if (m.code === Code.ERROR) {
      throw new Error(`the router refused its own ${this.#awaited?.uri ?? 'publication'}: ${m.uri}`);
    }
    return 'sent';
  }

  sendShared(broadcast: Broadcast, cause: Cause | undefined): Sent {
    this.#host.sent(this, broadcast.message, cause);
    return 'sent';
  }

  #invoked(m: Message): void {
    const procedure = this.#procedures.get(m.subject)!;
    let value: unknown;
    try {
      value = procedure.run({
        procedure: procedure.uri,
        args: m.payload.args ?? [],
        kwargs: m.payload.kwargs ?? {},
        caller: Number(m.options.caller),
        callerRole: String(m.options.caller_authrole),
      });
    } catch (error) {
      return this.#fail(m, procedure.uri, error);
    }
    if (!(value instanceof Promise)) return this.#yield(m, value);
    value.then(
      later => this.#yield(m, later),
      (error: unknown) => this.#fail(m, procedure.uri, error),
    );
  }

  #yield(m: Message, value: unknown): void {
    this.#host.act(this, message(Code.YIELD, m.request, 0, 0, '', '', EMPTY_DICT, Payload.of([value])), true);
  }

  #fail(m: Message, procedure: string, error: unknown): void {
    const isTold = error instanceof WampError;
    const uri = isTold ? error.uri : ErrorUri.runtimeError;
    const payload = Payload.of([isTold ? error.message : `${procedure} failed inside the router`]);
    if (!isTold) this.#host.fault(procedure, error);
    this.#host.act(this, message(Code.ERROR, m.request, Code.INVOCATION, 0, uri, '', EMPTY_DICT, payload), true);
  }
}
