/** Owns how a process that stores ends by itself, and how another one reads meanwhile. */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { openTraceStoreReadOnly } from '../../../src/observers/store/index.js';
import { serializers, temporaryDirectory } from './sample.js';

const EXIT_LIMIT_MS = 10_000;

/** A process that stores; resolves once it has told of `commits` commits. */
async function persister(t: TestContext, directory: string, commits: number) {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'persister.js'), directory], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  t.after(() => child.kill('SIGKILL'));
  const lines: string[] = [];
  const enough = new Promise<void>(resolve => {
    createInterface({ input: child.stdout }).on('line', line => {
      if (lines.push(line) === commits + 1) resolve();
    });
  });
  await enough;
  return { child, lines };
}

async function exitCode(child: ChildProcess): Promise<unknown> {
  const timer = setTimeout(() => child.kill('SIGKILL'), EXIT_LIMIT_MS);
  const [code, signal] = await once(child, 'close');
  clearTimeout(timer);
  return code ?? signal;
}

test('a process that exits or fails while it stores is not held up, and nothing told as stored is lost', async t => {
  const directory = temporaryDirectory(t);
  for (let round = 0; round < 6; round++) {
    const { child, lines } = await persister(t, directory, 5 + round);
    child.stdin!.write(round % 2 === 0 ? 'exit\n' : 'throw\n');
    assert.equal(await exitCode(child), round % 2 === 0 ? 0 : 1, `round ${round}`);
    const store = openTraceStoreReadOnly(directory, serializers);
    const stored = store.list().find(trace => trace.persistentId === lines[0])!;
    assert.equal(stored.status, 'interrupted');
    assert.ok(stored.persistedSeq >= Number(lines.at(-1)));
    await store.close();
  }
});

test('another process reads a store while it is written', async t => {
  const directory = temporaryDirectory(t);
  const { child, lines } = await persister(t, directory, 3);
  const store = openTraceStoreReadOnly(directory, serializers);
  t.after(() => store.close());
  for (let round = 0; round < 20; round++) {
    const seen = lines.length;
    const told = Number(lines.at(-1));
    const [stored] = store.list();
    assert.equal(stored!.status, 'running');
    assert.ok(stored!.persistedSeq >= told);
    const records = store.read(lines[0]!, told - 99, told, 100);
    assert.deepEqual(
      records.map(record => record.request),
      Array.from({ length: 100 }, (_, i) => told - 99 + i),
    );
    while (lines.length === seen) await new Promise(resolve => setTimeout(resolve, 2));
  }
  child.kill('SIGKILL');
  await once(child, 'close');
  assert.equal(store.list()[0]!.status, 'interrupted');
});
