/** Owns what happens when the disk is full or cannot be written: persistence stops and says why, nothing else does. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openTraceStoreReadOnly } from '../../../src/observers/store/index.js';
import { closeStores, feed, meta, NOW, serializers, WatchedStore } from './sample.js';

const WAIT_MS = 20_000;

/** A small file system of its own; `undefined` where none may be mounted, which is a failure in CI. */
function smallDisk(t: TestContext, size: string): string | undefined {
  const directory = mkdtempSync(join(tmpdir(), 'wampscope.disk-'));
  t.after(async () => {
    await closeStores(t);
    spawnSync('umount', ['-l', directory]);
    rmSync(directory, { recursive: true, force: true });
  });
  const { status, stderr, error } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', directory]);
  if (status === 0) return directory;
  const sentence = `no small file system can be mounted here: ${error?.message ?? stderr}`;
  assert.notEqual(process.env.CI, 'true', sentence);
  t.skip(sentence);
  return undefined;
}

function remount(directory: string, option: string): void {
  const { status, stderr } = spawnSync('mount', ['-o', `remount,${option}`, directory]);
  assert.equal(status, 0, String(stderr));
}

/** Fills the disk up to the last octet. */
function fill(directory: string): string {
  const path = join(directory, 'ballast');
  for (const size of [1 << 20, 64 << 10, 4096]) {
    try {
      for (;;) writeFileSync(path, Buffer.alloc(size), { flag: 'a' });
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
    }
  }
  return path;
}

async function faultsOf(watched: WatchedStore, count: number): Promise<[string, string][]> {
  for (let i = 0; i < 1000 && watched.faults.length < count; i++) await new Promise(resolve => setTimeout(resolve, 10));
  return watched.faults;
}

test('a disk that fills up stops the persistence of a trace; what was stored stays, and later ones go on', async t => {
  const directory = smallDisk(t, '2m');
  if (directory === undefined) return;
  const watched = new WatchedStore(t, directory);
  const { store } = watched;
  const [first, second] = [meta(NOW + 1), meta(NOW + 2)];
  store.begin(first);
  let fed = 0;
  while (watched.faults.length === 0 && fed < 100_000) {
    feed(store, first.persistentId, fed, fed + 512);
    fed += 512;
    assert.ok(await store.settled(WAIT_MS));
  }
  const [fault] = await faultsOf(watched, 1);
  assert.equal(fault![0], first.persistentId);
  assert.match(fault![1], /the disk is full/);
  assert.equal(feed(store, first.persistentId, fed, fed + 512), 0);
  store.end(first.persistentId, NOW + 5, 'requested');
  const persisted = watched.persisted.get(first.persistentId)!;
  assert.ok(persisted > 1000);
  const [stored] = store.list();
  assert.match(stored!.fault!, /the disk is full/);
  assert.equal(stored!.persistedSeq, persisted);
  const records = store.read(first.persistentId, 0, persisted, 1e6);
  assert.deepEqual([records.length, records.at(-1)!.request], [persisted + 1, persisted]);

  remount(directory, 'size=16m');
  store.begin(second);
  feed(store, second.persistentId, 0, 2000);
  assert.ok(await store.settled(WAIT_MS));
  assert.equal(watched.persisted.get(second.persistentId), 1999);
  assert.deepEqual(watched.faults.length, 1);
});

test('a store that is opened on a full disk says so and does not end the process', async t => {
  const directory = smallDisk(t, '2m');
  if (directory === undefined) return;
  const ballast = fill(directory);
  const watched = new WatchedStore(t, join(directory, 'traces'));
  const [first, second] = [meta(NOW + 1), meta(NOW + 2)];
  watched.store.begin(first);
  const [fault] = await faultsOf(watched, 1);
  assert.match(fault![1], /the disk is full/);
  assert.deepEqual(watched.store.list(), []);
  rmSync(ballast);
  watched.store.begin(second);
  feed(watched.store, second.persistentId, 0, 500);
  assert.ok(await watched.store.settled(WAIT_MS));
  assert.equal(watched.persisted.get(second.persistentId), 499, JSON.stringify(watched.faults));
});

test('any room that is left at the start is enough or is told', async t => {
  const directory = smallDisk(t, '2m');
  if (directory === undefined) return;
  const ballast = fill(directory);
  const outcomes = new Set<string>();
  for (let free = 4096; free < 1_800_000; free += 49_152) {
    rmSync(ballast);
    writeFileSync(ballast, Buffer.alloc((2 << 20) - free - 8192));
    const path = join(directory, 'traces');
    const watched = new WatchedStore(t, path);
    const trace = meta();
    watched.store.begin(trace);
    feed(watched.store, trace.persistentId, 0, 3000);
    assert.ok(await watched.store.settled(WAIT_MS));
    await new Promise(resolve => setImmediate(resolve));
    const isStored = watched.persisted.get(trace.persistentId) === 2999;
    if (!isStored) assert.match(watched.faults[0]![1], /the disk is full/, `${free} octets free`);
    outcomes.add(isStored ? 'stored' : 'told');
    await watched.store.close();
    rmSync(path, { recursive: true, force: true });
  }
  assert.deepEqual([...outcomes], ['told', 'stored']);
});

test('a read-only directory stops the persistence; what is there can be read', async t => {
  const directory = smallDisk(t, '8m');
  if (directory === undefined) return;
  const filled = new WatchedStore(t, join(directory, 'old'));
  const trace = meta();
  filled.store.begin(trace);
  feed(filled.store, trace.persistentId, 0, 600);
  filled.store.end(trace.persistentId, Date.now(), 'requested');
  await filled.store.close();
  remount(directory, 'ro');
  for (const name of ['old', 'new']) {
    const watched = new WatchedStore(t, join(directory, name));
    watched.store.begin(meta());
    const [fault] = await faultsOf(watched, 1);
    assert.match(fault![1], /read-only file system/, name);
    await watched.store.close();
  }
  const reader = openTraceStoreReadOnly(join(directory, 'old'), serializers);
  t.after(() => reader.close());
  assert.deepEqual(
    reader.list().map(({ status, persistedSeq }) => [status, persistedSeq]),
    [['stopped', 599]],
  );
  assert.equal(reader.read(trace.persistentId, 0, 599, 1000).length, 600);
});
