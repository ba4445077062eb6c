/**
 * Proves that what goes to other threads costs no message anything: once any buffer of a thread has been detached, V8
 * looks at each access to each buffer whether that one is, too (ADR-027).
 */

import { doesNotMatch, equal, match, ok } from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePort } from '../helpers/ports.js';
import { until } from '../observers/spans/pipelines.js';
import { Receiver } from '../observers/spans/receiver.js';

const BENCH = new URL('../../../bench/', import.meta.url);
const TOLD = '--trace-protector-invalidation';
const DETACHED = /ArrayBufferDetaching/;

type Work = (options: object) => Promise<{ readonly operations: number; readonly errors: number }>;

/** Joined on `port`; starts a trace of everything. */
type Prepare = (server: { readonly port: number }, options: object) => Promise<void>;

async function ofBench<T>(file: string): Promise<T> {
  return (await import(new URL(file, BENCH).href)) as T;
}

test('V8 tells of the first buffer that is detached', () => {
  const script = 'structuredClone(new ArrayBuffer(8), { transfer: [] }); const b = new ArrayBuffer(8);';
  const told = (more: string) => spawnSync(process.execPath, [TOLD, '-e', script + more], { encoding: 'utf8' }).stdout;
  doesNotMatch(told(''), DETACHED);
  match(told('structuredClone(b, { transfer: [b] });'), DETACHED);
});

test('a router that sends spans and stores a trace detaches no buffer, in no thread', async t => {
  const { works } = await ofBench<{ works: { rpc: Work } }>('load.mjs');
  const { prepareOn } = await ofBench<{ prepareOn: Prepare }>('everything-on.mjs');
  await using receiver = await Receiver.start();
  receiver.onlyCounts = true;
  const folder = mkdtempSync(join(tmpdir(), 'wampscope-protectors-'));
  const config = JSON.parse(readFileSync(new URL('trace.json', BENCH), 'utf8'));
  const port = await freePort();
  config.workers[0].transports[0].endpoint.port = port;
  config.wampscope.store = { directory: join(folder, 'store') };
  config.wampscope.telemetry = { endpoint: receiver.endpoint, sampling: { ratio: 1, spans_per_second: 0 } };
  const file = join(folder, 'config.json');
  writeFileSync(file, JSON.stringify(config));
  const router = spawn(process.execPath, [TOLD, 'dist/node/cli.js', 'start', '--config', file], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => rmSync(folder, { recursive: true }));
  t.after(() => void router.kill('SIGKILL'));
  let output = '';
  for (const stream of [router.stdout, router.stderr]) {
    stream.on('data', text => {
      output += text;
    });
  }
  await until(() => output.includes(`:${port}`), 20);
  await prepareOn({ port }, { trace_app_payload: true, persist: true });
  const options = { pid: router.pid, port, realm: 'realm1', conns: 4, window: 8, size: 200, warm: 0.1, secs: 1 };
  const { operations, errors } = await works.rpc(options);
  equal(errors, 0);
  await until(() => receiver.spans >= 2 * operations, 20);
  router.kill('SIGTERM');
  await once(router, 'exit');
  ok(readFileSync(join(folder, 'store', 'traces.mdb')).length > operations * 200, 'the trace has been stored');
  doesNotMatch(output, DETACHED);
});
