// Owns the benchmark of persisted traces: a fixed rate of records with no trace, one in memory, one that is stored.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readThreads, spent } from './cpu.mjs';
import { RawClient, Template } from './raw-client.mjs';
import { canPin, pinGenerator } from './servers.mjs';

const USAGE = 'node bench/persist.mjs [--rounds 5] [--secs 3] [--rate 100000] [--work fanout,rpc] [--disk DIR]';
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MANAGEMENT_REALM = 'com.wampscope.management';
const API = 'crossbarfabriccenter';
const SUBSCRIBERS = 100;
const CALLERS = 10;
/** What messages carry besides their head: octets. */
const BODY = 'x'.repeat(130);
const PATIENCE = 20_000;

const MODES = { off: undefined, memory: {}, persist: { persist: true } };

async function startRouter(directory, port) {
  const config = JSON.parse(readFileSync(join(ROOT, 'bench/trace.json'), 'utf8'));
  config.workers[0].transports[0].endpoint.port = port;
  config.wampscope.store = { directory };
  const file = join(directory, 'config.json');
  writeFileSync(file, JSON.stringify(config));
  const args = ['--import', join(ROOT, 'bench/turns.mjs'), 'dist/node/cli.js', 'start', '--config', file];
  const pin = canPin ? ['taskset', '-c', '1'] : [];
  const [command, ...rest] = [...pin, process.execPath, ...args];
  const child = spawn(command, rest, { cwd: ROOT, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  let said = '';
  for await (const chunk of child.stderr) {
    said += chunk;
    if (said.includes('is up')) break;
  }
  if (!said.includes('is up')) throw new Error(`the router did not start: ${said}`);
  // The writing thread belongs to the other core, as on a machine that has more than one for the router.
  if (canPin) spawnSync('taskset', ['-a', '-c', '-p', '0,1', String(child.pid)]);
  if (canPin) spawnSync('taskset', ['-c', '-p', '1', String(child.pid)]);
  return child;
}

async function management(port) {
  const client = await RawClient.join(port, MANAGEMENT_REALM);
  let request = 0;
  const place = [];
  const call = async (name, ...args) => {
    const reply = await client.ask([48, ++request, {}, `${API}.${name}`, [...place, ...args]], PATIENCE);
    if (reply[0] !== 50) throw new Error(`${name}: ${JSON.stringify(reply)}`);
    return reply[3]?.[0];
  };
  const [node] = await call('list_nodes');
  const [worker] = await call('list_workers', node);
  place.push(node, worker);
  return call;
}

/** Sends `put` as often a second as asked, in small portions. */
async function paced(rate, seconds, put, flush) {
  const start = performance.now();
  let sent = 0;
  for (;;) {
    const elapsed = performance.now() - start;
    if (elapsed >= seconds * 1000) return sent;
    const due = Math.floor((elapsed * rate) / 1000);
    while (sent < due) put(sent++);
    flush();
    await sleep(1);
  }
}

/** Each work: how many records one unit makes, and how units are begun. */
const WORKS = {
  fanout: async port => {
    const publisher = await RawClient.join(port, 'realm1');
    for (let i = 0; i < SUBSCRIBERS; i++) {
      const subscriber = await RawClient.join(port, 'realm1');
      await subscriber.ask([32, 1, {}, 'com.bench.topic']);
      subscriber.onMessage = () => {};
    }
    const template = new Template(id => `[16,${id},{},"com.bench.topic",["${BODY}"]]`);
    let request = 0;
    return { records: SUBSCRIBERS + 1, put: () => publisher.put(template, ++request), flush: () => publisher.flush() };
  },
  rpc: async port => {
    const callee = await RawClient.join(port, 'realm1');
    await callee.ask([64, 1, {}, 'com.bench.echo']);
    const answer = new Template(id => `[70,${id},{},["${BODY}"]]`);
    let invocations = 0;
    // Invocations are numbered from 1 in the order in which they come.
    callee.onMessage = () => callee.put(answer, ++invocations);
    const call = new Template(id => `[48,${id},{},"com.bench.echo",["${BODY}"]]`);
    const callers = [];
    for (let i = 0; i < CALLERS; i++) {
      const client = await RawClient.join(port, 'realm1');
      client.onMessage = () => {};
      callers.push({ client, request: 0 });
    }
    const put = n => {
      const caller = callers[n % CALLERS];
      caller.client.put(call, ++caller.request);
    };
    const flush = () => {
      for (const { client } of callers) client.flush();
    };
    return { records: 4, put, flush };
  },
};

async function round(mode, work, { router, call, rate, secs }) {
  const options = MODES[mode];
  if (options) await call('start_trace', 'bench', { trace_app_payload: true, ...options });
  await sleep(300);
  router.send('reset');
  const before = readThreads(router.pid);
  const sent = await paced(rate / work.records, secs, work.put, work.flush);
  router.send('read');
  const [turn] = await once(router, 'message');
  const micros = spent(router.pid, before, readThreads(router.pid));
  await sleep(300);
  const figures = { mode, records: sent * work.records, turn, main: micros.main, all: micros.all, dropped: 0 };
  if (!options) return figures;
  await call('stop_trace', 'bench');
  for (const end = Date.now() + PATIENCE; ; await sleep(20)) {
    const trace = await call('get_trace', 'bench');
    figures.traced = trace.next_seq;
    figures.dropped = trace.dropped;
    figures.error = trace.persist_error;
    if (!options.persist || trace.persisted_seq === trace.next_seq - 1 || trace.persist_error) break;
    if (Date.now() > end) throw new Error(`not stored in time: ${JSON.stringify(trace)}`);
  }
  await call('delete_trace', 'bench');
  return figures;
}

const median = values => values.sort((a, b) => a - b)[values.length >> 1];
const spread = (values, places = 2) => {
  const sorted = [...values].sort((a, b) => a - b);
  return `${median(sorted).toFixed(places)} [${sorted[0].toFixed(places)}-${sorted.at(-1).toFixed(places)}]`;
};

function report(name, rounds, rate) {
  console.log(`\n${name}, ${rate} records/s asked for\n`);
  console.log(
    '| mode | records/s | lost | main thread us/record | over off | over memory | longest turn ms | p99 turn ms |',
  );
  console.log('| --- | --- | --- | --- | --- | --- | --- | --- |');
  for (const mode of Object.keys(MODES)) {
    const own = rounds.map(one => one[mode]);
    const cost = ({ main, records }) => main / records;
    const over = base => spread(rounds.map(one => cost(one[mode]) - cost(one[base])));
    const cells = [
      mode,
      Math.round(median(own.map(({ records, secs }) => records / secs))),
      mode === 'persist' ? own.reduce((sum, { dropped }) => sum + dropped, 0) : '-',
      spread(own.map(cost)),
      mode === 'off' ? '-' : over('off'),
      mode === 'persist' ? over('memory') : '-',
      spread(
        own.map(({ turn }) => turn.max),
        1,
      ),
      spread(
        own.map(({ turn }) => turn.p99),
        1,
      ),
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
}

async function main() {
  const text = { type: 'string' };
  const { values } = parseArgs({ options: { rounds: text, secs: text, rate: text, work: text, disk: text } });
  const rounds = Number(values.rounds ?? 5);
  const secs = Number(values.secs ?? 3);
  const rate = Number(values.rate ?? 100_000);
  const names = (values.work ?? 'fanout,rpc').split(',');
  if (!(rounds > 0 && secs > 0 && rate > 0 && names.every(name => name in WORKS))) throw new Error('odd values');
  pinGenerator();
  for (const [i, name] of names.entries()) {
    const port = 27307 + i;
    const directory = mkdtempSync(join(values.disk ?? tmpdir(), 'wampscope.bench-'));
    const router = await startRouter(directory, port);
    try {
      const call = await management(port);
      const work = await WORKS[name](port);
      const done = [];
      // The first one warms up and is not counted.
      for (let n = 0; n <= rounds; n++) {
        const one = {};
        for (const mode of Object.keys(MODES)) {
          one[mode] = { ...(await round(mode, work, { router, call, rate, secs })), secs };
        }
        if (n > 0) done.push(one);
      }
      report(name, done, rate);
    } finally {
      router.kill('SIGTERM');
      await once(router, 'exit');
      rmSync(directory, { recursive: true, force: true });
    }
  }
}

main().then(
  () => process.exit(0),
  error => {
    console.error(`${error.message}\n${USAGE}`);
    process.exit(1);
  },
);
