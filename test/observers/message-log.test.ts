/** Owns what the trace log promises: which messages are recorded, in which order, what stays when the ring is full. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ActionLog } from '../../src/observers/action-log.js';
import { type LogOptions, MessageLog } from '../../src/observers/message-log.js';
import { Observed } from '../trace/observed.js';
import { defaults, traced } from './traced.js';

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

test('internal: handshakes without their secrets, and the router’s own sessions', async () => {
  const { o, log } = traced({ internal: true });
  const client = await o.client();
  await client.request([48, undefined, {}, 'wamp.session.count']);
  const records = log.read(0, 99);
  assert.deepEqual(
    records.map(r => [r.code, r.direction, r.session.internal]),
    [
      [1, 'received', false],
      [2, 'sent', false],
      [48, 'received', false],
      [68, 'sent', true],
      [70, 'received', true],
      [50, 'sent', false],
    ],
  );
  assert.equal(new Set(records.slice(2).map(r => r.correlation)).size, 1);
  assert.deepEqual(
    records.map(r => r.last),
    [false, false, false, false, false, true],
  );
});

test('redact blots out values at any depth, before they are kept', async () => {
  const { o, log } = traced({ redact: ['password', 'token'] });
  const client = await o.client();
  await client.request([
    16,
    undefined,
    {},
    'com.t',
    [{ user: 'a', password: 'p1' }],
    { token: 't', deep: [{ token: [1] }] },
  ]);
  assert.deepEqual(log.read(0, 0)[0]!.payload, [
    [{ user: 'a', password: '[redacted]' }],
    { token: '[redacted]', deep: [{ token: '[redacted]' }] },
  ]);
});

test('filters of the originator and the URI choose whole actions', async () => {
  const o = new Observed();
  const a = await o.client();
  const b = await o.client();
  const log = (filter: LogOptions['filter']): MessageLog => {
    const made = new MessageLog({ ...defaults(o), filter });
    o.observe(made);
    return made;
  };
  const logs = {
    session: log({ session: a.id }),
    exact: log({ uri: 'com.p' }),
    prefix: log({ uri: 'com.', match: 'prefix' }),
    nobody: log({ authrole: 'admin' }),
    realm: log({ realm: 'realm1' }),
    type: log({ codes: new Set([68, 70]) }),
    sent: log({ direction: 'sent', uri: 'com.p' }),
  };
  await b.request([64, undefined, {}, 'com.p']);
  await b.request([32, undefined, {}, 'org.t']);
  await a.request([48, undefined, {}, 'com.p', [1]]);
  await b.send([70, 1, {}, [2]]);
  const story = (made: MessageLog): string =>
    made
      .read(0, 99)
      .map(r => r.code)
      .join(' ');
  assert.deepEqual(Object.fromEntries(Object.entries(logs).map(([name, made]) => [name, story(made)])), {
    session: '48 68 70 50',
    exact: '64 65 48 68 70 50',
    prefix: '64 65 48 68 70 50',
    nobody: '',
    realm: '64 65 32 33 48 68 70 50',
    type: '68 70',
    sent: '65 68 50',
  });
  assert.deepEqual(
    logs.type.read(0, 9).map(r => [r.seq, r.last]),
    [
      [0, false],
      [1, false],
    ],
    'the last message is the last of the action, filtered out or not; numbers have no gaps',
  );
});

test('errors_only and min_duration hold records back until the end is known', async () => {
  const o = new Observed();
  const errors = new MessageLog({ ...defaults(o), filter: { errorsOnly: true } });
  const slow = new MessageLog({ ...defaults(o), filter: { minDuration: 100 } });
  o.observe(errors);
  o.observe(slow);
  const client = await o.client();
  await client.request([64, undefined, {}, 'com.p']);
  await client.request([48, undefined, {}, 'com.p', ['first']]);
  await client.request([48, undefined, {}, 'com.p', ['second']]);
  assert.equal(errors.nextSeq, 0);
  o.time.advance(150);
  await client.send([70, 1, {}, ['done']]);
  await client.request([48, undefined, {}, 'com.p', ['third']]);
  await client.send([8, 68, 3, {}, 'com.failed']);
  assert.deepEqual(
    errors.read(0, 99).map(r => [r.seq, r.code, r.anchor, r.last]),
    [
      [0, 48, true, false],
      [1, 68, false, false],
      [2, 8, false, false],
      [3, 8, false, true],
    ],
  );
  assert.deepEqual(
    slow.read(0, 99).map(r => [r.code, r.payload?.[0]]),
    [
      [48, ['first']],
      [68, ['first']],
      [70, ['done']],
      [50, ['done']],
    ],
  );
});

test('a late answer is marked late and never last', async () => {
  const { o, log } = traced();
  const client = await o.client();
  await client.request([64, undefined, {}, 'com.p']);
  const request = await client.request([48, undefined, {}, 'com.p']);
  await client.send([49, request, { mode: 'skip' }]);
  await client.send([70, 1, {}]);
  assert.deepEqual(
    log.read(2, 99).map(r => [r.code, r.last, r.late]),
    [
      [48, false, false],
      [68, false, false],
      [49, false, false],
      [8, true, false],
      [70, false, true],
    ],
  );
});

test('records older than the limit of age are dropped', async () => {
  const { o, log } = traced({ maxAge: 1000 });
  const client = await o.client();
  await client.request([16, undefined, {}, 'com.t']);
  o.time.advance(900);
  await client.request([16, undefined, {}, 'com.t']);
  log.expire(o.time.now + 500);
  assert.deepEqual([log.firstSeq, log.nextSeq], [1, 2]);
});

test('level action: one record for each action, with who answered', async () => {
  const o = new Observed();
  const log = new ActionLog(defaults(o));
  o.observe(log);
  const a = await o.client();
  const b = await o.client();
  await b.request([64, undefined, {}, 'com.p']);
  await b.request([32, undefined, {}, 'com.t']);
  await a.request([48, undefined, {}, 'com.p']);
  await a.request([16, undefined, {}, 'com.t']);
  await b.send([8, 68, 1, {}, 'com.failed']);
  assert.deepEqual(
    log.read(0, 99).map(r => [r.seq, r.kind, r.uri, r.originator.id, r.responders.map(s => s.id), r.outcome, r.error]),
    [
      [0, 'register', 'com.p', b.id, [], 'ok', ''],
      [1, 'subscribe', 'com.t', b.id, [], 'ok', ''],
      [2, 'publish', 'com.t', a.id, [b.id], 'ok', ''],
      [3, 'call', 'com.p', a.id, [b.id], 'error', 'com.failed'],
    ],
  );
});

test('an action that the filter did not choose changes nothing of what was stored', async () => {
  const o = new Observed();
  const client = await o.client();
  const log = new MessageLog({ ...defaults(o), filter: { uri: 'com.mine' } });
  o.observe(log);
  await client.request([32, undefined, {}, 'com.mine']);
  // As if all had been handed over, and whatever comes next as well.
  log.amendments.upTo = Number.POSITIVE_INFINITY;
  await client.request([48, undefined, {}, 'com.other']);
  assert.deepEqual(log.amendments.take(), []);
  await client.request([48, undefined, {}, 'com.mine']);
  assert.deepEqual(
    log.amendments.take().map(({ last }) => last),
    [true],
  );
});

const open = async (client: Awaited<ReturnType<Observed['client']>>, args: unknown[]): Promise<void> => {
  await client.request([48, undefined, {}, 'com.p', args]);
};

test('actions beyond what may be held back are given up whole, and counted when they would have been told', async () => {
  const o = new Observed();
  const log = new MessageLog({ ...defaults(o), maxRecords: 1, maxBytes: 1 << 24, filter: { errorsOnly: true } });
  const client = await o.client();
  await client.request([64, undefined, {}, 'com.p']);
  o.observe(log);
  for (let i = 0; i < 10_002; i++) await open(client, []);
  // Two messages each: the last two calls are too many. Of one that went well nothing is missed.
  await client.send([70, 10_001, {}]);
  assert.deepEqual([log.nextSeq, log.overflow], [0, 0]);
  await client.send([8, 68, 10_002, {}, 'com.failed']);
  assert.deepEqual([log.nextSeq, log.overflow], [0, 4]);
  await client.send([8, 68, 1, {}, 'com.failed']);
  assert.deepEqual([log.nextSeq, log.overflow, log.exhausted], [4, 4, false]);
  assert.deepEqual([log.read(3, 3)[0]!.code, log.read(3, 3)[0]!.last], [8, true]);
});

test('what is held back of a fan-out weighs as much as one EVENT', async () => {
  const o = new Observed();
  const log = new MessageLog({ ...defaults(o), maxRecords: 512, maxBytes: 65_536, filter: { errorsOnly: true } });
  const publisher = await o.client();
  for (let i = 0; i < 100; i++) await (await o.client()).request([32, undefined, {}, 'com.t']);
  o.observe(log);
  await publisher.request([16, undefined, {}, 'com.t', ['x'.repeat(8600)]]);
  assert.equal(log.exhausted, false);
  await publisher.request([64, undefined, {}, 'com.p']);
  await open(publisher, ['x'.repeat(40_000)]);
  assert.equal(log.exhausted, false, 'INVOCATION passes the payload of CALL on');
  await open(publisher, ['x'.repeat(40_000)]);
  assert.equal(log.exhausted, true);
});

test('messages that the filter leaves out are not held back', async () => {
  const o = new Observed();
  const filter = { errorsOnly: true, codes: new Set([8]) };
  const log = new MessageLog({ ...defaults(o), maxBytes: 1000, filter });
  o.observe(log);
  const client = await o.client();
  await client.request([64, undefined, {}, 'com.p']);
  await open(client, ['x'.repeat(2000)]);
  await client.send([8, 68, 1, {}, 'com.failed']);
  assert.deepEqual([log.read(0, 9).map(r => r.code), log.exhausted], [[8, 8], false]);
});

test('as many records are kept as were asked for, a power of two or not', async () => {
  for (const maxRecords of [1, 3, 7, 100]) {
    const { o, log } = traced({ maxRecords, maxBytes: 1 << 20 });
    const client = await o.client();
    for (let i = 0; i < 200; i++) await client.request([16, undefined, { acknowledge: true }, 'com.t', [i]]);
    assert.equal(log.nextSeq - log.firstSeq, maxRecords);
    assert.equal(log.read(0, 1000).length, maxRecords);
  }
});
