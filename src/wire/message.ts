/** Owns the one shape that all decoded WAMP messages share, and a constructor for each kind the router makes. */

import { Code, type MessageCode } from './codes.js';
import { NO_PAYLOAD, type Payload } from './payload.js';

/** Options, Details or Extra: string keys, values as the serializer gave them. */
export type Dict = { readonly [key: string]: unknown };

export const EMPTY_DICT: Dict = Object.freeze({});

/**
 * The head of one WAMP message. One shape for all 24 kinds (ADR-004): every reader of it, on the
 * hot path and in the observatory, stays monomorphic. Slots that a kind does not have hold 0, '' or
 * an empty value; spec.ts says which wire element goes to which slot.
 */
export interface Message {
  readonly code: MessageCode;
  /** `REQUEST.Request|id`. */
  readonly request: number;
  /** What the message is about: `Session`, `Subscription` or `Registration`; for ERROR the `REQUEST.Type`. */
  readonly subject: number;
  /** `PUBLISHED.Publication|id`, in PUBLISHED and EVENT. */
  readonly publication: number;
  /** `Realm`, `Topic`, `Procedure`, `Error` or `Reason`. */
  readonly uri: string;
  /** `AuthMethod` or `Signature`. */
  readonly text: string;
  /** `Options`, `Details` or `Extra`. */
  readonly options: Dict;
  /** `Arguments` and `ArgumentsKw`; `NO_PAYLOAD` when the message ends before them. */
  readonly payload: Payload;
}

export function message(
  code: MessageCode,
  request: number,
  subject: number,
  publication: number,
  uri: string,
  text: string,
  options: Dict,
  payload: Payload,
): Message {
  return { code, request, subject, publication, uri, text, options, payload };
}

export const welcome = (session: number, details: Dict): Message =>
  message(Code.WELCOME, 0, session, 0, '', '', details, NO_PAYLOAD);

export const abort = (details: Dict, reason: string): Message =>
  message(Code.ABORT, 0, 0, 0, reason, '', details, NO_PAYLOAD);

export const challenge = (method: string, extra: Dict): Message =>
  message(Code.CHALLENGE, 0, 0, 0, '', method, extra, NO_PAYLOAD);

export const goodbye = (details: Dict, reason: string): Message =>
  message(Code.GOODBYE, 0, 0, 0, reason, '', details, NO_PAYLOAD);

export const error = (
  requestType: MessageCode,
  request: number,
  details: Dict,
  uri: string,
  payload: Payload = NO_PAYLOAD,
): Message => message(Code.ERROR, request, requestType, 0, uri, '', details, payload);

export const published = (request: number, publication: number): Message =>
  message(Code.PUBLISHED, request, 0, publication, '', '', EMPTY_DICT, NO_PAYLOAD);

export const event = (subscription: number, publication: number, details: Dict, payload: Payload): Message =>
  message(Code.EVENT, 0, subscription, publication, '', '', details, payload);

export const subscribed = (request: number, subscription: number): Message =>
  message(Code.SUBSCRIBED, request, subscription, 0, '', '', EMPTY_DICT, NO_PAYLOAD);

/** `topic` is for whoever watches: it has no place on the wire. */
export const unsubscribed = (request: number, topic: string): Message =>
  message(Code.UNSUBSCRIBED, request, 0, 0, topic, '', EMPTY_DICT, NO_PAYLOAD);

export const registered = (request: number, registration: number): Message =>
  message(Code.REGISTERED, request, registration, 0, '', '', EMPTY_DICT, NO_PAYLOAD);

/** `procedure` is for whoever watches: it has no place on the wire. */
export const unregistered = (request: number, procedure: string): Message =>
  message(Code.UNREGISTERED, request, 0, 0, procedure, '', EMPTY_DICT, NO_PAYLOAD);

/** `procedure` as registered and `policy` are for whoever watches: they have no place on the wire. */
export const invocation = (
  request: number,
  registration: number,
  details: Dict,
  payload: Payload,
  procedure = '',
  policy = '',
): Message => message(Code.INVOCATION, request, registration, 0, procedure, policy, details, payload);

export const interrupt = (request: number, options: Dict): Message =>
  message(Code.INTERRUPT, request, 0, 0, '', '', options, NO_PAYLOAD);

export const result = (request: number, details: Dict, payload: Payload): Message =>
  message(Code.RESULT, request, 0, 0, '', '', details, payload);
