/** Owns the message table: who may send what, in which order of elements. Serializers are loops over it. */

import { CODES, type MessageCode, type MessageName } from './codes.js';

/** Where an element lands in a `Message`; the number is what serializers switch on. */
export const enum Slot {
  request = 0,
  subject = 1,
  publication = 2,
  requestType = 3,
  uri = 4,
  text = 5,
  options = 6,
  payload = 7,
}

/** One element of the wire form. `payload` stands for the pair `Arguments|list, ArgumentsKw|dict`. */
export interface Field {
  /** The specification's name, for error texts: `Request|id`. */
  readonly wire: string;
  readonly slot: Slot;
}

export interface Row {
  readonly code: MessageCode;
  readonly name: MessageName;
  /** Who sends it: `client` to the router, `router` to a client, or either. */
  readonly sender: 'client' | 'router' | 'both';
  readonly fields: readonly Field[];
  /** Elements that must be there, the type code not counted. */
  readonly required: number;
}

const request: Field = { wire: 'Request|id', slot: Slot.request };
const session: Field = { wire: 'Session|id', slot: Slot.subject };
const subscription: Field = { wire: 'Subscription|id', slot: Slot.subject };
const registration: Field = { wire: 'Registration|id', slot: Slot.subject };
const publication: Field = { wire: 'Publication|id', slot: Slot.publication };
const requestType: Field = { wire: 'REQUEST.Type|int', slot: Slot.requestType };
const realm: Field = { wire: 'Realm|uri', slot: Slot.uri };
const topic: Field = { wire: 'Topic|uri', slot: Slot.uri };
const procedure: Field = { wire: 'Procedure|uri', slot: Slot.uri };
const reason: Field = { wire: 'Reason|uri', slot: Slot.uri };
const errorUri: Field = { wire: 'Error|uri', slot: Slot.uri };
const method: Field = { wire: 'AuthMethod|string', slot: Slot.text };
const signature: Field = { wire: 'Signature|string', slot: Slot.text };
const options: Field = { wire: 'Options|dict', slot: Slot.options };
const details: Field = { wire: 'Details|dict', slot: Slot.options };
const extra: Field = { wire: 'Extra|dict', slot: Slot.options };
const payload: Field = { wire: 'Arguments|list', slot: Slot.payload };

const rows: (Row | undefined)[] = [];

function row(name: MessageName, sender: Row['sender'], fields: readonly Field[], optional = 0): void {
  const code = CODES[name];
  const implied = fields.at(-1) === payload ? 1 : 0;
  rows[code] = { code, name, sender, fields, required: fields.length - implied - optional };
}

row('HELLO', 'client', [realm, details]);
row('WELCOME', 'router', [session, details]);
row('ABORT', 'both', [details, reason, payload]);
row('CHALLENGE', 'router', [method, extra]);
row('AUTHENTICATE', 'client', [signature, extra]);
row('GOODBYE', 'both', [details, reason]);
row('ERROR', 'both', [requestType, request, details, errorUri, payload]);
row('PUBLISH', 'client', [request, options, topic, payload]);
row('PUBLISHED', 'router', [request, publication]);
row('SUBSCRIBE', 'client', [request, options, topic]);
row('SUBSCRIBED', 'router', [request, subscription]);
row('UNSUBSCRIBE', 'client', [request, subscription]);
// The trailing Details exist for revocation only (advanced profile), so they are optional and not written when empty.
row('UNSUBSCRIBED', 'router', [request, details], 1);
row('EVENT', 'router', [subscription, publication, details, payload]);
row('CALL', 'client', [request, options, procedure, payload]);
row('CANCEL', 'client', [request, options]);
row('RESULT', 'router', [request, details, payload]);
row('REGISTER', 'client', [request, options, procedure]);
row('REGISTERED', 'router', [request, registration]);
row('UNREGISTER', 'client', [request, registration]);
row('UNREGISTERED', 'router', [request, details], 1);
row('INVOCATION', 'router', [request, registration, details, payload]);
row('INTERRUPT', 'router', [request, options]);
row('YIELD', 'client', [request, options, payload]);

/** The row of a type code, or `undefined` when no such message exists. */
export function rowOf(code: number): Row | undefined {
  return rows[code];
}

/** Every row, in the order of the codes. */
export function allRows(): Row[] {
  return rows.filter(r => r !== undefined);
}
