/** Owns `npm run demo`: a router with a handful of real clients, and what a newcomer sees of their traffic. */

import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { defaultConfig } from '../../src/node/config/defaults.js';
import { HTTP_PORT, ROUTER_PORT } from '../../src/node/config/ports.js';
import type { Config } from '../../src/node/config/schema.js';
import { Node } from '../../src/node/node.js';
import { type Action, Actions } from '../../src/node/trace/actions.js';
import type { TraceRecord } from '../../src/node/trace/records.js';
import { oneLine, sequence } from '../../src/node/trace/sequence.js';
import { painter } from '../../src/node/trace/terminal.js';
import { Actors } from './actors.js';
import { type Autobahn, joinAutobahn } from './autobahn.js';
import { joinWampy } from './wampy.js';

const HELP = `npm run demo -- [--seconds N] [--forever] [--port N]

  --seconds N   how long, 8 when it is not said
  --forever     until Ctrl-C
  --port N      of the router, ${ROUTER_PORT} when it is not said; /metrics is at the next one
`;

const paint = painter(process.stdout.isTTY && !process.env.NO_COLOR);

function say(line = ''): void {
  process.stdout.write(`${line}\n`);
}

interface Options {
  readonly milliseconds: number;
  readonly port: number;
}

/** The words after the command make no sense. */
class UsageError extends Error {}

function optionsOf(args: string[]): Options {
  try {
    return parse(args);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function parse(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      seconds: { type: 'string', default: '8' },
      forever: { type: 'boolean', default: false },
      port: { type: 'string', default: String(ROUTER_PORT) },
    },
  });
  const seconds = Number(values.seconds);
  const port = Number(values.port);
  if (!(seconds > 0)) throw new TypeError(`Expected --seconds to be a number above 0, got ${values.seconds}`);
  if (!Number.isInteger(port) || port < 0 || port > 65534)
    throw new TypeError(`Expected --port to be a port, got ${values.port}`);
  return { milliseconds: values.forever ? Number.POSITIVE_INFINITY : seconds * 1000, port };
}

/** The default configuration, at another port if one is asked for; 0 lets the system choose. */
function configAt(port: number): Config {
  const config = defaultConfig();
  const workers = config.workers.map(worker => ({
    ...worker,
    transports: worker.transports.map(transport =>
      transport.endpoint.type === 'tcp' ? { ...transport, endpoint: { ...transport.endpoint, port } } : transport,
    ),
  }));
  const http = { ...config.wampscope.http!, port: port === 0 ? 0 : port === ROUTER_PORT ? HTTP_PORT : port + 1 };
  return { ...config, workers, wampscope: { ...config.wampscope, http } };
}

interface Running {
  readonly node: Node;
  readonly url: string;
  readonly metrics: string;
}

async function startNode(port: number): Promise<Running> {
  const said: string[] = [];
  const log = { info: (line: string) => void said.push(line), warn: (line: string) => say(paint('red', line)) };
  const node = new Node(configAt(port), { env: { OTEL_TRACES_SAMPLER: 'always_on', ...process.env }, log });
  await node.start();
  const find = (pattern: RegExp): string => pattern.exec(said.join('\n'))![0];
  return { node, url: find(/ws:\S+/), metrics: find(/http:\S+\/metrics/) };
}

/** What the statistics of all sessions add up to. */
class Totals {
  bytes = 0;
  messages = 0;
  readonly sessions = new Set<number>();
  readonly actions = new Map<string, number>();
  failed = 0;

  count(action: Action): void {
    this.actions.set(action.kind, (this.actions.get(action.kind) ?? 0) + 1);
    if (action.failed) this.failed++;
  }
}

interface Who {
  readonly session: number;
}

interface Stats {
  readonly cycle: number;
  readonly bytes: number;
  readonly messages: number;
  readonly duration: number;
  readonly serializer: string;
  readonly last: boolean;
}

/** Prints joins, statistics and leaves, as any client can that subscribes to the meta topics. */
async function watchStatistics(url: string, actors: Actors, totals: Totals): Promise<() => Promise<unknown>> {
  const monitor = await joinWampy(url, 'realm1', 'json');
  await monitor.subscribe('wamp.session.on_stats', ({ argsList }) => {
    const [{ session }, stats] = argsList as [Who, Stats];
    totals.sessions.add(session);
    totals.bytes += stats.bytes;
    totals.messages += stats.messages;
    // Of each session the first cycle holds HELLO and WELCOME only.
    if (stats.cycle === 1) return;
    const amount = `${String(stats.messages).padStart(4)} messages ${String(stats.bytes).padStart(6)} B`;
    const time = `in ${(stats.duration / 1e9).toFixed(2)} s`;
    const what = `${actors.nameOf(session).padEnd(12)} cycle ${String(stats.cycle).padStart(2)} ${amount}`;
    say(
      `${paint('cyan', 'on_stats')} ${what} ${time}, ${stats.serializer}${stats.last ? ', the last: it has left' : ''}`,
    );
  });
  return () => monitor.disconnect();
}

/** Starts a native trace, and shows what comes of it: the first action of each outcome at length, the others in a line. */
class Tracer {
  readonly #management: Autobahn;
  readonly #at: readonly string[];
  readonly #actors: Actors;
  readonly #totals: Totals;
  readonly #actions = new Actions();
  readonly #shown = new Set<string>();
  #next = 0;

  private constructor(management: Autobahn, at: readonly string[], actors: Actors, totals: Totals) {
    this.#management = management;
    this.#at = at;
    this.#actors = actors;
    this.#totals = totals;
  }

  static async start(url: string, actors: Actors, totals: Totals): Promise<Tracer> {
    const management = await joinAutobahn('com.wampscope.management', { url });
    const { session } = management;
    const [node] = (await session.call('crossbarfabriccenter.list_nodes')) as string[];
    const [worker] = (await session.call('crossbarfabriccenter.list_workers', [node])) as string[];
    const at = [node!, worker!, 'demo'];
    await session.call('crossbarfabriccenter.start_trace', at);
    return new Tracer(management, at, actors, totals);
  }

  /** Reads and shows what has been traced since the last time. */
  async look(): Promise<void> {
    const range = [this.#next, null, 1000];
    const { session } = this.#management;
    const records = (await session.call('crossbarfabriccenter.get_trace_data', [
      ...this.#at,
      ...range,
    ])) as TraceRecord[];
    this.#next = (records.at(-1)?.seq ?? this.#next - 1) + 1;
    for (const action of this.#actions.add(records)) {
      this.#totals.count(action);
      if (action.kind === 'Call' || action.kind === 'Publish') this.#show(action);
    }
  }

  async stop(): Promise<void> {
    await this.#management.session.call('crossbarfabriccenter.stop_trace', [...this.#at]);
    await this.#management.leave();
  }

  #show(action: Action): void {
    const nameOf = (session: number): string => this.#actors.nameOf(session);
    const what = `${action.uri} ${action.outcome}`;
    if (this.#shown.has(what)) return say(`${paint('cyan', 'trace')}    ${oneLine(action, nameOf, paint)}`);
    this.#shown.add(what);
    say();
    for (const line of sequence(action, nameOf, paint)) say(line);
  }
}

async function sumUp({ metrics, url }: Running, totals: Totals): Promise<void> {
  const text = await (await fetch(metrics)).text();
  const spans = /wamp_trace_spans_total\{outcome="exported"\} (\d+)/.exec(text)?.[1] ?? '0';
  const kinds = [...totals.actions].map(([kind, count]) => `${count} ${kind}`).join(', ');
  say();
  say(paint('bold', 'In sum'));
  say(`  on_stats  ${totals.sessions.size} sessions, ${totals.messages} messages, ${totals.bytes} B`);
  say(`  traced    ${kinds}; ${totals.failed} of them failed`);
  const endpoint = process.env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? process.env.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (endpoint) say(`  spans     ${spans} exported to ${endpoint}`);
  say();
  say(paint('bold', 'Go on'));
  say(`  Metrics   curl ${metrics}   (npm run demo -- --forever keeps it up)`);
  if (!endpoint) {
    say('  Spans     OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 npm run demo -- --forever');
    say('            sends them to a Collector or Jaeger there; Jaeger shows them at http://127.0.0.1:16686');
  }
  say(`  Yours     npm start, then point WAMP clients to ${url}, realm realm1`);
  say('  Python    examples/monitor-python: statistics by monitor.py, native traces by traces.py');
}

async function main(): Promise<void> {
  const options = optionsOf(process.argv.slice(2));
  const deadline = performance.now() + options.milliseconds;
  let isAsked = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      isAsked = true;
    });
  }
  const running = await startNode(options.port);
  say(`${paint('bold', 'wampscope')} routes at ${running.url}, realm realm1; metrics at ${running.metrics}`);
  const actors = new Actors(running.url);
  const totals = new Totals();
  const unwatch = await watchStatistics(running.url, actors, totals);
  const tracer = await Tracer.start(running.url, actors, totals);
  await actors.join();
  say('2 autobahn-js and 7 wampy clients call, fail, cancel, stream and publish; a visitor comes now and then.');
  say('Each arrow is a WAMP message; those of one action share a correlation.');
  for (let round = 1; round === 1 || (performance.now() < deadline && !isAsked); round++) {
    await actors.round(round);
    await tracer.look();
    await sleep(Math.max(0, Math.min(300, deadline - performance.now())));
  }
  await actors.leave();
  await tracer.look();
  await sumUp(running, totals);
  await tracer.stop();
  await unwatch();
  await running.node.stop();
}

function explain(error: unknown): string {
  const { code, port, address, message } = error as NodeJS.ErrnoException & { port?: number; address?: string };
  if (code === 'EADDRINUSE') {
    return `The demo needs ${address}:${port}, but something listens there (another demo, npm start?).\nStop it, or choose another port: npm run demo -- --port 9080`;
  }
  if (error instanceof UsageError) return `${message}\n\n${HELP}`;
  return error instanceof Error ? (error.stack ?? message) : String(error);
}

try {
  await main();
  process.exit();
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exit(1);
}
