/** Owns the WAMP client of the command line: joins a realm as a caller, calls, leaves. */

import { isIP } from 'node:net';
import { type ClientLink, LinkRefused } from '../../transport/client-link.js';
import { connectRawSocket } from '../../transport/rawsocket-client.js';
import { connectWebSocket } from '../../transport/websocket-client.js';
import { Code } from '../../wire/codes.js';
import { ErrorUri } from '../../wire/errors.js';
import { fromJson, stringify } from '../../wire/serializers/json-values.js';
import { CallRefused, ConnectionLost, TraceFailure } from './failure.js';

export interface Login {
  /** `ws://`, `wss://` or `rs://`. */
  readonly url: string;
  readonly realm: string;
  /** Anonymous without one. */
  readonly authid: string | undefined;
  readonly ticket: string | undefined;
}

/** Milliseconds. */
const CONNECT_TIMEOUT = 5000;
const CALL_TIMEOUT = 30_000;
const LEAVE_TIMEOUT = 1000;

interface Pending {
  readonly procedure: string;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

export class WampClient {
  readonly #link: ClientLink;
  readonly #login: Login;
  readonly #pending = new Map<number, Pending>();
  #request = 0;
  #lost: ConnectionLost | undefined;
  #left: (() => void) | undefined;
  #role = '';

  private constructor(link: ClientLink, login: Login) {
    this.#link = link;
    this.#login = login;
  }

  /** @throws TraceFailure that says what to do about it. */
  static async join(login: Login): Promise<WampClient> {
    const link = await connect(login.url);
    const client = new WampClient(link, login);
    try {
      await client.#handshake();
    } catch (error) {
      link.destroy();
      throw error;
    }
    return client;
  }

  #handshake(): Promise<void> {
    const { url, realm, authid, ticket } = this.#login;
    return new Promise((resolve, reject) => {
      const silent = `${url} accepts connections, but does not answer as a WAMP router does`;
      const timer = setTimeout(() => reject(new TraceFailure(silent)), CONNECT_TIMEOUT);
      const settle = (run: () => void): void => {
        clearTimeout(timer);
        run();
      };
      this.#link.onClose = why => settle(() => reject(new TraceFailure(`${url} hung up: ${why}`)));
      this.#link.onMessage = text => {
        const message = parse(text);
        if (message[0] === Code.CHALLENGE) return this.#send([Code.AUTHENTICATE, ticket ?? '', {}]);
        if (message[0] === Code.ABORT) return settle(() => reject(new TraceFailure(this.#refusal(message))));
        if (message[0] !== Code.WELCOME) return settle(() => reject(new TraceFailure(silent)));
        this.#role = String((message[2] as { authrole?: unknown }).authrole ?? '');
        this.#link.onMessage = next => this.#onMessage(parse(next));
        this.#link.onClose = why => this.#onClose(why);
        settle(resolve);
      };
      const who = authid === undefined ? { authmethods: ['anonymous'] } : { authmethods: ['ticket'], authid };
      this.#send([Code.HELLO, realm, { roles: { caller: {} }, ...who }]);
    });
  }

  #refusal(abort: readonly unknown[]): string {
    const { url, realm, authid } = this.#login;
    const reason = String(abort[2]);
    const said = String((abort[1] as { message?: unknown })?.message ?? reason);
    if (reason === ErrorUri.noSuchRealm) {
      return `the router at ${url} has no realm "${realm}": its configuration names it in wampscope.management.realm; --management-realm takes another`;
    }
    const who = authid === undefined ? 'anonymous' : `"${authid}"`;
    const hint = authid === undefined ? '; --login AUTHID and --ticket-env NAME give a login' : '';
    return `${who} may not join "${realm}" at ${url}: ${said}${hint}`;
  }

  /** @throws CallRefused, ConnectionLost. */
  call(procedure: string, args: readonly unknown[]): Promise<unknown> {
    if (this.#lost) return Promise.reject(this.#lost);
    return new Promise((resolve, reject) => {
      const request = ++this.#request;
      const timer = setTimeout(() => {
        this.#pending.delete(request);
        reject(new TraceFailure(`no answer to ${procedure} within ${CALL_TIMEOUT / 1000} s`));
      }, CALL_TIMEOUT);
      this.#pending.set(request, { procedure, resolve, reject, timer });
      this.#send([Code.CALL, request, {}, procedure, args]);
    });
  }

  /** Says GOODBYE and waits a moment for the answer. */
  async leave(): Promise<void> {
    if (this.#lost) return;
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, LEAVE_TIMEOUT);
      this.#left = () => {
        clearTimeout(timer);
        resolve();
      };
      this.#send([Code.GOODBYE, {}, 'wamp.close.close_realm']);
    });
    this.#link.destroy();
  }

  #send(message: readonly unknown[]): void {
    this.#link.send(stringify(message));
  }

  #onMessage(message: readonly unknown[]): void {
    if (message[0] === Code.GOODBYE) {
      if (this.#left) return this.#left();
      // The connection ends next, and tells whoever waits.
      return this.#send([Code.GOODBYE, {}, 'wamp.close.goodbye_and_out']);
    }
    const isError = message[0] === Code.ERROR;
    if (!isError && message[0] !== Code.RESULT) return;
    const request = Number(message[isError ? 2 : 1]);
    const pending = this.#pending.get(request);
    if (!pending) return;
    this.#pending.delete(request);
    clearTimeout(pending.timer);
    if (isError) pending.reject(this.#callError(pending.procedure, message));
    else pending.resolve((message[3] as readonly unknown[] | undefined)?.[0]);
  }

  #callError(procedure: string, message: readonly unknown[]): CallRefused {
    const { url, realm } = this.#login;
    const uri = String(message[4]);
    const said = String((message[5] as readonly unknown[] | undefined)?.[0] ?? uri);
    if (uri === ErrorUri.noSuchProcedure) {
      return new CallRefused(
        uri,
        `realm "${realm}" at ${url} has no ${procedure}: is it the management realm of a wampscope?`,
      );
    }
    if (uri === ErrorUri.notAuthorized) {
      return new CallRefused(uri, `role "${this.#role}" may not call ${procedure} in "${realm}": ${said}`);
    }
    return new CallRefused(uri, said);
  }

  #onClose(why: string): void {
    this.#lost = new ConnectionLost(`the connection to ${this.#login.url} was lost: ${why}`);
    for (const { reject, timer } of this.#pending.values()) {
      clearTimeout(timer);
      reject(this.#lost);
    }
    this.#pending.clear();
    this.#left?.();
  }
}

async function connect(address: string): Promise<ClientLink> {
  const url = new URL(address);
  const options = { timeout: CONNECT_TIMEOUT };
  try {
    if (url.protocol !== 'rs:') return await connectWebSocket(address, options);
    const host = url.hostname.replaceAll(/^\[|\]$/g, '');
    return await connectRawSocket(host, Number(url.port), options);
  } catch (error) {
    throw new TraceFailure(unreachable(address, error as NodeJS.ErrnoException), { cause: error });
  }
}

function unreachable(address: string, error: NodeJS.ErrnoException): string {
  if (error instanceof LinkRefused) return `no WAMP router at ${address}: ${error.message}`;
  if (error.code === 'ENOTFOUND' || error.code === 'EAI_AGAIN') {
    const host = new URL(address).hostname;
    return `no such host: ${isIP(host) ? address : host} (${error.code})`;
  }
  return `nothing answers at ${address} (${error.code ?? error.message}): is the router running? --url says where it is`;
}

function parse(text: string): readonly unknown[] {
  const message = fromJson(text);
  return Array.isArray(message) ? message : [];
}
