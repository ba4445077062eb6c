/** Owns what is taken for a trace context, and what is ignored and counted. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Dict } from '../../src/wire/message.js';
import { isBaggage, isTraceparent, isTracestate, readTraceContext, withMember } from '../../src/wire/trace-context.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';
const GOOD = `00-${TRACE}-${SPAN}-01`;

const TRACEPARENTS: readonly (readonly [text: string, good: boolean, why: string])[] = [
  [GOOD, true, 'the example of the specification'],
  [`00-${TRACE}-${SPAN}-00`, true, 'not sampled'],
  [`00-${TRACE}-${SPAN}-ff`, true, 'flags that nobody knows yet'],
  [`cc-${TRACE}-${SPAN}-01`, true, 'a later version'],
  [`cc-${TRACE}-${SPAN}-01-what-the-future-brings`, true, 'a later version with more fields'],
  [`cc-${TRACE}-${SPAN}-01.what-the-future-brings`, false, 'a later version that goes on without a dash'],
  [`ff-${TRACE}-${SPAN}-01`, false, 'version ff'],
  [`00-${TRACE}-${SPAN}-01-more`, false, 'version 00 with more fields'],
  [`00-${TRACE}-${SPAN}-01 `, false, '56 characters'],
  [`00-${TRACE}-${SPAN}-1`, false, '54 characters'],
  [`00-${TRACE.toUpperCase()}-${SPAN}-01`, false, 'upper case'],
  [`00-${'0'.repeat(32)}-${SPAN}-01`, false, 'no trace id'],
  [`00-${TRACE}-${'0'.repeat(16)}-01`, false, 'no span id'],
  [`00-${TRACE.slice(1)}g-${SPAN}-01`, false, 'no hexadecimal digit'],
  [`00_${TRACE}_${SPAN}_01`, false, 'other separators'],
  [`0x-${TRACE}-${SPAN}-01`, false, 'a version that is no number'],
  [`cc-${TRACE}-${SPAN}-01-${'x'.repeat(500)}`, false, 'a book'],
  ['', false, 'nothing'],
];

test('traceparent: 55 characters of version 00, lower case, no id of zeros; later versions as the specification says', () => {
  for (const [text, good, why] of TRACEPARENTS) assert.equal(isTraceparent(text), good, why);
});

const member = (n: number): string => `k${n}=v`;
const members = (n: number): string => Array.from({ length: n }, (_, i) => member(i)).join(',');

const TRACESTATES: readonly (readonly [text: string, good: boolean, why: string])[] = [
  ['congo=t61rcWkgMzE', true, 'one member'],
  ['rojo=00f067aa0ba902b7,congo=t61rcWkgMzE', true, 'two'],
  ['a=1 ,\t b=2', true, 'space around the comma'],
  ['a=1,,b=2', true, 'an empty member'],
  ['tenant@system=1', true, 'a tenant'],
  ['0a=1', true, 'level 2: a key may begin with a digit'],
  ['a=b c', true, 'a space within a value'],
  ['ot=th:c;rv:d29d6a7215ced0', true, 'OpenTelemetry'],
  [members(32), true, '32 members'],
  [members(33), false, '33 members'],
  [`a=${'x'.repeat(256)}`, true, 'a value of 256'],
  [`a=${'x'.repeat(257)}`, false, 'a value of 257'],
  [`a=${'x'.repeat(250)},b=${'x'.repeat(257)}`, false, '512 characters, one value too long'],
  [`a=${'x'.repeat(254)},b=${'x'.repeat(253)}`, true, '512 characters'],
  [`a=${'x'.repeat(254)},b=${'x'.repeat(254)}`, false, '513 characters'],
  ['a=1,a=2', false, 'a key twice'],
  ['A=1', false, 'upper case key'],
  ['a', false, 'no value'],
  ['a=1=2', false, 'two equals signs'],
  ['=1', false, 'no key'],
  ['a=ü', false, 'not ASCII'],
  [',', false, 'no member at all'],
];

test('tracestate: 512 characters, 32 members, keys once', () => {
  for (const [text, good, why] of TRACESTATES) assert.equal(isTracestate(text), good, why);
});

const entries = (n: number): string => Array.from({ length: n }, (_, i) => `k${i}=v`).join(',');
const BAGGAGES: readonly (readonly [text: string, good: boolean, why: string])[] = [
  ['userId=alice,serverNode=DF%2028,isProduction=false', true, 'the example of the specification'],
  ['key1=value1;property1;property2, key2 = value2, key3=value3; propertyKey=propertyValue', true, 'properties'],
  ['empty=', true, 'an empty value'],
  [entries(180), true, '180 entries'],
  [entries(181), false, '181 entries'],
  [`a=${'x'.repeat(8190)}`, true, '8192 octets'],
  [`a=${'x'.repeat(8191)}`, false, '8193 octets'],
  ['no value', false, 'no pair'],
  ['a="quoted"', false, 'quotes'],
  ['a=ü', false, 'not ASCII'],
  ['a=1,', false, 'an empty entry'],
];

test('baggage: 8192 octets, 180 entries', () => {
  for (const [text, good, why] of BAGGAGES) assert.equal(isBaggage(text), good, why);
});

test('ids become words, and what came goes on as it came', () => {
  const faults = { traceparent: 0, tracestate: 0, baggage: 0 };
  const given: Dict = { _traceparent: GOOD, _tracestate: 'a=1, b=2', _baggage: 'k=v', disclose_me: true };
  const { details, ...context } = readTraceContext(given, true, faults)!;
  assert.deepEqual(context, {
    trace0: 0x4bf92f35,
    trace1: 0x77b34da6,
    trace2: 0xa3ce929d | 0,
    trace3: 0x0e0e4736,
    span0: 0x00f067aa,
    span1: 0x0ba902b7,
    flags: 1,
    tracestate: 'a=1, b=2',
    baggage: 'k=v',
  });
  assert.deepEqual(details, { _traceparent: GOOD, _tracestate: 'a=1, b=2', _baggage: 'k=v' });
  assert.deepEqual(faults, { traceparent: 0, tracestate: 0, baggage: 0 });
});

test('keys without the underscore are read as well, and go on with it', () => {
  const faults = { traceparent: 0, tracestate: 0, baggage: 0 };
  const context = readTraceContext({ traceparent: GOOD, tracestate: 'a=1', baggage: 'k=v' }, false, faults);
  assert.deepEqual(context?.details, { _traceparent: GOOD, _tracestate: 'a=1' });
});

test('what is malformed is ignored and counted, each part by itself', () => {
  const cases: readonly (readonly [Dict, expected: object | undefined, counts: number[]])[] = [
    [{}, undefined, [0, 0, 0]],
    [{ _traceparent: null }, undefined, [0, 0, 0]],
    [{ _tracestate: 'a=1' }, undefined, [0, 0, 0]],
    [{ _traceparent: 'nonsense', _tracestate: '!' }, undefined, [1, 0, 0]],
    [{ _traceparent: 7 }, undefined, [1, 0, 0]],
    [{ _traceparent: [GOOD] }, undefined, [1, 0, 0]],
    [{ _traceparent: Buffer.from(GOOD) }, undefined, [1, 0, 0]],
    [{ _traceparent: GOOD, _tracestate: 'A=1' }, { _traceparent: GOOD }, [0, 1, 0]],
    [{ _traceparent: GOOD, _tracestate: { a: 1 } }, { _traceparent: GOOD }, [0, 1, 0]],
    [{ _traceparent: GOOD, _baggage: 'x' }, { _traceparent: GOOD }, [0, 0, 1]],
  ];
  for (const [given, expected, counts] of cases) {
    const faults = { traceparent: 0, tracestate: 0, baggage: 0 };
    assert.deepEqual(readTraceContext(given, true, faults)?.details, expected, JSON.stringify(given));
    assert.deepEqual(Object.values(faults), counts, JSON.stringify(given));
  }
});

test('a member goes in front, takes the place of its like, and pushes out the last when there is no room', () => {
  assert.equal(withMember('', 'ot', 'ot=th:8'), 'ot=th:8');
  assert.equal(withMember('a=1, ot=th:0,b=2', 'ot', 'ot=th:8'), 'ot=th:8,a=1,b=2');
  assert.equal(withMember('a=1,ot=th:0', 'ot', ''), 'a=1');
  assert.equal(withMember('', 'ot', ''), '');
  assert.equal(withMember(members(32), 'ot', 'ot=th:8'), `ot=th:8,${members(31)}`);
  const long = `a=${'x'.repeat(254)},b=${'x'.repeat(253)}`;
  assert.equal(withMember(long, 'ot', 'ot=th:8'), `ot=th:8,a=${'x'.repeat(254)}`);
});
