/**
 * Owns the ports that tests hand to other processes.
 *
 * The kernel draws a port for each outgoing connection from a range of its own (by default from 32768 on Linux, from 49152 elsewhere).
 * A port of that range, free a moment ago, may belong to somebody's connection when the other process wants to
 * listen there; so these come from below it.
 */

import { once } from 'node:events';
import { createServer } from 'node:net';

const FIRST = 10_000;
const END = 32_768;
/** Test files run at the same time, in processes whose numbers are near each other: they begin at different places. */
const PER_PROCESS = 64;

let next = FIRST + ((process.pid * PER_PROCESS) % (END - FIRST));

/** Ports of loopback that nobody has right now, and that this process does not hand out again soon. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = next;
    next = port + 1 < END ? port + 1 : FIRST;
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  return port!;
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false;
    throw error;
  }
  server.close();
  await once(server, 'close');
  return true;
}
