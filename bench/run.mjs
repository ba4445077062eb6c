// Owns the entry point of the benchmarks: which variants and cases there are, and what counts as a broken run.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { prepareOn, readSink, startSink, telemetryEnv, withSpanAccount } from './everything-on.mjs';
import { compare } from './harness.mjs';
import { figures, progress, spans, targets } from './report.mjs';
import { canPin, partHelpers, pinGenerator, startServer, stopAll } from './servers.mjs';

const USAGE =
  'node bench/run.mjs [--rounds 5] [--secs 1.2] [--only rpc,fanout1] [--json FILE] [--variants off,on] [--base bare] [--apart]';
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BARE_PORT = 27300;
const TWIN_PORT = 27301;
const SINK_PORT = 27304;
const SPANS_SINK_PORT = 27307;
const NOBODY_PORT = 27308;
const SAMPLED_SINK_PORT = 27309;

const CASES = [
  { name: 'rpc10x16', work: 'rpc', conns: 10, window: 16, size: 200 },
  { name: 'rpc1x1', work: 'rpc', conns: 1, window: 1, size: 200 },
  { name: 'rpc10x16-2k', work: 'rpc', conns: 10, window: 16, size: 2048, shape: 'obj' },
  { name: 'fanout1', work: 'pubsub', subs: 1, window: 16, size: 200 },
  { name: 'fanout10', work: 'pubsub', subs: 10, window: 16, size: 200 },
  { name: 'fanout100', work: 'pubsub', subs: 100, window: 16, size: 200 },
  { name: 'fanout1000', work: 'pubsub', subs: 1000, window: 4, size: 200 },
  { name: 'fanout100-2k', work: 'pubsub', subs: 100, window: 16, size: 2048, shape: 'obj' },
];

function startBare(name, port) {
  return startServer({ name, port, args: ['bench/bare-router.mjs', String(port)], cwd: ROOT });
}

/** The same configuration may run twice, each on a port of its own: `shift` is added to the configured one. */
async function startWampscope(name, env, shift = 0, store = undefined) {
  if (shift > 0) return startShifted(name, env, shift, store);
  const config = `bench/${name}.json`;
  const { port } = JSON.parse(readFileSync(`${ROOT}/${config}`, 'utf8')).workers[0].transports[0].endpoint;
  if (!existsSync(`${ROOT}/dist/node/cli.js`)) throw new Error(`${name}: nothing built in dist/`);
  return startServer({ name, port, env, args: ['dist/node/cli.js', 'start', '--config', config], cwd: ROOT });
}

async function startShifted(name, env, shift, store) {
  const config = JSON.parse(readFileSync(`${ROOT}/bench/${name}.json`, 'utf8'));
  const { endpoint } = config.workers[0].transports[0];
  endpoint.port += shift;
  if (store) config.wampscope.store = store;
  const file = join(tmpdir(), `wampscope-bench-${name}-${endpoint.port}.json`);
  writeFileSync(file, JSON.stringify(config));
  const args = ['dist/node/cli.js', 'start', '--config', file];
  return startServer({ name, port: endpoint.port, env, args, cwd: ROOT });
}

const SILENT = { OTEL_SDK_DISABLED: 'true' };

/** How each variant is started. `twin` is B once more: its ratios show how far the noise of this machine reaches. */
const VARIANTS = {
  bare: async () => ({ server: await startBare('bare', BARE_PORT) }),
  twin: async () => ({ server: await startBare('twin', TWIN_PORT) }),
  off: async () => ({ server: await startWampscope('off', SILENT) }),
  off2: async () => ({ server: await startWampscope('off', SILENT, 10) }),
  // Session statistics and the metrics listener, nothing else.
  metrics: async () => ({ server: await startWampscope('metrics', SILENT) }),
  // The tracing API is there, no trace is running.
  idle: async () => ({ server: await startWampscope('trace', SILENT, 10) }),
  // One trace in memory that keeps every message, payload included.
  trace: async () => {
    const server = await startWampscope('trace', SILENT);
    await prepareOn(server, { trace_app_payload: true });
    return { server };
  },
  // Every action exported over OTLP, nothing else on.
  spans: async () => {
    const sink = await startSink(SPANS_SINK_PORT);
    const server = await startWampscope('off', telemetryEnv(SPANS_SINK_PORT), 20);
    return { server, sink, helperPid: sink.pid, around: run => withSpanAccount(sink, run) };
  },
  // What an operator gets who only says where to: one in a hundred, errors and slow actions.
  sampled: async () => {
    const sink = await startSink(SAMPLED_SINK_PORT);
    const { OTEL_TRACES_SAMPLER: _, ...env } = telemetryEnv(SAMPLED_SINK_PORT);
    const server = await startWampscope('off', env, 40);
    return { server, sink, helperPid: sink.pid };
  },
  // The same as spans, and nobody is there to take them.
  down: async () => ({ server: await startWampscope('off', telemetryEnv(NOBODY_PORT), 30) }),
  // The same, stored; in a directory of its own.
  persist: async () => {
    const directory = mkdtempSync(join(tmpdir(), 'wampscope.bench-'));
    process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
    const server = await startWampscope('trace', SILENT, 20, { directory });
    await prepareOn(server, { trace_app_payload: true, persist: true });
    return { server };
  },
  on: async () => {
    const sink = await startSink(SINK_PORT);
    const server = await startWampscope('on', telemetryEnv(SINK_PORT));
    await prepareOn(server);
    return { server, sink, helperPid: sink.pid, around: run => withSpanAccount(sink, run) };
  },
};

function readOptions() {
  const text = name => ({ [name]: { type: 'string' } });
  const { values } = parseArgs({
    options: {
      ...text('rounds'),
      ...text('secs'),
      ...text('only'),
      ...text('json'),
      ...text('variants'),
      ...text('base'),
      apart: { type: 'boolean' },
    },
  });
  const base = values.base ?? 'bare';
  const names = (values.variants ?? 'off,on').split(',').filter(name => name !== base);
  const unknown = [base, ...names].find(name => !Object.hasOwn(VARIANTS, name));
  if (unknown !== undefined) throw new Error(`no variant "${unknown}"`);
  const rounds = Number(values.rounds ?? 5);
  const secs = Number(values.secs ?? 1.2);
  if (!(Number.isInteger(rounds) && rounds > 0 && secs > 0))
    throw new Error('--rounds and --secs are positive numbers');
  const { only, json, apart = false } = values;
  return { names: [base, ...names], cases: pickCases(only), rounds, secs, json, apart };
}

/** A full name picks one case, anything else all the cases that begin with it. */
function pickCases(only) {
  if (only === undefined) return CASES;
  const picked = new Set();
  for (const word of only.split(',')) {
    const exact = CASES.filter(({ name }) => name === word);
    const matching = exact.length > 0 ? exact : CASES.filter(({ name }) => name.startsWith(word));
    if (matching.length === 0) throw new Error(`no case "${word}"`);
    for (const testCase of matching) picked.add(testCase);
  }
  return CASES.filter(testCase => picked.has(testCase));
}

async function startVariants(names, broken) {
  const variants = [];
  for (const name of names) {
    try {
      variants.push({ name, ...(await VARIANTS[name]()) });
    } catch (error) {
      broken.push(error.message);
    }
  }
  return variants;
}

async function main() {
  const { names, cases, rounds, secs, json, apart } = readOptions();
  const broken = [];
  pinGenerator();
  const [load] = loadavg();
  if (load > 0.7) console.log(`Load average is ${load.toFixed(1)} before the start: others are using this machine.\n`);
  if (!canPin) console.log('No two cores to pin to (needs Linux, taskset and two cores): expect wider ranges.\n');
  const variants = await startVariants(names, broken);
  if (apart) for (const { server } of variants) partHelpers(server);
  if (variants.length > 1 && variants[0].name === names[0]) {
    const onRow = row => console.error(progress(row));
    const rows = await compare(variants, cases, { rounds, secs, onRow });
    const sections = [figures(rows), targets(rows), spans(rows)].filter(Boolean);
    console.log(`\n${sections.join('\n\n')}\n`);
    for (const row of rows) if (row.errors > 0) broken.push(`${row.case} ${row.variant}: ${row.firstError}`);
    const sink = variants.find(variant => variant.sink)?.sink;
    const received = sink && (await readSink(sink));
    if (received)
      console.log(`Sink: ${received.spans} spans, ${received.requests} requests, ${received.bytes} bytes.\n`);
    const machine = {
      node: process.version,
      cpu: cpus()[0]?.model,
      cores: cpus().length,
      isPinned: canPin,
      isApart: apart,
      load,
    };
    if (json) writeFileSync(json, JSON.stringify({ machine, rounds, secs, sink: received, broken, rows }, null, 2));
  } else if (broken.length === 0) broken.push(`nothing to compare with ${names[0]}`);
  await stopAll();
  for (const text of broken) console.error(`BROKEN ${text}`);
  process.exit(broken.length > 0 ? 1 : 0);
}

main().catch(error => {
  console.error(`${error.message}\n${USAGE}`);
  process.exit(1);
});
