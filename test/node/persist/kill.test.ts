/**
 * Owns the promise that a router which is killed while it persists has lost nothing that it told as persisted.
 * WAMPSCOPE_KILLS=20 kills it that often, and wants 50 000 records a second.
 */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openTraceStoreReadOnly, type StoredTraces } from '../../../src/observers/store/index.js';
import { Serializers } from '../../../src/wire/serializers/index.js';
import { Random } from '../../helpers/random.js';
import { Load, RouterProcess } from './router-process.js';

const ROUNDS = Number(process.env.WAMPSCOPE_KILLS ?? 3);
const SUBSCRIBERS = 50;
/** A PUBLISH and its EVENTs. */
const RECORDS = SUBSCRIBERS + 1;
const RATE = 60_000;
const PAGE = 10_000;
const serializers = new Serializers();

interface Killed {
  readonly id: string;
  /** The highest `persisted_seq` that anybody was told. */
  readonly told: number;
  /** Persisted records a second. */
  readonly rate: number;
}

async function persistAndKill(router: RouterProcess, id: string, milliseconds: number): Promise<Killed> {
  const load = await Load.join(router.port, SUBSCRIBERS);
  await router.call('start_trace', id, { persist: true, trace_app_payload: true });
  load.run(RATE / RECORDS, 'x'.repeat(100));
  const { persisted_seq: first } = await router.until(id, trace => trace.persisted_seq !== null);
  const begun = performance.now();
  let told = first!;
  let at = begun;
  while (performance.now() - begun < milliseconds) {
    const { persisted_seq } = await router.trace(id);
    told = persisted_seq!;
    at = performance.now();
  }
  await router.end('SIGKILL');
  load.close();
  return { id, told, rate: (1000 * (told - first!)) / (at - begun) };
}

/** Every record from 0 on is there and is what it must be: the trace saw nothing but publications. Returns how many are missing. */
function check(store: StoredTraces, persistentId: string, persistedSeq: number): number {
  let next = 0;
  let missing = 0;
  while (next <= persistedSeq) {
    for (const { seq, code, payload, last, anchor } of store.read(persistentId, next, persistedSeq, PAGE)) {
      missing += seq - next;
      next = seq;
      const n = Math.floor(next / RECORDS) + 1;
      const isFirst = next % RECORDS === 0;
      const [[token]] = payload as [[number]];
      if (token !== n || code !== (isFirst ? 16 : 36) || anchor !== isFirst) {
        assert.fail(`record ${next}: code ${code}, publication ${token} instead of ${n}`);
      }
      // Of the newest publication the process may not have seen the end.
      const isLast = next % RECORDS === RECORDS - 1;
      if (last !== isLast && persistedSeq - next > RECORDS) assert.fail(`record ${next}: last is ${last}`);
      next++;
    }
  }
  return missing;
}

test(`a router killed ${ROUNDS} times while it persists: nothing told as persisted is lost, nothing is torn`, async t => {
  const folder = mkdtempSync(join(tmpdir(), 'wampscope.kill-'));
  let router: RouterProcess | undefined;
  t.after(async () => {
    await router?.end('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  const random = new Random(7);
  const rates: number[] = [];
  let records = 0;
  let lost = 0;
  for (let round = 0; round < ROUNDS; round++) {
    router = await RouterProcess.start(folder, { directory: 'data' });
    const { id, told, rate } = await persistAndKill(router, `round${round}`, 200 + random.below(800));
    rates.push(rate);
    const store = openTraceStoreReadOnly(join(folder, 'data'), name => serializers[name]);
    try {
      const stored = store.list().find(({ traceId }) => traceId === id)!;
      assert.deepEqual([stored.status, stored.firstSeq], ['interrupted', 0]);
      assert.ok(stored.persistedSeq >= told, `${stored.persistedSeq} is stored, ${told} was told`);
      // A disk that is too slow for a while loses what it tells, no more.
      assert.equal(check(store, stored.persistentId, stored.persistedSeq), stored.lost);
      lost += stored.lost;
      records += stored.persistedSeq + 1;
      router = await RouterProcess.start(folder, { directory: 'data' });
      const { status, persisted_seq } = await router.trace(id);
      assert.deepEqual([status, persisted_seq], ['interrupted', stored.persistedSeq]);
    } finally {
      await store.close();
    }
    await router.call('delete_trace', id);
    assert.equal(await router.end('SIGTERM'), 0);
  }
  rates.sort((a, b) => a - b);
  const median = Math.round(rates[ROUNDS >> 1]!);
  t.diagnostic(
    `${records} records after ${ROUNDS} kills, ${lost} told as lost; ${median} records/s persisted (median)`,
  );
  // Under other tests the machine may have other work; whoever asks for a number wants the rate too.
  if (process.env.WAMPSCOPE_KILLS !== undefined) assert.ok(median >= 50_000, `only ${median} records/s`);
});
