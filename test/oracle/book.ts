/** Owns the comparison of a trace with what crossed the wire, session by session, message by message. */

import assert from 'node:assert/strict';
import type { Wire } from '../e2e/proxy.js';
import { CODES, type WireMessage } from '../e2e/wire.js';
import { same } from './same.js';
import type { MessageRecord } from './traced-router.js';

type Direction = 'rx' | 'tx';

/** A connection whose end both sides saw shows everything; of another one the proxy and the router know different tails. */
interface Book {
  readonly session: number;
  readonly serializer: string;
  readonly details: Wire['details'];
  readonly rx: readonly WireMessage[];
  readonly tx: readonly WireMessage[];
  readonly whole: boolean;
}

export interface Comparison {
  /** Messages that the trace and the wire agree on. */
  readonly agreed: number;
  /** Sent by the client and never received by the router, because the connection broke. */
  readonly unreceived: number;
  /** Sent by the router and lost with the connection. */
  readonly lost: number;
  readonly sessions: number;
  /** Sessions whose messages must all be there. */
  readonly whole: number;
  /** Told to go by `wamp.session.kill`: the router ignores what they had already sent. */
  readonly killedSessions: ReadonlySet<number>;
}

const HANDSHAKE = ['HELLO', 'WELCOME', 'ABORT', 'CHALLENGE', 'AUTHENTICATE', 'GOODBYE'];

/** Tokens are of the clients' making; what the router itself publishes has none, and is not traced. */
export function tokenOf(args: unknown): string | undefined {
  const token: unknown = Array.isArray(args) ? args[0] : undefined;
  return typeof token === 'string' && /^t\d+/.test(token) ? token : undefined;
}

function isTraced({ type, message }: WireMessage): boolean {
  return !HANDSHAKE.includes(type) && !(type === 'EVENT' && tokenOf(message[4]) === undefined);
}

function bookOf(wire: Wire): Book | undefined {
  if (!wire.messages.some(message => message.type === 'WELCOME')) return undefined;
  const goodbyes = wire.messages.filter(message => message.type === 'GOODBYE');
  const of = (direction: Direction): WireMessage[] =>
    wire.messages.filter(message => message.direction === direction && isTraced(message));
  return {
    session: wire.session,
    serializer: wire.serializer,
    details: wire.details,
    rx: of('rx'),
    tx: of('tx'),
    whole: goodbyes.length === 2,
  };
}

/** Fails when the trace differs from the wire in anything but the tails of broken connections. */
export function compare(wires: readonly Wire[], records: readonly MessageRecord[]): Comparison {
  checkNumbers(records);
  const books = wires.map(bookOf).filter(book => book !== undefined);
  const traced = new Map<number, { rx: MessageRecord[]; tx: MessageRecord[] }>();
  for (const record of records) {
    const own = traced.get(record.session_id) ?? { rx: [], tx: [] };
    traced.set(record.session_id, own);
    own[record.direction].push(record);
  }
  let agreed = 0;
  let unreceived = 0;
  let lost = 0;
  for (const book of books) {
    const own = traced.get(book.session) ?? { rx: [], tx: [] };
    traced.delete(book.session);
    const rx = compareList(book, book.rx, own.rx);
    const tx = compareList(book, book.tx, own.tx);
    if (book.whole) assert.deepEqual([rx, tx], [0, 0], `session ${book.session}: the trace has more or less`);
    assert.ok(rx <= 0, `session ${book.session}: the router has received ${rx} messages that nobody sent`);
    assert.ok(tx >= 0, `session ${book.session}: the trace lacks ${-tx} messages that the client got`);
    unreceived -= rx;
    lost += tx;
    agreed += own.rx.length + own.tx.length - tx;
  }
  assert.deepEqual([...traced.keys()], [], 'sessions that the proxy has not seen');
  return {
    agreed,
    unreceived,
    lost,
    sessions: books.length,
    whole: books.filter(book => book.whole).length,
    killedSessions: new Set(books.flatMap(book => book.rx.map(victimOf)).filter(victim => victim !== undefined)),
  };
}

function victimOf({ type, message }: WireMessage): number | undefined {
  return type === 'CALL' && message[3] === 'wamp.session.kill' ? (message[4] as number[])[0] : undefined;
}

function checkNumbers(records: readonly MessageRecord[]): void {
  records.forEach((record, i) => {
    assert.equal(record.seq, i, 'numbers have no gaps');
    assert.ok(i === 0 || record.ts >= records[i - 1]!.ts, `record ${i} is older than the one before`);
  });
}

/** How many records there are more than messages. */
function compareList(book: Book, messages: readonly WireMessage[], records: readonly MessageRecord[]): number {
  const shared = Math.min(messages.length, records.length);
  for (let i = 0; i < shared; i++) compareOne(book, messages[i]!, records[i]!);
  for (const record of records.slice(shared)) assert.ok(CODES[record.msg_type.toUpperCase()], 'a message type');
  return records.length - messages.length;
}

function compareOne(book: Book, wire: WireMessage, record: MessageRecord): void {
  const octets = wire.bytes.length;
  const serializations = wire.direction === 'tx' ? { [book.serializer]: octets } : {};
  const holds =
    record.msg_type.toUpperCase() === wire.type &&
    record.bytes === octets &&
    record.realm === book.details.realm &&
    record.authid === book.details.authid &&
    record.authrole === book.details.authrole &&
    same(serializations, record.serializations) &&
    same(wire.message, record.msg) &&
    !record.payload_omitted &&
    !record.dropped;
  if (holds) return;
  const crossed = `${wire.direction} ${octets} octets ${JSON.stringify(wire.message)}`;
  assert.fail(`session ${book.session}\nwire:   ${crossed}\nrecord: ${JSON.stringify(record)}`);
}
