/** Owns what the trace log promises: which messages are recorded, in which order, what stays when the ring is full. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PayloadRing } from '../../src/observers/payload-ring.js';
import { TraceLog } from '../../src/observers/trace-log.js';
import { Observed } from '../trace/observed.js';

function traced(options: Partial<ConstructorParameters<typeof TraceLog>[0]> = {}): { o: Observed; log: TraceLog } {
  const o = new Observed();
  const codec = o.router.serializers.json;
  const log = new TraceLog({ payload: true, maxRecords: 64, maxPayloadBytes: 4096, codec, ...options });
  o.observe(log);
  return { o, log };
}

test('one action: its messages, one anchor, one last, the payload as sent', async () => {
  const { o, log } = traced();
  const client = await o.client();
  await client.request([64, undefined, {}, 'com.p']);
  await client.request([48, undefined, {}, 'com.p', [1, 'ä'], { k: [true] }]);
  await client.send([70, 1, {}, ['done']]);
  const records = log.read(0, 100);
  assert.deepEqual(
    records.map(r => [r.direction, r.code, r.anchor, r.last]),
    [
      ['received', 64, true, false],
      ['sent', 65, false, true],
      ['received', 48, true, false],
      ['sent', 68, false, false],
      ['received', 70, false, false],
      ['sent', 50, false, true],
    ],
  );
  assert.equal(new Set(records.slice(2).map(r => r.correlation)).size, 1);
  assert.deepEqual(records[2]!.payload, [[1, 'ä'], { k: [true] }]);
  assert.deepEqual(records[3]!.payload, [[1, 'ä'], { k: [true] }]);
  assert.deepEqual(records[5]!.payload, [['done']]);
  assert.ok(records.every((r, i) => r.seq === i && (i === 0 || r.at >= records[i - 1]!.at)));
  assert.ok(records.every(r => r.bytes > 0 && r.session.id === client.id));
});

test('no payload is kept unless asked for, and the record says so', async () => {
  const { o, log } = traced({ payload: false });
  const client = await o.client();
  await client.request([16, undefined, {}, 'com.t', ['secret']]);
  await client.request([16, undefined, {}, 'com.t']);
  assert.deepEqual(
    log.read(0, 9).map(r => [r.payload, r.payloadOmitted, r.anchor, r.last]),
    [
      [undefined, true, true, true],
      [undefined, false, true, true],
    ],
  );
});

test('the handshake and the router’s own sessions are not recorded', async () => {
  const { o, log } = traced();
  const client = await o.client();
  await client.request([32, undefined, {}, 'wamp.session.on_join']);
  await o.client();
  await client.request([48, undefined, {}, 'wamp.session.count']);
  assert.equal(client.last[3] !== undefined, true);
  const records = log.read(0, 99);
  assert.deepEqual(
    records.map(r => r.code),
    [32, 33, 48, 50],
  );
  assert.deepEqual(
    records.map(r => r.last),
    [false, true, false, true],
  );
});

test('a full ring drops the oldest records and keeps the numbering', async () => {
  const { o, log } = traced();
  const client = await o.client();
  for (let i = 0; i < 100; i++) await client.request([16, undefined, { acknowledge: true }, 'com.t', [i]]);
  assert.equal(log.nextSeq, 200);
  assert.equal(log.firstSeq, 136);
  const records = log.read(0, 1000);
  assert.deepEqual(
    records.map(r => r.seq),
    Array.from({ length: 64 }, (_, i) => 136 + i),
  );
  assert.deepEqual(records.at(-2)!.payload, [[99]]);
});

test('a payload ring that is full drops the records of the overwritten payloads', async () => {
  const { o, log } = traced({ maxPayloadBytes: 1000 });
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

test('payload ring: what is kept reads back as written, for random sizes', () => {
  let state = 7;
  const below = (n: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  const SLOTS = 32;
  const ring = new PayloadRing(SLOTS, 500);
  const written = new Map<number, Buffer>();
  let first = 0;
  for (let seq = 0; seq < 5000; seq++) {
    first = Math.max(first, seq - SLOTS + 1);
    const i = seq & (SLOTS - 1);
    written.delete(seq - SLOTS);
    if (below(4) > 0) {
      const bytes = Buffer.from(Array.from({ length: below(140) }, () => below(256)));
      const oldest = ring.write(i, seq, bytes, 0, bytes.length);
      if (oldest >= 0) {
        first = Math.max(first, oldest);
        written.set(seq, bytes);
      } else {
        assert.ok(bytes.length > 125);
      }
    }
    for (const [kept, bytes] of written) {
      if (kept < first) written.delete(kept);
      else assert.deepEqual(ring.read(kept & (SLOTS - 1)), bytes);
    }
  }
  assert.ok(written.size > 0);
});
