#!/usr/bin/env node
/** Owns the command line: `wampscope start`, `wampscope check`; `wampscope trace` is trace/command.ts. */

import { parseArgs } from 'node:util';
import { check, describeError } from './config/check.js';
import { defaultConfig } from './config/defaults.js';
import { loadConfig } from './config/load.js';
import { ConfigError, formatProblem } from './config/problem.js';
import type { Config } from './config/schema.js';
import { Node } from './node.js';
import { runTrace } from './trace/command.js';
import { openStoreSource } from './trace/store-source.js';
import { VERSION } from './version.js';

const HELP = `wampscope ${VERSION}: the WAMP router you can see through

  wampscope start [--config FILE]   run the router; without a file: realm1 on ws://127.0.0.1:8080/ws
  wampscope check FILE              say what is wrong with a configuration, or nothing
  wampscope trace VERB ...          start, stop, list, tail, show, export, delete traces; --help tells more
  wampscope --version

A configuration is a Crossbar.io node configuration (version 2), JSON or YAML.
Spans are exported when OTEL_EXPORTER_OTLP_ENDPOINT is set.
`;

async function main(): Promise<number> {
  if (process.argv[2] === 'trace') return trace(process.argv.slice(3));
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    return 2;
  }
  const { values, positionals } = parsed;
  const [command, ...rest] = positionals;
  if (values.version) return say(VERSION);
  if (values.help) return say(HELP);
  if (command === 'start' && rest.length === 0) return start(values.config);
  if (command === 'check' && rest.length === 1) {
    const { exitCode, output } = check(rest[0]!, { color: process.stdout.isTTY });
    say(output);
    return exitCode;
  }
  process.stderr.write(command ? `Cannot make sense of "${positionals.join(' ')}".\n\n${HELP}` : HELP);
  return 2;
}

function parse(args: string[]) {
  return parseArgs({
    args,
    allowPositionals: true,
    options: { config: { type: 'string' }, help: { type: 'boolean', short: 'h' }, version: { type: 'boolean' } },
  });
}

function say(text: string): number {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
  return 0;
}

function trace(args: readonly string[]): Promise<number> {
  const { stdout, stderr, env } = process;
  const color = stdout.isTTY && !env.NO_COLOR;
  return runTrace(args, { stdout, stderr, env, color, interrupted: signalled, openStore: openStoreSource });
}

async function start(file: string | undefined): Promise<number> {
  let config: Config;
  try {
    config = file === undefined ? defaultConfig() : load(file);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${describeError(error, { color: process.stderr.isTTY })}\n`);
    return 1;
  }
  const log = { info: line('info'), warn: line('warn') };
  const node = new Node(config, { env: process.env, log });
  try {
    await node.start();
  } catch (error) {
    process.stderr.write(`wampscope cannot start: ${explain(error)}\n`);
    return 1;
  }
  log.info(`wampscope ${VERSION} is up (process ${process.pid}); Ctrl-C stops it`);
  await signalled();
  log.info('stopping');
  await node.stop();
  return 0;
}

function load(file: string): Config {
  const { config, warnings } = loadConfig(file);
  for (const warning of warnings) line('warn')(formatProblem(file, warning));
  return config;
}

/** Resolves at the first SIGINT or SIGTERM; a second one ends the process at once. */
function signalled(): Promise<void> {
  return new Promise(resolve => {
    let asked = false;
    const onSignal = (): void => {
      if (asked) process.exit(130);
      asked = true;
      resolve();
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });
}

function explain(error: unknown): string {
  const { code, address, port, message } = error as NodeJS.ErrnoException & { address?: string; port?: number };
  if (code === 'EADDRINUSE' && !(port && port > 0)) return `${address} is in use by another process`;
  if (code === 'EADDRINUSE') {
    return `${address}:${port} is in use; stop what listens there, or give another port in a --config FILE`;
  }
  if (code === 'EACCES') return `no permission to listen on ${address}:${port}; ports below 1024 belong to root`;
  return message ?? String(error);
}

function line(level: 'info' | 'warn'): (message: string) => void {
  return message => {
    process.stderr.write(`${new Date().toISOString()} ${level.padEnd(4)} ${message}\n`);
  };
}

process.exitCode = await main();
// Whatever is still open (a peer that does not close, a worker) must not keep a stopped router alive.
process.exit();
