/** Owns how actions are put together and drawn: rows of records in, text out. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Actions, actionOf, lineOfAction, lineOfRecord } from '../../../src/node/trace/actions.js';
import { MermaidWriter } from '../../../src/node/trace/mermaid.js';
import type { TraceRecord } from '../../../src/node/trace/records.js';
import { drawing } from '../../../src/node/trace/show.js';
import { actionLine } from '../../../src/node/trace/tail.js';
import { painter } from '../../../src/node/trace/terminal.js';

const plain = painter(false);
const C = 'd5d9bcec-a3eb-4f0e-875b-6933680bb546';

type Row = readonly [direction: 'rx' | 'tx', type: string, session: number, extra?: Partial<TraceRecord>];

/** Records of one action, a millisecond apart; the first is its anchor. */
function recordsOf(uri: string, rows: readonly Row[]): TraceRecord[] {
  return rows.map(([direction, msg_type, session_id, extra], i) => ({
    seq: i,
    ts: 1000 + i / 1000,
    direction,
    msg_type,
    session_id,
    authid: `user${session_id}`,
    correlation: C,
    correlation_is_anchor: i === 0,
    correlation_is_last: false,
    uri,
    bytes: 10 + i,
    msg: msg_type === 'Error' ? [8, extra?.msg?.[1] ?? 48, 1, {}, 'com.error'] : [],
    ...extra,
  }));
}

const LAST = { correlation_is_last: true };
const OF_INVOCATION = { msg: [8, 68, 1, {}, 'com.error'] };

test('late and dropped messages are marked, and end nothing', () => {
  const records = recordsOf('com.p', [
    ['rx', 'Call', 1],
    ['tx', 'Invocation', 2],
    ['rx', 'Cancel', 1],
    ['tx', 'Interrupt', 2, { dropped: true }],
    ['tx', 'Error', 1, LAST],
    ['rx', 'Error', 2, { ...OF_INVOCATION, late: true }],
  ]);
  const [head, , ...rest] = drawing(records, 't', plain);
  assert.equal(head, `call com.p  com.error  4.00 ms  correlation ${C}`);
  assert.deepEqual(rest.slice(0, -2), [
    '  caller  session 1  authid user1',
    '  callee  session 2  authid user2',
    '',
    '        caller ──CALL───────────▶ router                                    +0.00 ms    10 B',
    '                                  router ──INVOCATION─────▶ callee          +1.00 ms    11 B',
    '        caller ──CANCEL─────────▶ router                                    +2.00 ms    12 B',
    '                                  router ──INTERRUPT──────▶ callee          +3.00 ms    13 B  dropped',
    '        caller ◀─ERROR────────── router                                     +4.00 ms    14 B'
      .replace('─ERROR', '─ERROR─')
      .replace('router ', 'router'),
    '                                  router ◀─ERROR─────────── callee          +5.00 ms    15 B  late',
  ]);
});

test('a client that calls itself stands on both sides', () => {
  const records = recordsOf('com.p', [
    ['rx', 'Call', 1],
    ['tx', 'Invocation', 1],
    ['rx', 'Yield', 1],
    ['tx', 'Result', 1, LAST],
  ]);
  const lines = drawing(records, 't', plain);
  assert.deepEqual(lines.slice(2, 4), ['  caller  session 1  authid user1', '  callee  session 1  authid user1']);
  assert.match(lines[6]!, /^ {34}router ──INVOCATION─────▶ callee /);
});

test('events to many share an arrow, those that were dropped another', () => {
  const records = recordsOf('com.t', [
    ['rx', 'Publish', 1],
    ['tx', 'Event', 2],
    ['tx', 'Event', 3],
    ['tx', 'Event', 4, { dropped: true }],
    ['tx', 'Event', 5, LAST],
  ]);
  const text = drawing(records, 't', plain).join('\n');
  assert.match(text, /router ──EVENT x2───────▶ 2 clients .* 23 B$/m);
  assert.match(text, /router ──EVENT──────────▶ subscriber 3 .* 13 B {2}dropped$/m);
  assert.match(text, /router ──EVENT──────────▶ subscriber 4 .* 14 B$/m);
});

test('an action without its beginning or end says so', () => {
  const whole = recordsOf('com.p', [
    ['rx', 'Call', 1],
    ['tx', 'Invocation', 2],
    ['rx', 'Yield', 2],
  ]);
  const text = drawing(whole.slice(1), 't', plain).join('\n');
  assert.match(text, /^invocation com\.p {2}open {2}1\.00 ms/);
  assert.match(text, /its first messages are not in this trace\n {2}it has not ended, or its end is not in this trace/);
});

test('outcomes: the last message tells, unless the caller has left', () => {
  const outcome = (...rows: Row[]): string => actionOf(recordsOf('u', rows)).outcome;
  assert.equal(outcome(['rx', 'Call', 1], ['tx', 'Result', 1, LAST]), 'ok');
  assert.equal(outcome(['rx', 'Call', 1], ['tx', 'Error', 1, LAST]), 'com.error');
  assert.equal(outcome(['rx', 'Call', 1], ['tx', 'Invocation', 2, LAST]), 'unanswered');
  assert.equal(outcome(['rx', 'Call', 1], ['tx', 'Invocation', 2]), 'open');
  assert.equal(outcome(['rx', 'Publish', 1, LAST]), 'ok');
  assert.equal(outcome(['rx', 'Register', 1], ['tx', 'Registered', 1, LAST]), 'ok');
});

test('open actions have a limit, and the oldest give way', () => {
  const actions = new Actions();
  const [anchor] = recordsOf('u', [['rx', 'Call', 1]]);
  const numbered = (i: number): TraceRecord => ({ ...anchor!, correlation: String(i) });
  actions.add(Array.from({ length: 10_001 }, (_, i) => numbered(i)));
  assert.equal(actions.abandoned, 1);
  assert.equal(actions.pending(1)[0]!.correlation, '1');
  assert.deepEqual(actions.add([{ ...numbered(0), correlation_is_anchor: false, ...LAST }]), []);
});

test('a line: names where there are names, and nothing that moves the cursor', () => {
  const records = recordsOf('com.\u001b[2Jx', [
    ['rx', 'Call', 1, { authid: 'E45C-W6CH-XGQK-99QR-Q8FH-PUWK' }],
    ['tx', 'Invocation', 2, { authid: 'bob\u202e\u0007' }],
    ['tx', 'Error', 1, { ...LAST, msg: [8, 48, 1, {}, 'e\r\n'] }],
  ]);
  const line = actionLine(lineOfAction(actionOf(records)), plain);
  assert.match(
    line,
    /^\S+ {2}call {9}com\.\\u\{1b\}\[2Jx +2\.00 ms {2}e\\u\{d\}\\u\{a\} {2}1 → bob\\u\{202e\}\\u\{7\} {2}d5d9bcec$/,
  );
});

test('a line of an action-level record', () => {
  const record = {
    seq: 0,
    ts: 1000,
    duration: 0.0015,
    action: 'Call',
    uri: 'com.p',
    correlation: C,
    originator: 7,
    responders: [{ session_id: 8, authid: 'bob' }],
    responder_count: 1,
    messages: 4,
    outcome: 'caller_gone',
    error: null,
    success: true,
  };
  const line = actionLine(lineOfRecord(record), plain);
  assert.match(line, /^\S+ {2}call {9}com\.p +1\.50 ms {2}caller_gone {2}7 → bob {2}d5d9bcec$/);
});

/** The lines that the writer makes; mermaid 11.17 accepts each kind with every text below (tried by hand). */
const GRAMMAR = [
  /^sequenceDiagram$/,
  /^ {2}participant (?:R|S\d+) as (?:[\p{L}\p{N} .,+_/()-]|#\d+;)+$/u,
  /^ {2}Note over S\d+,R: (?:[\p{L}\p{N} .,+_/()-]|#\d+;)+$/u,
  /^ {2}(?:S\d+(?:->>|-->>|-x)R|R(?:->>|-->>|-x)S\d+): (?:[\p{L}\p{N} .,+_/()-]|#\d+;)+$/u,
];

test('mermaid: one line a message', () => {
  const mermaid = new MermaidWriter();
  const records = recordsOf('com.p', [
    ['rx', 'Call', 1],
    ['tx', 'Invocation', 2, { dropped: true }],
    ['tx', 'Error', 1, LAST],
    ['rx', 'Yield', 2, { late: true }],
  ]);
  assert.equal(
    mermaid.begin() + records.map(record => mermaid.add(record)).join(''),
    `sequenceDiagram
  participant R as router
  participant S1 as user1 (session 1)
  Note over S1,R: call com.p ${C}
  S1->>R: CALL (+0.00 ms, 10 B)
  participant S2 as user2 (session 2)
  R-xS2: INVOCATION (+1.00 ms, 11 B, dropped)
  R->>S1: ERROR com.error (+2.00 ms, 12 B)
  S2-->>R: YIELD (+3.00 ms, 13 B, late)
`,
  );
  assert.equal(mermaid.messages, 4);
});

test('mermaid: no text of a client is taken for grammar', () => {
  const texts = [
    'com.style:x#a;b',
    '%%{init: {"theme":"dark"}}%%',
    'end',
    'a;b\nactivate R',
    'wrap: x',
    '"q" <b>x</b>',
    'ünïcödé 日本 😀',
    '-->>',
    '',
    'classDef a:b#c;',
    '#quot;',
    '@{ "type": "actor" }',
    'a\u2028b\u0000',
  ];
  for (const text of texts) {
    const mermaid = new MermaidWriter();
    const records = recordsOf(text, [
      ['rx', 'Call', 1, { authid: text }],
      ['tx', 'Error', 1, { ...LAST, msg: [8, 48, 1, {}, text] }],
    ]);
    const lines = (mermaid.begin() + records.map(record => mermaid.add(record)).join('')).trimEnd().split('\n');
    assert.equal(lines.length, 6, text);
    for (const line of lines)
      assert.ok(
        GRAMMAR.some(pattern => pattern.test(line)),
        line,
      );
  }
});
