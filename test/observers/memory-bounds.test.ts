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
  for (let i = 0; i < 4; i++) await client.request([48, undefined, {}, 'com.p', ['x'.repeat(400)]]);
  assert.deepEqual([log.exhausted, log.overflow], [false, 0]);
  for (let i = 0; i < 4; i++) await client.request([48, undefined, {}, 'com.p', ['x'.repeat(400)]]);
  assert.equal(log.exhausted, true);
  assert.ok(log.overflow > 0);
});

test('payload ring: what is kept reads back as written, for random sizes', () => {
  let state = 7;
  const below = (n: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  const SLOTS = 32;
  const ring = new PayloadRing(SLOTS, 500);
  const written = new Map<number, { at: number; bytes: Buffer }>();
  let first = 0;
  for (let seq = 0; seq < 5000; seq++) {
    first = Math.max(first, seq - SLOTS + 1);
    if (below(4) > 0) {
      const bytes = Buffer.from(Array.from({ length: below(140) }, () => below(256)));
      const at = ring.write(seq, bytes, 0, bytes.length);
      first = Math.max(first, ring.lost);
      if (at >= 0) written.set(seq, { at, bytes });
      else assert.ok(bytes.length > 125);
    } else if (written.has(seq - 1)) {
      ring.share(seq);
      written.set(seq, written.get(seq - 1)!);
    }
    for (const [kept, { at, bytes }] of written) {
      if (kept < first) written.delete(kept);
      else assert.deepEqual(ring.read(at, bytes.length), bytes);
    }
  }
  assert.ok(written.size > 0);
});
