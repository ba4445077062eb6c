/** Owns what a store keeps when its process is killed: all that was told as stored, and nothing torn. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { openTraceStoreReadOnly } from '../../../src/observers/store/index.js';
import { Random } from '../../helpers/random.js';
import { serializers, temporaryDirectory } from './sample.js';

const ROUNDS = 20;
const PAGE = 10_000;

interface Told {
  readonly persistentId: string;
  readonly lines: number[];
  /** Records per second from the first told number to the last. */
  readonly rate: number;
}

/** Lets a process store for `milliseconds` after its first commit, and kills it. */
async function storeAndKill(directory: string, milliseconds: number): Promise<Told> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'persister.js'), directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  const lines: string[] = [];
  let firstAt = 0;
  let lastAt = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    lastAt = performance.now();
    if (lines.length !== 2) continue;
    firstAt = lastAt;
    setTimeout(() => child.kill('SIGKILL'), milliseconds);
  }
  await closed;
  assert.equal(child.signalCode, 'SIGKILL');
  const [persistentId, ...told] = lines;
  const numbers = told.map(Number);
  return {
    persistentId: persistentId!,
    lines: numbers,
    rate: (1000 * (numbers.at(-1)! - numbers[0]!)) / (lastAt - firstAt),
  };
}

test(`killed ${ROUNDS} times while it stores, no record told as stored is lost and none is torn`, async t => {
  const directory = temporaryDirectory(t);
  const random = new Random(4);
  const rates: number[] = [];
  let records = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const { persistentId, lines, rate } = await storeAndKill(directory, 50 + random.below(150));
    rates.push(rate);
    const told = lines.at(-1)!;
    const store = openTraceStoreReadOnly(directory, serializers);
    try {
      const stored = store.list().find(trace => trace.persistentId === persistentId)!;
      assert.equal(stored.status, 'interrupted');
      assert.equal(stored.lost, 0);
      assert.ok(stored.persistedSeq >= told, `${stored.persistedSeq} is stored, ${told} was told`);
      let next = stored.firstSeq;
      while (next <= stored.persistedSeq) {
        for (const record of store.read(persistentId, next, stored.persistedSeq, PAGE)) {
          const [[token]] = record.payload as [[number]];
          if (record.seq !== next || record.request !== next || token !== next) {
            assert.fail(`record ${next} is ${record.seq}: ${record.request}, ${token}`);
          }
          next++;
          records++;
        }
      }
    } finally {
      await store.close();
    }
  }
  rates.sort((a, b) => a - b);
  const median = rates[ROUNDS / 2]!;
  t.diagnostic(`${records} records read after ${ROUNDS} kills; ${Math.round(median)} records/s (median)`);
  assert.ok(median >= 50_000, `only ${median} records/s`);
});
