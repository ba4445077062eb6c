// Owns the processes of a benchmark: which core each one gets, when it is up, and that none outlives the run.
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

const LOAD_CORE = '0';
const SERVER_CORE = '1';
const OUTPUT_KEPT = 4000;
const children = new Set();

/** Server and generator on one core would take turns, and each would be billed for the other's cold caches. */
export const canPin = availableParallelism() > 1 && spawnSync('taskset', ['-c', LOAD_CORE, 'true']).status === 0;

export function pinGenerator() {
  if (canPin) spawnSync('taskset', ['-a', '-c', '-p', LOAD_CORE, String(process.pid)]);
}

function accepts(port) {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1');
    const settle = answer => {
      socket.destroy();
      resolve(answer);
    };
    socket.on('connect', () => settle(true));
    socket.on('error', () => settle(false));
  });
}

/** Telemetry settings of the shell that runs the benchmark must not leak into the variant that has everything off. */
function cleanEnv() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('OTEL_')));
}

/** Starts a Node process and waits until it listens. `nextToLoad` puts it on the generator's core. */
export async function startServer({ name, args, port, env = {}, cwd, nextToLoad = false }) {
  if (await accepts(port)) throw new Error(`${name}: port ${port} is already in use by something else`);
  const pin = canPin ? ['taskset', '-c', nextToLoad ? LOAD_CORE : SERVER_CORE] : [];
  const [command, ...rest] = [...pin, process.execPath, ...args];
  const options = { cwd, env: { ...cleanEnv(), ...env }, stdio: ['ignore', 'pipe', 'pipe'] };
  const child = spawn(command, rest, options);
  const server = { name, port, pid: child.pid, child, output: '', exited: false, stopping: false };
  children.add(server);
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', text => {
      server.output = (server.output + text).slice(-OUTPUT_KEPT);
    });
  }
  child.on('error', error => {
    server.output += error.message;
    server.exited = true;
  });
  child.on('exit', (code, signal) => {
    server.exited = true;
    children.delete(server);
    if (!server.stopping) console.error(`${name} ended on its own (${signal ?? code})\n${server.output}`);
  });
  for (const deadline = Date.now() + 15_000; Date.now() < deadline && !server.exited; await sleep(100)) {
    if (await accepts(port)) return server;
  }
  const why = server.exited ? 'ended' : 'did not listen';
  await stopServer(server);
  throw new Error(`${name} ${why}: ${server.output.trim()}`);
}

/** Lets all threads of a server but the one that routes run on the generator's core. */
export function partHelpers({ pid }) {
  if (!canPin) return;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    if (Number(thread) !== pid) spawnSync('taskset', ['-c', '-p', LOAD_CORE, thread]);
  }
}

export async function stopServer(server) {
  server.stopping = true;
  if (server.exited) return;
  const ended = new Promise(resolve => server.child.once('exit', resolve));
  server.child.kill('SIGTERM');
  const timer = setTimeout(() => server.child.kill('SIGKILL'), 4000);
  await ended;
  clearTimeout(timer);
}

export async function stopAll() {
  await Promise.all([...children].map(stopServer));
}

process.on('exit', () => {
  for (const server of children) server.child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));
