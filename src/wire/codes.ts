/** Owns the numbers and names of the 24 WAMP messages. What they carry is in spec.ts. */

/** Message type codes (WAMP basic profile, "Messages"). */
export const Code = {
  HELLO: 1,
  WELCOME: 2,
  ABORT: 3,
  CHALLENGE: 4,
  AUTHENTICATE: 5,
  GOODBYE: 6,
  ERROR: 8,
  PUBLISH: 16,
  PUBLISHED: 17,
  SUBSCRIBE: 32,
  SUBSCRIBED: 33,
  UNSUBSCRIBE: 34,
  UNSUBSCRIBED: 35,
  EVENT: 36,
  CALL: 48,
  CANCEL: 49,
  RESULT: 50,
  REGISTER: 64,
  REGISTERED: 65,
  UNREGISTER: 66,
  UNREGISTERED: 67,
  INVOCATION: 68,
  INTERRUPT: 69,
  YIELD: 70,
} as const;

export type MessageName = keyof typeof Code;
export type MessageCode = (typeof Code)[MessageName];

const names: (MessageName | undefined)[] = [];
for (const [name, code] of Object.entries(Code)) names[code] = name as MessageName;

/** `CALL` for 48; `undefined` for a number that is no WAMP message. */
export function messageName(code: number): MessageName | undefined {
  return names[code];
}
