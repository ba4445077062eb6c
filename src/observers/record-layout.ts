/** Owns where the numbers of a record lie in the columns of a ring. */

/** Layout of a row: two doubles and three words, in 32 octets. */
export const ROW_DOUBLES = 4;
export const ROW_WORDS = 8;
export const Row = { at: 0, frame: 1, bytes: 4, body: 5, flags: 6 } as const;

/** Layout of a body: three doubles, eight words of ids, seven words and a double, in 96 octets; and four references. */
export const BODY_DOUBLES = 12;
export const BODY_WORDS = 24;
export const Body = {
  request: 0,
  subject: 1,
  publication: 2,
  ids: 6,
  payloadAt: 14,
  payloadLength: 15,
  code: 16,
  weight: 17,
  span: 18,
  kept: 20,
  /** A double: the words 22 and 23. */
  anchor: 11,
} as const;
export const BODY_REFS = 4;
export const Ref = { uri: 0, messageUri: 1, options: 2, codec: 3 } as const;
/** The code is the low octet of its word; above it is the number of payload elements that were kept. */
export const COUNT_SHIFT = 8;
