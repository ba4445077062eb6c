/** Proves a ring of records against a plain list, at sizes where its front and the ring itself turn over many times. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LoggedMessage } from '../../src/observers/logged-message.js';
import { RecordRing } from '../../src/observers/record-ring.js';
import type { SessionRef } from '../../src/tap.js';
import { TracedAction } from '../../src/trace/action.js';
import { RandomIds } from '../../src/wire/ids.js';
import type { Message } from '../../src/wire/message.js';
import { JsonSerializer } from '../../src/wire/serializers/json.js';
import { Random } from '../helpers/random.js';
import { session } from './spans/actions.js';

const json = new JsonSerializer();
const ids = new RandomIds(words => crypto.getRandomValues(words));
const SESSIONS = Array.from({ length: 9 }, (_, i) => session(i + 1));
const STEPS = 3000;

function message(...parts: unknown[]): Message {
  return json.decode(Buffer.from(JSON.stringify(parts)));
}

/** What is to be read of a record again. */
type Expected = Pick<LoggedMessage, 'code' | 'direction' | 'payload' | 'options' | 'last'> & {
  readonly frame: number;
  readonly session: SessionRef;
  readonly correlation: string;
};

class Model {
  readonly ring: RecordRing;
  readonly records: Expected[] = [];
  readonly #random: Random;
  #frame = 0;

  constructor(seed: number, maxRecords: number, maxBytes: number) {
    this.#random = new Random(seed);
    this.ring = new RecordRing({ maxRecords, maxBytes, payload: true, redact: [], codec: json });
  }

  /** A publication to some, or a call whose messages share one payload. */
  step(): void {
    const random = this.#random;
    const text = 'x'.repeat(random.below(30));
    const options = random.below(3) === 0 ? { note: random.below(1000) } : {};
    const payload = random.below(4) === 0 ? [] : [[text, this.#frame]];
    const action = new TracedAction();
    const isCall = random.below(2) === 0;
    const [from, to] = [random.pick(SESSIONS), random.pick(SESSIONS)];
    action.begin(isCall ? 'call' : 'publish', from, 'com.x', 1, 1000, this.#frame + 1, 30, ids, undefined);
    if (isCall) {
      const call = message(48, 1, options, 'com.x', ...payload);
      this.#put(call, from, 'received', action, payload[0]);
      this.#put({ ...message(68, 7, 8, {}), payload: call.payload }, to, 'sent', action, payload[0]);
    } else {
      const publish = message(16, 1, options, 'com.x', ...payload);
      this.#put(publish, from, 'received', action, payload[0]);
      const event = { ...message(36, 5, 6, options), payload: publish.payload };
      for (let n = random.below(20); n > 0; n--) this.#put(event, random.pick(SESSIONS), 'sent', action, payload[0]);
    }
    if (random.below(2) === 0) return;
    this.ring.markLast(this.#frame);
    this.records[this.records.length - 1] = { ...this.records.at(-1)!, last: true };
  }

  #put(
    m: Message,
    who: Expected['session'],
    direction: Expected['direction'],
    action: TracedAction,
    args: unknown[] | undefined,
  ): void {
    const seq = ++this.#frame;
    const frame = { seq, at: seq, session: who, direction, message: m, octets: 9, dropped: false };
    this.ring.put(frame, action, 0);
    this.records.push({
      frame: seq,
      session: who,
      code: m.code,
      direction,
      payload: args && [args],
      options: m.options,
      last: false,
      correlation: action.correlation,
    });
  }

  check(): void {
    const { first, next } = this.ring;
    assert.equal(next, this.records.length);
    const read = this.ring.read(0, next);
    assert.deepEqual(
      read.map(({ seq }) => seq),
      Array.from({ length: next - first }, (_, i) => first + i),
    );
    assert.deepEqual(
      read.map(r => [
        this.ring.frameOf(r.seq),
        r.session,
        r.code,
        r.direction,
        r.payload,
        r.options,
        r.last,
        r.correlation,
      ]),
      this.records
        .slice(first)
        .map(r => [r.frame, r.session, r.code, r.direction, r.payload, r.options, r.last, r.correlation]),
    );
  }
}

for (const maxRecords of [1, 2, 8, 64, 2048]) {
  test(`${maxRecords} records: the newest are there, each as it was put`, () => {
    const model = new Model(maxRecords, maxRecords, 1 << 22);
    for (let i = 0; i < STEPS; i++) {
      model.step();
      // Reading costs as much as there is to read.
      if (maxRecords < 100 || i % 40 === 0) {
        model.check();
        assert.equal(model.ring.first, Math.max(0, model.ring.next - maxRecords));
      }
    }
  });
}

for (const maxBytes of [400, 1000, 20_000]) {
  test(`${maxBytes} octets: what there is reads back whole, and it is not much less than fits`, () => {
    const model = new Model(maxBytes, 1 << 14, maxBytes);
    for (let i = 0; i < STEPS; i++) {
      model.step();
      if (i % 10 === 0) model.check();
    }
    model.check();
    // About 40 octets of payload or options an action of 6 records; a quarter of the memory may be on its way out.
    assert.ok(model.ring.next - model.ring.first > maxBytes / 40, `${model.ring.next - model.ring.first} records`);
  });
}

test('records by age, and the last of an action long ago', () => {
  const model = new Model(5, 256, 1 << 20);
  for (let i = 0; i < 200; i++) model.step();
  const { ring } = model;
  const [first, middle] = [ring.first, ring.first + 100];
  ring.markLast(ring.frameOf(first));
  ring.markLast(ring.frameOf(middle));
  ring.markLast(0);
  ring.markLast(1 << 30);
  const lastOnes = ring.read(0, ring.next).filter(({ last }) => last);
  assert.ok(lastOnes.some(({ seq }) => seq === first) && lastOnes.some(({ seq }) => seq === middle));
  // They are dated by their frames.
  ring.dropBefore(ring.frameOf(middle));
  assert.equal(ring.first, middle);
  ring.dropBefore(1 << 30);
  assert.deepEqual([ring.first, ring.read(0, ring.next)], [ring.next, []]);
});

test('options of records that have expired weigh nothing any more', () => {
  const ring = new RecordRing({ maxRecords: 4096, maxBytes: 16_384, payload: true, redact: [], codec: json });
  const action = new TracedAction();
  let seq = 0;
  const put = (options: object): void => {
    action.begin('call', SESSIONS[0]!, 'com.x', 1, 1000, ++seq, 30, ids, undefined);
    const frame = { seq, at: seq, session: SESSIONS[0]!, direction: 'received', octets: 9, dropped: false } as const;
    ring.put({ ...frame, message: message(48, 1, options, 'com.x') }, action, 0);
  };
  for (let i = 0; i < 3000 && ring.first === 0; i++) put({ note: i });
  const fits = seq - 1;
  ring.dropBefore(seq + 1);
  assert.equal(ring.first, ring.next);
  for (let i = 0; i < fits / 2; i++) put({ note: i });
  for (let i = 0; i < 1000; i++) put({});
  for (let i = 0; i < fits / 4; i++) put({ note: i });
  assert.equal(ring.next - ring.first, Math.ceil(fits / 2) + 1000 + Math.ceil(fits / 4));
});
