/** Owns the numbers and names of the 24 WAMP messages. What they carry is in spec.ts. */

/** Message type codes (WAMP basic profile, "Messages"). */
export const enum Code {
  HELLO = 1,
  WELCOME = 2,
  ABORT = 3,
  CHALLENGE = 4,
  AUTHENTICATE = 5,
  GOODBYE = 6,
  ERROR = 8,
  PUBLISH = 16,
  PUBLISHED = 17,
  SUBSCRIBE = 32,
  SUBSCRIBED = 33,
  UNSUBSCRIBE = 34,
  UNSUBSCRIBED = 35,
  EVENT = 36,
  CALL = 48,
  CANCEL = 49,
  RESULT = 50,
  REGISTER = 64,
  REGISTERED = 65,
  UNREGISTER = 66,
  UNREGISTERED = 67,
  INVOCATION = 68,
  INTERRUPT = 69,
  YIELD = 70,
}

export type MessageCode = Code;

/** By name. */
export const CODES = {
  HELLO: Code.HELLO,
  WELCOME: Code.WELCOME,
  ABORT: Code.ABORT,
  CHALLENGE: Code.CHALLENGE,
  AUTHENTICATE: Code.AUTHENTICATE,
  GOODBYE: Code.GOODBYE,
  ERROR: Code.ERROR,
  PUBLISH: Code.PUBLISH,
  PUBLISHED: Code.PUBLISHED,
  SUBSCRIBE: Code.SUBSCRIBE,
  SUBSCRIBED: Code.SUBSCRIBED,
  UNSUBSCRIBE: Code.UNSUBSCRIBE,
  UNSUBSCRIBED: Code.UNSUBSCRIBED,
  EVENT: Code.EVENT,
  CALL: Code.CALL,
  CANCEL: Code.CANCEL,
  RESULT: Code.RESULT,
  REGISTER: Code.REGISTER,
  REGISTERED: Code.REGISTERED,
  UNREGISTER: Code.UNREGISTER,
  UNREGISTERED: Code.UNREGISTERED,
  INVOCATION: Code.INVOCATION,
  INTERRUPT: Code.INTERRUPT,
  YIELD: Code.YIELD,
} as const;

export type MessageName = keyof typeof CODES;

const names: (MessageName | undefined)[] = [];
for (const [name, code] of Object.entries(CODES)) names[code] = name as MessageName;

/** `CALL` for 48; `undefined` for a number that is no WAMP message. */
export function messageName(code: number): MessageName | undefined {
  return names[code];
}
