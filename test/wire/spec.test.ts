/** Owns the facts of the message table. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CODES, messageName } from '../../src/wire/codes.js';
import { allRows, rowOf, Slot } from '../../src/wire/spec.js';
import { ORACLES, SAMPLES, serializers, violation, WITH_PAYLOAD } from './samples.js';

test('the table has the 24 messages of the specification and no other', () => {
  assert.deepEqual(
    allRows().map(row => row.code),
    SAMPLES.map(([code]) => code),
  );
  assert.equal(allRows().length, 24);
  for (const [name, code] of Object.entries(CODES)) {
    assert.equal(rowOf(code)?.name, name);
    assert.equal(messageName(code), name);
  }
});

test('a row requires what the shortest wire form has', () => {
  for (const sample of SAMPLES) assert.equal(rowOf(sample[0])!.required, sample.length - 1, messageName(sample[0]));
});

test('only the payload, and the details of a revocation, are optional', () => {
  for (const { code, fields, required, name } of allRows()) {
    const optional = fields.slice(required).map(field => field.slot);
    const expected = WITH_PAYLOAD.includes(code) ? [Slot.payload] : /^UN.*ED$/.test(name) ? [Slot.options] : [];
    assert.deepEqual(optional, expected, name);
  }
});

test('a message has each slot at most once', () => {
  for (const { fields, name } of allRows()) assert.equal(new Set(fields.map(f => f.slot)).size, fields.length, name);
});

test('codes that are no WAMP message are refused: HEARTBEAT of old drafts, extensions, anything else', () => {
  for (const code of [0, 7, 9, 15, 71, 255, 256, 337, 1023, 1024, 2 ** 31, 2 ** 32 + 48, 2 ** 53 - 1]) {
    assert.equal(rowOf(code), undefined);
    for (const s of serializers())
      violation(() => s.decode(ORACLES[s.name].encode([code, 1, {}])), /unknown message type/);
  }
});
