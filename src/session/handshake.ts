/** Owns HELLO to WELCOME or ABORT, without IO: what was said goes in, what to answer comes out. */

import { Code } from '../wire/codes.js';
import { ErrorUri, ProtocolViolation } from '../wire/errors.js';
import type { RandomIds } from '../wire/ids.js';
import type { Dict, Message } from '../wire/message.js';
import { isUri } from '../wire/uris.js';
import { anonymous } from './auth/anonymous.js';
import type { Authenticator, AuthOptions, AuthStep, Identity } from './auth/authenticator.js';
import { ticket } from './auth/ticket.js';

/** What a HELLO asks for, checked. */
export interface Hello {
  readonly realm: string;
  readonly details: Dict;
  readonly roles: Dict;
}

export type HandshakeStep =
  | { readonly kind: 'welcome'; readonly hello: Hello; readonly identity: Identity }
  | { readonly kind: 'challenge'; readonly method: string; readonly extra: Dict }
  | { readonly kind: 'abort'; readonly reason: string; readonly message: string };

/** The realm questions that a handshake asks. */
export interface RealmDirectory {
  realm(name: string): { hasRole(role: string): boolean } | undefined;
}

const CLIENT_ROLES = ['caller', 'callee', 'publisher', 'subscriber'];

export class Handshake {
  readonly #auth: AuthOptions;
  readonly #realms: RealmDirectory;
  readonly #ids: RandomIds;
  /** The method in use; `none` before one was found. */
  method = 'none';
  #hello: Hello | undefined;
  #pending: Authenticator | undefined;

  constructor(auth: AuthOptions, realms: RealmDirectory, ids: RandomIds) {
    this.#auth = auth;
    this.#realms = realms;
    this.#ids = ids;
  }

  /** @throws ProtocolViolation for a message that has no place here (WAMP basic, "Protocol Errors"). */
  receive(m: Message): HandshakeStep {
    if (m.code === Code.HELLO && !this.#hello) return this.#onHello(m);
    if (m.code === Code.AUTHENTICATE && this.#pending) return this.#step(this.#pending, this.#pending.respond(m.text));
    throw new ProtocolViolation(
      this.#pending
        ? 'AUTHENTICATE expected while a CHALLENGE is pending'
        : 'HELLO expected: no session is established',
    );
  }

  #onHello(m: Message): HandshakeStep {
    if (!isUri(m.uri, 'loose')) return refuse(ErrorUri.invalidUri, `HELLO.Realm "${m.uri}" is not a URI`);
    const realm = this.#realms.realm(m.uri);
    if (!realm) return refuse(ErrorUri.noSuchRealm, `this router has no realm "${m.uri}"`);
    const roles = m.options.roles;
    if (typeof roles !== 'object' || roles === null || Array.isArray(roles)) {
      throw new ProtocolViolation('HELLO.Details.roles must be a dict of the client roles');
    }
    if (!CLIENT_ROLES.some(role => Object.hasOwn(roles, role))) {
      throw new ProtocolViolation(`HELLO.Details.roles must have one of ${CLIENT_ROLES.join(', ')}`);
    }
    const { authid } = m.options;
    if (authid !== undefined && authid !== null && typeof authid !== 'string') {
      throw new ProtocolViolation('HELLO.Details.authid must be a string');
    }
    this.#hello = { realm: m.uri, details: m.options, roles: roles as Dict };
    const asked = methodsOf(m.options);
    const authenticator = this.#choose(asked, m.options);
    if (!authenticator) {
      const known = Object.keys(this.#auth).join(', ') || 'none';
      return refuse(
        ErrorUri.noMatchingAuthMethod,
        `no authentication method in common: the client offers ${asked.join(', ')}, this transport accepts ${known}`,
      );
    }
    this.method = authenticator.method;
    return this.#step(authenticator, authenticator.start());
  }

  /** The client's first method that this transport offers. */
  #choose(asked: readonly string[], details: Dict): Authenticator | undefined {
    for (const method of asked) {
      if (method === 'anonymous' && this.#auth.anonymous) return anonymous(this.#auth.anonymous, this.#serial());
      if (method === 'ticket' && this.#auth.ticket) return ticket(this.#auth.ticket, String(details.authid ?? ''));
    }
    return undefined;
  }

  #step(authenticator: Authenticator, step: AuthStep): HandshakeStep {
    if (step.kind === 'deny') return refuse(step.reason, step.message);
    if (step.kind === 'challenge') {
      this.#pending = authenticator;
      return { kind: 'challenge', method: authenticator.method, extra: step.extra };
    }
    const hello = this.#hello!;
    const role = step.identity.authrole;
    if (!this.#realms.realm(hello.realm)?.hasRole(role)) {
      return refuse(ErrorUri.noSuchRole, `realm "${hello.realm}" has no role "${role}"`);
    }
    return { kind: 'welcome', hello, identity: step.identity };
  }

  /** An authid for somebody without a name, in the form Crossbar's users know. */
  #serial(): string {
    const symbols = '3456789ACEFGHJKLMNPQRSTUVWXY';
    let text = '';
    for (let i = 0; i < 24; i++) {
      if (i > 0 && i % 4 === 0) text += '-';
      text += symbols[this.#ids.word() % symbols.length]!;
    }
    return text;
  }
}

function refuse(reason: string, message: string): HandshakeStep {
  return { kind: 'abort', reason, message };
}

function methodsOf(details: Dict): string[] {
  const methods = details.authmethods;
  if (methods === undefined || methods === null) return ['anonymous'];
  if (!Array.isArray(methods) || !methods.every(method => typeof method === 'string')) {
    throw new ProtocolViolation('HELLO.Details.authmethods must be a list of strings');
  }
  return methods.length ? methods : ['anonymous'];
}
