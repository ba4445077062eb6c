/** Owns the interface of authentication methods: no IO, one decision per message. */

/** Who a session will be. */
export interface Identity {
  readonly authid: string;
  readonly authrole: string;
  readonly authmethod: string;
  /** `static` when the configuration names the principal. */
  readonly authprovider: string;
}

export type AuthStep =
  | { readonly kind: 'accept'; readonly identity: Identity }
  | { readonly kind: 'challenge'; readonly extra: { readonly [key: string]: unknown } }
  | { readonly kind: 'deny'; readonly reason: string; readonly message: string };

/** One run of an authentication method for one HELLO. */
export interface Authenticator {
  readonly method: string;
  start(): AuthStep;
  /** The answer to a challenge. The signature is a secret: it must not get into any text. */
  respond(signature: string): AuthStep;
}

export interface AuthOptions {
  readonly anonymous?: { readonly role: string; readonly authid?: string | undefined } | undefined;
  readonly ticket?:
    | { readonly principals: ReadonlyMap<string, { readonly ticket: string; readonly role: string }> }
    | undefined;
}
