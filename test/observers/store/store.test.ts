/** Owns what the trace store promises while the disk behaves: what is stored, listed, read, deleted, limited. */

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Worker } from 'node:worker_threads';
import { Gate } from '../../../src/observers/store/gate.js';
import { openTraceStoreReadOnly, TraceStoreError } from '../../../src/observers/store/index.js';
import { spawnWriter } from '../../../src/observers/store/writer-link.js';
import { feed, meta, NOW, serializers, temporaryDirectory, WatchedStore } from './sample.js';

const WAIT_MS = 20_000;

test('a trace is stored, listed, read in any range and stays after a restart', async t => {
  const directory = join(temporaryDirectory(t), 'data', 'traces');
  const first = new WatchedStore(t, directory);
  const trace = meta();
  assert.deepEqual(first.store.list(), []);
  assert.ok(!existsSync(directory), 'nothing is made before the first trace');
  first.store.begin(trace);
  assert.equal(feed(first.store, trace.persistentId, 0, 2000), 8);
  assert.ok(await first.store.settled(WAIT_MS));
  assert.equal(first.persisted.get(trace.persistentId), 1999);
  const [running] = first.store.list();
  assert.ok(running!.bytes > 2000 * 150);
  assert.deepEqual(
    { ...running, bytes: 0 },
    {
      ...trace,
      status: 'running',
      ended: null,
      stopReason: null,
      firstSeq: 0,
      persistedSeq: 1999,
      lost: 0,
      bytes: 0,
      fault: null,
    },
  );
  first.store.end(trace.persistentId, trace.started + 5000, 'requested');
  await first.store.close();

  const second = new WatchedStore(t, directory);
  const [stopped] = second.store.list();
  assert.deepEqual([stopped!.status, stopped!.ended], ['stopped', trace.started + 5000]);
  const numbers = (from: number, to: number, limit: number) =>
    second.store.read(trace.persistentId, from, to, limit).map(record => record.seq);
  const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
  assert.deepEqual(numbers(0, 1999, 10_000), range(0, 1999));
  assert.deepEqual(numbers(255, 257, 100), [255, 256, 257]);
  assert.deepEqual(numbers(300, 1999, 3), [300, 301, 302]);
  assert.deepEqual(numbers(1990, 5000, 100), range(1990, 1999));
  assert.deepEqual(numbers(2000, 5000, 100), []);
  assert.deepEqual(numbers(7, 6, 100), []);
  const [record] = second.store.read(trace.persistentId, 777, 777, 1);
  assert.deepEqual([record!.request, record!.payload], [777, [[777, 'x'.repeat(130)]]]);
  assert.throws(() => second.store.read(meta().persistentId, 0, 1, 1), TraceStoreError);
  assert.deepEqual([first.faults, second.warnings], [[], []]);
});

test('a trace that was not ended is interrupted, and a reader says so before the next router does', async t => {
  const directory = temporaryDirectory(t);
  const first = new WatchedStore(t, directory);
  const trace = meta();
  first.store.begin(trace);
  feed(first.store, trace.persistentId, 0, 600);
  await first.store.settled(WAIT_MS);
  const reader = openTraceStoreReadOnly(directory, serializers);
  t.after(() => reader.close());
  assert.equal(reader.list()[0]!.status, 'running');
  await first.store.close();
  assert.equal(reader.list()[0]!.status, 'interrupted');
  await reader.close();
  const second = new WatchedStore(t, directory);
  assert.equal(second.store.list()[0]!.status, 'interrupted');
  second.store.begin(meta(NOW + 1));
  await second.store.settled(WAIT_MS);
  const [stored] = second.store.list();
  assert.deepEqual([stored!.status, stored!.persistedSeq, stored!.ended], ['interrupted', 599, NOW + 599]);
});

test('a store is written by one router at a time', async t => {
  const directory = temporaryDirectory(t);
  const first = new WatchedStore(t, directory);
  const [a, b] = [meta(), meta()];
  first.store.begin(a);
  await first.store.settled(WAIT_MS);
  const second = new WatchedStore(t, directory);
  assert.match(second.warnings.join(), /process \d+ writes to this trace store/);
  second.store.begin(b);
  await new Promise(resolve => setImmediate(resolve));
  assert.match(second.faults[0]![1], /every router needs its own/);
  assert.equal(second.store.append(b.persistentId, { buffer: new ArrayBuffer(8), firstSeq: 0, count: 1 }), false);
  await second.store.close();
  feed(first.store, a.persistentId, 0, 10);
  await first.store.settled(WAIT_MS);
  assert.equal(first.store.list()[0]!.persistedSeq, 9);
});

test('a stopped trace can be deleted, a running one cannot', async t => {
  const { store } = new WatchedStore(t, temporaryDirectory(t));
  const trace = meta();
  store.begin(trace);
  feed(store, trace.persistentId, 0, 50_000, 100);
  await assert.rejects(store.delete(trace.persistentId), /is running/);
  store.end(trace.persistentId, trace.started + 1, 'requested');
  await store.settled(WAIT_MS);
  assert.equal(await store.delete(trace.persistentId), true);
  assert.deepEqual(store.list(), []);
  assert.throws(() => store.read(trace.persistentId, 0, 10, 10), TraceStoreError);
  assert.equal(await store.delete(trace.persistentId), false);
});

test('over its size the store drops the oldest stopped trace, then the oldest blocks of a running one', async t => {
  const maxBytes = 4 << 20;
  const watched = new WatchedStore(t, temporaryDirectory(t), { maxBytes });
  const { store } = watched;
  const [old, young, running] = [meta(NOW + 1), meta(NOW + 2), meta(NOW + 3)];
  for (const [i, trace] of [old, young].entries()) {
    store.begin(trace);
    feed(store, trace.persistentId, 0, 5000);
    store.end(trace.persistentId, NOW + i, 'requested');
  }
  store.begin(running);
  let fed = 0;
  const present = () => store.list().map(trace => trace.persistentId);
  const more = async () => {
    feed(store, running.persistentId, fed, fed + 1024);
    fed += 1024;
    assert.ok(await store.settled(WAIT_MS));
  };
  do await more();
  while (present().length === 3);
  assert.deepEqual(present(), [young.persistentId, running.persistentId]);
  while (present().length === 2) await more();
  for (let round = 0; round < 100; round++) await more();
  // Trimming goes on after the orders are done.
  const firstSeq = () => store.list()[0]!.firstSeq;
  const total = () => store.list()[0]!.bytes;
  const isDone = () => total() <= maxBytes && watched.trimmed.get(running.persistentId) === firstSeq();
  for (let i = 0; i < 500 && !isDone(); i++) await new Promise(resolve => setTimeout(resolve, 10));
  assert.ok(total() <= maxBytes);
  assert.ok(firstSeq() > fed - 40_000, `${firstSeq()} of ${fed}`);
  assert.equal(watched.trimmed.get(running.persistentId), firstSeq());
  const records = store.read(running.persistentId, 0, fed, 1e6);
  assert.deepEqual([records[0]!.seq, records.length], [firstSeq(), fed - firstSeq()]);
  assert.deepEqual([watched.faults, store.dropped], [[], 0]);
});

test('what is too old goes: stopped traces, and the first blocks of a running one', async t => {
  const directory = temporaryDirectory(t);
  const now = Date.now();
  const [stopped, running] = [meta(now - 9000), meta(now - 8000)];
  const first = new WatchedStore(t, directory, { maxAge: 60_000 });
  first.store.begin(stopped);
  first.store.end(stopped.persistentId, now - 120_000, 'requested');
  first.store.begin(running);
  feed(first.store, running.persistentId, 0, 512, 256, now - 120_000);
  feed(first.store, running.persistentId, 512, 600, 256, now);
  await first.store.settled(WAIT_MS);
  await first.store.close();
  // A thread that starts looks at once.
  const second = new WatchedStore(t, directory, { maxAge: 60_000 });
  for (let i = 0; i < 500 && second.store.list().length > 1; i++) await new Promise(resolve => setTimeout(resolve, 10));
  assert.deepEqual(
    second.store.list().map(trace => trace.persistentId),
    [running.persistentId],
  );
});

test('what comes faster than the disk takes it is lost and counted', async t => {
  const watched = new WatchedStore(t, temporaryDirectory(t), { maxQueueBytes: 200_000 });
  const { store } = watched;
  const trace = meta();
  store.begin(trace);
  const taken = feed(store, trace.persistentId, 0, 25_600);
  assert.ok(taken > 0 && taken < 10, `${taken}`);
  assert.equal(store.dropped, 25_600 - taken * 256);
  await store.settled(WAIT_MS);
  feed(store, trace.persistentId, 25_600, 25_700);
  await store.settled(WAIT_MS);
  const [stored] = store.list();
  assert.deepEqual([stored!.persistedSeq, stored!.lost], [25_699, store.dropped]);
  const records = store.read(trace.persistentId, 0, 30_000, 30_000);
  assert.deepEqual([records.length, records.at(-1)!.seq], [taken * 256 + 100, 25_699]);
});

test('when the thread that writes dies, its traces go on with the next one; what was on its way is counted', async t => {
  const workers: Worker[] = [];
  let gate = new Gate();
  const watched = new WatchedStore(t, temporaryDirectory(t), {
    spawn: settings => {
      gate = new Gate(settings.gate);
      workers.push(spawnWriter(settings));
      return workers.at(-1)!;
    },
  });
  const { store } = watched;
  const [trace, other] = [meta(1), meta(2)];
  store.begin(trace);
  feed(store, trace.persistentId, 0, 1000);
  await store.settled(WAIT_MS);
  for (let round = 1; round <= 3; round++) {
    feed(store, trace.persistentId, round * 10_000, round * 10_000 + 5000);
    if (round === 2) store.begin(other);
    gate.shutAndWait(WAIT_MS);
    await workers.at(-1)!.terminate();
    for (let i = 0; i < 500 && workers.length === round; i++) await new Promise(resolve => setTimeout(resolve, 10));
    feed(store, trace.persistentId, round * 10_000 + 5000, round * 10_000 + 6000);
    assert.ok(await store.settled(WAIT_MS));
    const stored = store.list()[0]!;
    assert.deepEqual([stored.status, stored.persistedSeq], ['running', round * 10_000 + 5999]);
    const records = store.read(trace.persistentId, 0, 1e6, 1e6);
    assert.equal(records.length, stored.persistedSeq + 1 - stored.lost);
    assert.ok(records.every(record => record.request === record.seq));
  }
  assert.equal(watched.warnings.filter(text => text.includes('has died')).length, 3);
  assert.deepEqual(
    store.list().map(({ status }) => status),
    ['running', 'running'],
  );
  assert.deepEqual(watched.faults, []);
});

test('a thread that cannot live stops the persistence, not the router', async t => {
  const watched = new WatchedStore(t, temporaryDirectory(t), {
    spawn: settings => {
      const worker = spawnWriter(settings);
      setImmediate(() => {
        new Gate(settings.gate).shutAndWait(WAIT_MS);
        void worker.terminate();
      });
      return worker;
    },
  });
  const trace = meta();
  watched.store.begin(trace);
  for (let i = 0; i < 500 && watched.faults.length === 0; i++) await new Promise(resolve => setTimeout(resolve, 10));
  assert.match(watched.faults[0]![1], /the thread that writes has died/);
  watched.store.end(trace.persistentId, 1, 'requested');
});

test('options are checked, and a missing store is a sentence', t => {
  const directory = temporaryDirectory(t);
  assert.throws(() => new WatchedStore(t, directory, { maxBytes: -1 }), /Expected `maxBytes` to be a positive integer/);
  assert.throws(() => openTraceStoreReadOnly(join(directory, 'none'), serializers), /there is no trace store in/);
});
