/** Owns reading what a collector answers: what is said, in both encodings, and that nothing it says does harm. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readPartialSuccess } from '../../../src/observers/spans/otlp-response.js';
import { randomFrom } from './actions.js';

const NOTHING = { rejected: 0, message: '' };
const json = (told: unknown): Buffer => Buffer.from(JSON.stringify(told));

test('rejected spans and their reason are read from both encodings', () => {
  // ExportTraceServiceResponse.partial_success = 1 { rejected_spans = 1, error_message = 2 }
  const protobuf = Buffer.from([0x0a, 9, 0x08, 0xac, 0x02, 0x12, 4, ...Buffer.from('full')]);
  assert.deepEqual(readPartialSuccess(protobuf), { rejected: 300, message: 'full' });
  for (const rejectedSpans of [300, '300']) {
    const told = json({ partialSuccess: { rejectedSpans, errorMessage: 'full' } });
    assert.deepEqual(readPartialSuccess(told), { rejected: 300, message: 'full' });
  }
  const snake = json({ partial_success: { rejected_spans: 300, error_message: 'full' } });
  assert.deepEqual(readPartialSuccess(snake), { rejected: 300, message: 'full' });
});

test('full success, a warning alone and fields from the future are read', () => {
  assert.deepEqual(readPartialSuccess(Buffer.alloc(0)), NOTHING);
  assert.deepEqual(readPartialSuccess(json({})), NOTHING);
  assert.deepEqual(readPartialSuccess(json({ partialSuccess: {} })), NOTHING);
  assert.deepEqual(readPartialSuccess(Buffer.from([0x0a, 0])), NOTHING);
  assert.deepEqual(readPartialSuccess(json({ partialSuccess: { errorMessage: 'soon gone' } })).message, 'soon gone');
  const future = Buffer.from([0x1d, 1, 2, 3, 4, 0x0a, 2, 0x08, 7, 0x21, 1, 2, 3, 4, 5, 6, 7, 8, 0x28, 9]);
  assert.deepEqual(readPartialSuccess(future), { rejected: 7, message: '' });
});

test('an answer that is none is taken for full success', () => {
  const wrong = [
    Buffer.from('{'),
    Buffer.from('{"partialSuccess":5}'),
    json({ partialSuccess: { rejectedSpans: -1, errorMessage: {} } }),
    json({ partialSuccess: { rejectedSpans: 1e300 } }),
    Buffer.from('<html>'),
    Buffer.from([0x0a, 200]),
    Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
    Buffer.from([0x08]),
  ];
  for (const body of wrong) assert.deepEqual(readPartialSuccess(body), NOTHING, body.toString('latin1'));
});

test('no octets make reading throw, or count what is no count', () => {
  const random = randomFrom(4);
  for (let i = 0; i < 20_000; i++) {
    const body = Buffer.from(Array.from({ length: random() * 24 }, () => random() ** 2 * 256));
    const { rejected, message } = readPartialSuccess(body);
    assert.ok(Number.isSafeInteger(rejected) && rejected >= 0);
    assert.ok(message.length <= 200);
  }
});
