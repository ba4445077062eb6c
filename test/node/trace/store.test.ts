/** Owns what `wampscope trace` does with a trace store: while a router writes it, and while none does. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { TraceRecord, TraceSummary } from '../../../src/node/trace/records.js';
import { call, offerEcho, trace, World } from './world.js';

const folder = mkdtempSync(join(tmpdir(), 'wampscope.cli-'));
const directory = join(folder, 'traces');
/** As the router told it, before it was stopped. */
let told: TraceRecord[] = [];
let running: readonly TraceSummary[] = [];
let refusal = '';

before(async () => {
  const world = await World.start(1, { directory });
  const [caller, callee] = [await world.join(), await world.join()];
  await offerEcho(callee, 'com.example.echo');
  await world.trace(['start', 'orders', '--persist', '--payload']);
  await world.trace(['start', 'actions', '--persist', '--level', 'action']);
  for (let request = 1; request <= 3; request++) await call(caller, request, 'com.example.echo', `word ${request}`);
  for (let next = 0; next < 12; ) {
    const traces = await world.json<TraceSummary[]>(['list']);
    next = Math.min(...traces.map(({ persisted_seq, id }) => (persisted_seq ?? -1) + (id === 'orders' ? 1 : 10)));
  }
  const exported = await world.trace(['export', 'orders']);
  told = lines(exported.out);
  const listed = await trace(['list', '--data', directory, '--json']);
  running = JSON.parse(listed.out) as TraceSummary[];
  const deleted = await trace(['delete', 'orders', '--data', directory]);
  assert.equal(deleted.code, 1);
  refusal = deleted.err;
  await world.stop();
});

after(() => rmSync(folder, { recursive: true, force: true }));

function lines(text: string): TraceRecord[] {
  return text
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as TraceRecord);
}

test('list --data reads a store that a router is writing', () => {
  assert.deepEqual(
    running.map(({ id, status, persisted_seq }) => [id, status, persisted_seq]),
    [
      ['orders', 'running', 11],
      ['actions', 'running', 2],
    ],
  );
});

test('delete --data is refused while a router owns the store, and says what to do', () => {
  assert.match(refusal, /cannot delete orders in .*: process \d+ writes to this trace store/);
  assert.match(refusal, /without --data the router deletes it/);
});

test('list --data shows the stored traces of a router that is down', async () => {
  const { out, code } = await trace(['list', '--data', directory]);
  assert.equal(code, 0);
  assert.match(out, /^orders +stopped +message +12 +0\.\.11 /m);
  assert.match(out, /^actions +stopped +action +3 +0\.\.2 /m);
});

test('the folder of the configuration stands for the store in it', async () => {
  const { out } = await trace(['list', '--data', folder]);
  assert.match(out, /^orders +stopped/m);
});

test('export --data writes what the router would have', async () => {
  const { out } = await trace(['export', 'orders', '--data', directory]);
  assert.equal(told.length, 12);
  assert.deepEqual(lines(out), told);
  const actions = await trace(['export', 'actions', '--data', directory]);
  assert.equal(lines(actions.out).length, 3);
});

test('show --data draws an action', async () => {
  const { correlation } = told[0]!;
  const { out } = await trace(['show', correlation!.slice(0, 8), '--data', directory]);
  assert.match(out, /^call com\.example\.echo {2}ok/);
  assert.match(out, /4 messages, trace orders/);
});

test('a persistent id names a trace too; an unknown name is answered with those there are', async () => {
  const { out } = await trace(['list', '--data', directory, '--json']);
  const [{ persistent_id }] = JSON.parse(out) as [TraceSummary];
  assert.equal(lines((await trace(['export', persistent_id!, '--data', directory])).out).length, 12);
  const { code, err } = await trace(['export', 'nix', '--data', directory]);
  assert.deepEqual([code, err], [1, 'wampscope trace: no trace "nix"; there are orders, actions\n']);
  const elsewhere = await trace(['export', 'orders', '--data', directory, '--worker', 'worker9']);
  assert.match(elsewhere.err, /no trace "orders"; there is none at all/);
});

test('a directory without a store is a sentence', async () => {
  const { code, err } = await trace(['list', '--data', join(folder, 'none')]);
  assert.equal(code, 1);
  assert.match(err, /^wampscope trace: --data: there is no trace store in .*none\n$/);
});

test('delete --data forgets a trace while the router is down; the next router does not know it', async () => {
  const { code, err } = await trace(['delete', 'orders', '--data', directory]);
  assert.deepEqual([code, err], [0, 'trace orders is deleted\n']);
  const { out } = await trace(['list', '--data', directory]);
  assert.doesNotMatch(out, /orders/);
  const world = await World.start(1, { directory });
  try {
    const traces = await world.json<TraceSummary[]>(['list', '--all']);
    assert.deepEqual(
      traces.map(({ id }) => id),
      ['actions'],
    );
  } finally {
    await world.stop();
  }
});

test('what is persisted, and why no more, is told by start and stop', async () => {
  const world = await World.start(1, { directory: '/proc/no-such-place/traces' });
  try {
    await world.trace(['start', 't', '--persist']);
    const { out } = await world.trace(['stop', 't']);
    assert.match(out, /^persisted +nothing; stopped: /m);
  } finally {
    await world.stop();
  }
});
