/** Owns a router process that stores its traces, what is asked of it, and a load of publications for it. */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { RawClient } from '../../e2e/raw-client.js';
import { frame, MESSAGE } from '../../helpers/rawsocket-frames.js';

export interface TraceObject {
  readonly status: string;
  readonly next_seq: number;
  readonly first_seq: number;
  readonly dropped: number;
  readonly persisted_seq: number | null;
  readonly persist_error: string | null;
}

const CLI = join(import.meta.dirname, '../../../src/node/cli.js');
const ALL = { call: true, register: true, publish: true, subscribe: true };
const WAIT_MS = 20_000;

function configuration(store: object): object {
  const permissions = [{ uri: '', match: 'prefix', allow: ALL }];
  const endpoint = { type: 'tcp', interface: '127.0.0.1', port: 0 };
  const transports = [{ type: 'universal', endpoint, rawsocket: {}, websocket: { ws: { type: 'websocket' } } }];
  const realms = [{ name: 'realm1', roles: [{ name: 'anonymous', permissions }] }];
  return {
    version: 2,
    controller: { id: 'node1' },
    workers: [{ type: 'router', id: 'worker1', realms, transports }],
    wampscope: { management: {}, store },
  };
}

export class RouterProcess {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #output: { text: string };
  readonly #management: RawClient;
  #request = 0;

  private constructor(child: ChildProcess, output: { text: string }, port: number, management: RawClient) {
    this.#child = child;
    this.#output = output;
    this.port = port;
    this.#management = management;
  }

  /** `folder` gets the configuration, which relative paths in `store` are relative to. */
  static async start(folder: string, store: object): Promise<RouterProcess> {
    const file = join(folder, 'config.json');
    writeFileSync(file, JSON.stringify(configuration(store)));
    const child = spawn(process.execPath, [CLI, 'start', '--config', file], { stdio: ['ignore', 'ignore', 'pipe'] });
    const output = { text: '' };
    await new Promise<void>((resolve, reject) => {
      child.on('exit', () => reject(new Error(`the router has ended: ${output.text}`)));
      child.stderr!.on('data', (chunk: Buffer) => {
        output.text += chunk.toString();
        if (output.text.includes('is up')) resolve();
      });
    });
    const port = Number(/ws:\/\/127\.0\.0\.1:(\d+)\//.exec(output.text)![1]);
    const roles = { caller: {}, subscriber: {} };
    const management = await RawClient.join(`ws://127.0.0.1:${port}/ws`, 'com.wampscope.management', roles);
    return new RouterProcess(child, output, port, management);
  }

  /** What it has logged. */
  get log(): string {
    return this.#output.text;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}/ws`;
  }

  /** Calls a procedure of the tracing API for its worker. */
  async call<T>(name: string, ...args: unknown[]): Promise<T> {
    const request = ++this.#request;
    this.#management.send([48, request, {}, `crossbarfabriccenter.${name}`, ['node1', 'worker1', ...args]]);
    const reply = await this.#management.nextOf(50, 8);
    if (reply[0] === 8) assert.fail(`${name}: ${JSON.stringify(reply)}`);
    assert.equal(reply[1], request);
    return (reply[3] as [T])[0];
  }

  trace(id: string): Promise<TraceObject> {
    return this.call('get_trace', id);
  }

  async until(id: string, wanted: (trace: TraceObject) => boolean): Promise<TraceObject> {
    for (const end = Date.now() + WAIT_MS; ; ) {
      const trace = await this.trace(id);
      if (wanted(trace)) return trace;
      if (Date.now() > end) assert.fail(`still ${JSON.stringify(trace)}; ${this.log}`);
    }
  }

  async subscribe(topic: string): Promise<void> {
    this.#management.send([32, ++this.#request, {}, topic]);
    await this.#management.next(33);
  }

  /** The arguments of the next event. */
  async event(): Promise<readonly unknown[]> {
    const [, , , , args] = await this.#management.next(36);
    return args as unknown[];
  }

  async end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return this.#child.exitCode;
    const exited = once(this.#child, 'exit');
    this.#child.kill(signal);
    await exited;
    this.#management.drop();
    return this.#child.exitCode;
  }
}

/** One connection that reads without looking. */
async function rawSocket(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  // The router is killed while this is connected.
  socket.on('error', () => {});
  socket.resume();
  await once(socket, 'connect');
  // RawSocket: magic, length 2^24, JSON.
  socket.write(Buffer.of(0x7f, 0xf1, 0, 0));
  await once(socket, 'data');
  const roles = { publisher: {}, subscriber: {} };
  socket.write(message([1, 'realm1', { roles }]));
  await once(socket, 'data');
  return socket;
}

function message(parts: readonly unknown[]): Buffer {
  return frame(MESSAGE, Buffer.from(JSON.stringify(parts)));
}

/** Publications that carry their number, to many subscribers, at a steady rate. */
export class Load {
  readonly #sockets: Socket[];
  #timer: NodeJS.Timeout | undefined;
  published = 0;

  private constructor(sockets: Socket[]) {
    this.#sockets = sockets;
  }

  static async join(port: number, subscribers: number): Promise<Load> {
    const sockets = [await rawSocket(port)];
    for (let i = 0; i < subscribers; i++) {
      const socket = await rawSocket(port);
      socket.write(message([32, 1, {}, 'com.example.topic']));
      await once(socket, 'data');
      sockets.push(socket);
    }
    return new Load(sockets);
  }

  /** From now on, `rate` a second. */
  run(rate: number, body = ''): void {
    const start = performance.now();
    const first = this.published;
    this.#timer = setInterval(() => {
      const due = first + Math.floor(((performance.now() - start) * rate) / 1000);
      while (this.published < due) this.publish(body);
    }, 2);
  }

  publish(body = ''): void {
    const n = ++this.published;
    this.#sockets[0]!.write(message([16, n, {}, 'com.example.topic', [n, body]]));
  }

  pause(): void {
    clearInterval(this.#timer);
  }

  close(): void {
    this.pause();
    for (const socket of this.#sockets) socket.destroy();
  }
}
