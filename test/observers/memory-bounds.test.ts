/** Owns what a trace promises about memory: what counts, what is kept once, what goes first when it is full. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PayloadRing } from '../../src/observers/payload-ring.js';
import { traced } from './traced.js';

test('a payload ring that is full drops the records of the overwritten payloads', async () => {
  const { o, log } = traced({ maxBytes: 1000 });
  const client = await o.client();
  const text = 'x'.repeat(196);
  for (let i = 0; i < 10; i++) await client.request([16, undefined, {}, 'com.t', [text + String(i)]]);
  await client.request([16, undefined, {}, 'com.t', ['y'.repeat(400)]]);
  const records = log.read(0, 99);
  assert.ok(log.firstSeq > 0);
  assert.deepEqual(
    records.slice(0, -1).map(r => r.payload),
    records.slice(0, -1).map(r => [[text + String(r.seq)]]),
  );
  assert.equal(records.at(-1)!.payloadOmitted, true);
});

test('options count as well: heavy ones drop the oldest records, never one that is kept', async () => {
  const { o, log } = traced({ maxBytes: 20_000, payload: false });
  const client = await o.client();
  for (let i = 0; i < 40; i++) await client.request([16, undefined, { note: 'x'.repeat(400), i }, 'com.t']);
  const records = log.read(0, 99);
  assert.ok(records.length > 10 && records.length < 25, `${records.length} records of about 1000 octets`);
  assert.equal(records[0]!.seq, log.firstSeq);
  assert.deepEqual(
    records.map(r => r.options.i),
    records.map(r => r.seq),
  );
});

test('a fan-out and a payload passed on share their octets and read back whole', async () => {
  const { o, log } = traced({ maxBytes: 4096 });
  const publisher = await o.client();
  for (let i = 0; i < 5; i++) await (await o.client()).request([32, undefined, {}, 'com.t']);
  const { nextSeq } = log;
  // 6 records of 500 octets each fit into 4096 because they are kept once.
  for (const text of ['a', 'b', 'c']) await publisher.request([16, undefined, {}, 'com.t', [text.repeat(500)]]);
  const records = log.read(nextSeq, 99);
  assert.deepEqual(
    records.map(r => [r.code, (r.payload![0] as string[])[0]![0], (r.payload![0] as string[])[0]!.length]),
    ['a', 'b', 'c'].flatMap(text => [16, 36, 36, 36, 36, 36].map(code => [code, text, 500])),
  );
  assert.equal(new Set(records.map(r => r.session.id)).size, 6);
});

test('what is held back is bounded in octets: then the trace is exhausted, and counts what it gives up', async () => {
  const { o, log } = traced({ filter: { minDuration: 1000 }, maxBytes: 4096 });
  const client = await o.client();
  await client.request([64, undefined, {}, 'com.p']);
  // INVOCATION passes the payload of CALL on.
  for (let i = 0; i < 9; i++) await client.request([48, undefined, {}, 'com.p', ['x'.repeat(400)]]);
  assert.deepEqual([log.exhausted, log.overflow], [false, 0]);
  for (let i = 0; i < 4; i++) await client.request([48, undefined, {}, 'com.p', ['x'.repeat(400)]]);
  assert.equal(log.exhausted, true);
  assert.ok(log.overflow > 0);
});

test('payload ring: what is there reads back as written, for random sizes', () => {
  let state = 7;
  const below = (n: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  const SIZE = 500;
  const ring = new PayloadRing(SIZE);
  let written: { place: number; bytes: Buffer }[] = [];
  let most = 0;
  for (let n = 0; n < 5000; n++) {
    const around = below(3) * 20;
    const bytes = Buffer.from(Array.from({ length: around + below(140) }, () => below(256)));
    const place = ring.write(bytes, Math.min(around, bytes.length), bytes.length);
    const payload = bytes.subarray(around);
    if (place >= 0) written.push({ place, bytes: payload });
    else assert.ok(bytes.length > SIZE / 4);
    assert.ok(written.every(({ place }, i) => i === 0 || place >= written[i - 1]!.place));
    written = written.filter(({ place }) => place >= ring.oldest);
    for (const { place, bytes } of written) assert.deepEqual(ring.read(place, bytes.length), bytes);
    most = Math.max(most, written.length);
  }
  assert.ok(most > 5);
});
