/** Owns what a full disk or a read-only directory does to a router that persists: it says so, and routes on. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Load, RouterProcess, type TraceObject } from './router-process.js';

const FAILED = 'crossbarfabriccenter.on_trace_persist_failed';

/** A folder for the configuration, in it a small file system; `undefined` where none may be mounted, a failure in CI. */
function smallDisk(t: TestContext, size: string): { folder: string; disk: string } | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'wampscope.disk-'));
  const disk = mkdtempSync(join(folder, 'disk-'));
  t.after(() => {
    spawnSync('umount', ['-l', disk]);
    rmSync(folder, { recursive: true, force: true });
  });
  const { status, stderr, error } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', disk]);
  if (status === 0) return { folder, disk };
  const sentence = `no small file system can be mounted here: ${error?.message ?? stderr}`;
  assert.notEqual(process.env.CI, 'true', sentence);
  t.skip(sentence);
  return undefined;
}

function remount(disk: string, option: string): void {
  const { status, stderr } = spawnSync('mount', ['-o', `remount,${option}`, disk]);
  assert.equal(status, 0, String(stderr));
}

async function started(t: TestContext, folder: string, directory: string): Promise<RouterProcess> {
  const router = await RouterProcess.start(folder, { directory });
  t.after(() => router.end('SIGKILL'));
  await router.subscribe(FAILED);
  return router;
}

test('a full disk stops the persistence with an event and a log line; trace and router go on', async t => {
  const place = smallDisk(t, '4m');
  if (!place) return;
  const { folder, disk } = place;
  const router = await started(t, folder, join(disk, 'data'));
  const load = await Load.join(router.port, 20);
  t.after(() => load.close());
  await router.call('start_trace', 't', { persist: true, trace_app_payload: true });
  load.run(500, 'x'.repeat(200));
  const [node, worker, id, trace] = (await router.event()) as [string, string, string, TraceObject];
  assert.deepEqual([node, worker, id, trace.status], ['node1', 'worker1', 't', 'running']);
  assert.match(trace.persist_error!, /the disk is full/);
  assert.match(router.log, /warn trace store: trace [0-9a-f-]{36} is no longer stored: the disk is full/);
  const before = await router.trace('t');
  const after = await router.until('t', ({ next_seq }) => next_seq > before.next_seq + 1000);
  assert.deepEqual([after.status, after.persisted_seq], ['running', before.persisted_seq]);
  load.pause();
  const [record] = await router.call<{ seq: number }[]>('get_trace_data', 't', after.next_seq - 1);
  assert.equal(record!.seq, after.next_seq - 1, 'it is kept in memory');
  assert.equal(await router.end('SIGTERM'), 0);

  remount(disk, 'size=32m');
  const again = await started(t, folder, join(disk, 'data'));
  const stored = await again.trace('t');
  assert.deepEqual([stored.status, stored.persisted_seq], ['stopped', before.persisted_seq]);
  assert.match(stored.persist_error!, /the disk is full/);
  const records = await again.call<{ seq: number }[]>('get_trace_data', 't', 0, null, 10_000);
  assert.deepEqual(
    records.map(({ seq }) => seq),
    Array.from({ length: Math.min(10_000, stored.persisted_seq! + 1) }, (_, seq) => seq),
  );
  await again.call('start_trace', 'next', { persist: true });
  const more = await Load.join(again.port, 1);
  t.after(() => more.close());
  more.publish();
  await again.until('next', ({ persisted_seq }) => persisted_seq === 3);
});

test('a read-only directory: the trace runs in memory, the event says why, and what is there is read', async t => {
  const place = smallDisk(t, '16m');
  if (!place) return;
  const { folder, disk } = place;
  const first = await started(t, folder, disk);
  const load = await Load.join(first.port, 3);
  await first.call('start_trace', 'old', { persist: true });
  load.publish();
  await first.until('old', ({ persisted_seq }) => persisted_seq === 3);
  load.close();
  assert.equal(await first.end('SIGTERM'), 0);
  remount(disk, 'ro');

  const second = await started(t, folder, disk);
  assert.match(second.log, /warn trace store: the directory is on a read-only file system/);
  const { status, persisted_seq } = await second.trace('old');
  assert.deepEqual([status, persisted_seq], ['stopped', 3]);
  assert.equal((await second.call<unknown[]>('get_trace_data', 'old')).length, 4);
  await second.call('start_trace', 'new', { persist: true });
  const [, , id, trace] = (await second.event()) as [string, string, string, TraceObject];
  assert.equal(id, 'new');
  assert.match(trace.persist_error!, /read-only file system/);
  const again = await Load.join(second.port, 3);
  t.after(() => again.close());
  again.publish();
  const running = await second.until('new', ({ next_seq }) => next_seq > 0);
  assert.deepEqual([running.status, running.persisted_seq, running.dropped], ['running', null, 0]);
  assert.equal(await second.end('SIGTERM'), 0);
});
