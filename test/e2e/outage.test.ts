/**
 * Owns a router under load whose collector is killed and comes back, slows down, and says no: what callers notice, what
 * memory it takes, and that the router's own account of spans is exact. WAMPSCOPE_OUTAGE_SECONDS makes each phase last
 * as long as that; it is short by default.
 */

import { equal, ok } from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePort } from '../helpers/ports.js';
import { until } from '../observers/spans/pipelines.js';
import { Receiver } from '../observers/spans/receiver.js';
import { parseMetrics } from './prometheus.js';

const SECONDS = Number(process.env.WAMPSCOPE_OUTAGE_SECONDS ?? '1');
/** Of each run of the generator: one REGISTER, and five sessions that open and close. */
const SPANS_OF_A_RUN = 1 + 5 * 2;

interface Load {
  readonly operations: number;
  readonly rate: number;
  readonly p99: number;
  readonly errors: number;
  readonly firstError: string;
}

type Work = (options: object) => Promise<Load>;

interface Router {
  readonly child: ChildProcess;
  readonly port: number;
  readonly metrics: () => Promise<Map<string, number>>;
  readonly output: () => string;
}

async function startRouter(folder: string, endpoint: string): Promise<Router> {
  const [port, http] = [await freePort(), await freePort()];
  const permissions = [{ uri: '', match: 'prefix', allow: { call: true, register: true } }];
  const config = {
    version: 2,
    workers: [
      {
        type: 'router',
        realms: [{ name: 'realm1', roles: [{ name: 'anonymous', permissions }] }],
        transports: [{ type: 'websocket', endpoint: { type: 'tcp', interface: '127.0.0.1', port } }],
      },
    ],
    wampscope: { http: { port: http }, telemetry: { endpoint, sampling: { ratio: 1, spans_per_second: 0 } } },
  };
  const file = join(folder, 'config.json');
  writeFileSync(file, JSON.stringify(config));
  const child = spawn(process.execPath, ['dist/node/cli.js', 'start', '--config', file], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', text => {
      output += text;
    });
  }
  const url = `http://127.0.0.1:${http}/metrics`;
  const metrics = async () => parseMetrics(await (await fetch(url)).text());
  await until(() => output.includes(`:${port}`), 20);
  return { child, port, metrics, output: () => output };
}

/** Octets of memory of the whole process, as far as this system tells. */
function residentBytes(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

test('under load, a collector may die, come back, slow down and say no: calls go on, each span is accounted for', async t => {
  const { works } = (await import(new URL('../../../bench/load.mjs', import.meta.url).href)) as {
    works: { rpc: Work };
  };
  await using receiver = await Receiver.start();
  receiver.onlyCounts = true;
  const folder = mkdtempSync(join(tmpdir(), 'wampscope-outage-'));
  const router = await startRouter(folder, receiver.endpoint);
  t.after(async () => {
    router.child.kill('SIGKILL');
    await once(router.child, 'exit');
    rmSync(folder, { recursive: true });
  });
  const pid = router.child.pid!;
  let expected = 0;
  let largest = 0;
  const phase = async (name: string, during: () => Promise<void> = async () => {}): Promise<void> => {
    const sampling = setInterval(() => {
      largest = Math.max(largest, residentBytes(pid));
    }, 100);
    const options = { pid, port: router.port, realm: 'realm1', conns: 4, window: 8, size: 200, warm: 0.1 };
    const run = works.rpc({ ...options, secs: SECONDS });
    await during();
    const load = await run;
    clearInterval(sampling);
    equal(load.errors, 0, `${name}: ${load.firstError}`);
    expected += 2 * load.operations + SPANS_OF_A_RUN;
    const told = await account();
    t.diagnostic(`${name}: ${Math.round(load.rate)} calls/s, p99 ${Math.round(load.p99)} us, ${JSON.stringify(told)}`);
  };
  const account = async () => {
    const metrics = await router.metrics();
    const of = (outcome: string): number => metrics.get(`wamp_trace_spans_total{outcome="${outcome}"}`)!;
    return { exported: of('exported'), dropped: of('dropped'), failed: of('failed') };
  };
  /** When nothing waits any more. */
  const settled = async () => {
    for (let i = 0; ; i++) {
      const told = await account();
      const sum = told.exported + told.dropped + told.failed;
      if (sum >= expected || i > 300) {
        equal(sum, expected, 'sent + dropped + failed = ended');
        return told;
      }
      await new Promise(resolve => setTimeout(resolve, 100));
    }
  };

  await phase('warm-up');
  const calm = residentBytes(pid);
  largest = 0;
  await phase('collector there');
  const before = await settled();
  equal(before.dropped + before.failed, 0, 'nothing is lost while the collector is there');
  equal(receiver.spans, before.exported);

  await receiver.kill();
  await phase('collector killed');
  ok((await account()).dropped > 0 || SECONDS < 5);
  await receiver.restart();
  await phase('collector back');
  await until(() => receiver.spans > before.exported, 20);
  const after = await settled();
  // Requests whose answer the kill cut off arrive twice; there are two at a time.
  const twice = receiver.spans - after.exported;
  ok(twice >= 0 && twice <= 2 * 2304, `${twice} spans arrived more than once`);

  receiver.answer = response => void setTimeout(() => response.writeHead(200).end(), 500);
  await phase('collector slow');
  const slow = await settled();

  const refusals = [400, 429, 503] as const;
  let answers = 0;
  receiver.answer = response => {
    const status = refusals[answers++ % refusals.length]!;
    response.writeHead(status, { 'retry-after': '1' }).end('not now');
  };
  await phase('collector says no');
  receiver.answer = response => response.writeHead(200).end();
  const refused = await settled();
  ok(refused.failed > slow.failed, '400 is final');

  receiver.answer = response => {
    response.writeHead(200, { 'content-length': 100 });
    response.write('half', () => response.socket?.destroy());
  };
  await phase('collector closes mid-body');
  receiver.answer = response => response.writeHead(200).end();
  await settled();
  await phase('collector well again');
  const end = await settled();
  ok(end.exported > refused.exported);
  t.diagnostic(`memory ${mib(calm)} MiB before, ${mib(largest)} MiB at most; log: ${router.output()}`);
  ok(largest < calm + 160 * 1024 * 1024, `${mib(largest)} MiB after ${mib(calm)}`);
});

function mib(bytes: number): number {
  return Math.round(bytes / 1024 / 1024);
}
