/** Owns `npm run stack`: the parts of docker-compose.yml as processes, with a router, until Ctrl-C. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { HTTP_PORT, ROUTER_PORT } from '../../src/node/config/ports.js';
import { ROOT } from '../compose/compose.js';
import { Stack } from './harness.js';
import { type Plan, startCollector, startJaeger, startPrometheus, startSampler } from './programs.js';

const HELP = `npm run stack -- [--scale] [--config FILE]

  --scale         two tiers of Collectors, with tail sampling
  --config FILE   of the router; its management listener must be at 127.0.0.1:${HTTP_PORT}
`;

/** The ports that docker-compose.yml publishes; where two parts would have the same, one is moved. */
const PLAN: Plan = {
  prometheus: '127.0.0.1:9090',
  jaegerQuery: '127.0.0.1:16686',
  jaegerQueryGrpc: '127.0.0.1:16685',
  jaegerOtlp: '127.0.0.1:14317',
  jaegerHealth: '127.0.0.1:14133',
  jaegerMetrics: '127.0.0.1:14888',
  collector: {
    grpc: '127.0.0.1:4317',
    http: '127.0.0.1:4318',
    health: '127.0.0.1:13133',
    metrics: '127.0.0.1:8888',
  },
  samplers: [
    { grpc: '127.0.0.1:5317', http: '', health: '127.0.0.1:15133', metrics: '127.0.0.1:15888' },
    { grpc: '127.0.0.1:6317', http: '', health: '127.0.0.1:16133', metrics: '127.0.0.1:16888' },
  ],
};

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function startParts(stack: Stack, scale: boolean): Promise<void> {
  const collectors = scale ? [PLAN.collector, ...PLAN.samplers] : [PLAN.collector];
  const targets = {
    router: [`127.0.0.1:${HTTP_PORT}`],
    collector: collectors.map(({ metrics }) => metrics),
    jaeger: [PLAN.jaegerMetrics],
  };
  await Promise.all([startPrometheus(stack, PLAN, targets), startJaeger(stack, PLAN)]);
  if (scale) await Promise.all([startSampler(stack, PLAN, 0), startSampler(stack, PLAN, 1)]);
  await startCollector(stack, PLAN, scale ? 'tier1' : 'collector');
}

async function main(args: string[]): Promise<number> {
  let options: { scale?: boolean; config?: string };
  try {
    options = parseArgs({ args, options: { scale: { type: 'boolean' }, config: { type: 'string' } } }).values;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    return 2;
  }
  // More of them must not end this process before its parts: npm hands on what a terminal has sent to all already.
  const stopped = new Promise<void>(resolve => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve());
  });
  const stack = new Stack();
  try {
    await startParts(stack, options.scale === true);
    const config = options.config === undefined ? [] : ['--config', options.config];
    const router = spawn(process.execPath, [join(ROOT, 'dist/node/cli.js'), 'start', ...config], {
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://${PLAN.collector.http}`, ...process.env },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const ended = once(router, 'exit');
    say(`WAMP        ws://127.0.0.1:${ROUTER_PORT}/ws, realm realm1`);
    say(`Prometheus  http://${PLAN.prometheus}/api/v1/query?query=wamp_sessions`);
    say(`Jaeger      http://${PLAN.jaegerQuery}/api/traces?service=wampscope`);
    say('Ctrl-C stops them, and forgets what they know');
    await Promise.race([stopped, ended]);
    if (router.exitCode === null) router.kill('SIGTERM');
    const [code] = await ended;
    return code === null ? 1 : Number(code);
  } finally {
    await stack.close();
  }
}

main(process.argv.slice(2)).then(
  code => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`The stack cannot start: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
