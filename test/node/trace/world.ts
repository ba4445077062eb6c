/** Owns what the tests of `wampscope trace` share: a router in the test, clients of it, and the command line run in place. */

import { Writable } from 'node:stream';
import { parseConfig } from '../../../src/node/config/load.js';
import { Node } from '../../../src/node/node.js';
import { runTrace } from '../../../src/node/trace/command.js';
import type { OpenStore } from '../../../src/node/trace/records.js';
import { openStoreSource } from '../../../src/node/trace/store-source.js';
import { RawClient } from '../../e2e/raw-client.js';

const permit = { call: true, register: true, publish: true, subscribe: true };
const everything = [{ uri: '', match: 'prefix', allow: permit }];

function configuration(workers: number, store: object | undefined): object {
  return {
    version: 2,
    controller: { id: 'node1' },
    workers: Array.from({ length: workers }, (_, i) => ({
      type: 'router',
      id: `worker${i + 1}`,
      realms: [
        {
          name: `realm${i + 1}`,
          roles: [
            { name: 'anonymous', permissions: everything },
            { name: 'staff', permissions: everything },
          ],
        },
      ],
      transports: [
        {
          type: 'universal',
          endpoint: { type: 'tcp', interface: '127.0.0.1', port: 0 },
          rawsocket: {},
          websocket: {
            ws: {
              type: 'websocket',
              auth: {
                anonymous: { type: 'static', role: 'anonymous' },
                ticket: {
                  type: 'static',
                  principals: {
                    alice: { ticket: 'wonder', role: 'staff' },
                    bob: { ticket: 'build', role: 'staff' },
                    mallory: { ticket: 'hush', role: 'guest' },
                  },
                },
              },
            },
          },
        },
      ],
    })),
    wampscope: {
      management: {
        roles: [
          { name: 'anonymous', 'allow-by-default': true },
          { name: 'staff', 'allow-by-default': true },
          { name: 'guest' },
        ],
      },
      ...(store && { store }),
    },
  };
}

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface Running extends Promise<Ran> {
  /** As Ctrl-C does. */
  interrupt(): void;
  /** As `head` does when it has seen enough. */
  hangUp(): void;
  /** Resolves when standard output matches. */
  says(pattern: RegExp): Promise<void>;
  /** Resolves when standard error matches. */
  complains(pattern: RegExp): Promise<void>;
}

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly color?: boolean;
  readonly openStore?: OpenStore;
}

/** Runs `wampscope trace` with these words. */
export function trace(
  words: readonly string[],
  { env = {}, color = false, openStore = openStoreSource }: RunOptions = {},
): Running {
  const out = new Sink();
  const err = new Sink();
  let interrupt = (): void => {};
  const interrupted = new Promise<void>(resolve => {
    interrupt = resolve;
  });
  const io = { stdout: out, stderr: err, env, color, interrupted: () => interrupted, openStore };
  const ran = runTrace(words, io).then(code => ({ code, out: out.text, err: err.text }));
  return Object.assign(ran, {
    interrupt,
    hangUp: () => out.hangUp(),
    says: (pattern: RegExp) => out.says(pattern),
    complains: (pattern: RegExp) => err.says(pattern),
  });
}

class Sink extends Writable {
  text = '';
  #listeners: (() => void)[] = [];

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    for (const listener of this.#listeners) listener();
    done();
  }

  hangUp(): void {
    this.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
  }

  says(pattern: RegExp): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no ${pattern} in:\n${this.text}`)), 5000);
      const look = (): void => {
        if (!pattern.test(this.text)) return;
        clearTimeout(timer);
        resolve();
      };
      this.#listeners.push(look);
      look();
    });
  }
}

export class World {
  readonly node: Node;
  readonly port: number;
  readonly url: string;
  readonly #clients: RawClient[] = [];

  private constructor(node: Node, port: number) {
    this.node = node;
    this.port = port;
    this.url = `ws://127.0.0.1:${port}/ws`;
  }

  static async start(workers = 1, store?: object): Promise<World> {
    const text = JSON.stringify(configuration(workers, store));
    const { config } = parseConfig(text, 'json', 'test.json', { environment: {} });
    const lines: string[] = [];
    const log = { info: (line: string) => void lines.push(line), warn: (line: string) => void lines.push(line) };
    const node = new Node(config, { env: {}, log });
    await node.start();
    return new World(node, Number(/ws:\/\/127\.0\.0\.1:(\d+)\//.exec(lines.join('\n'))![1]));
  }

  /** Runs `wampscope trace` against this router. */
  trace(words: readonly string[], options?: RunOptions): Running {
    return trace([...words, '--url', this.url], options);
  }

  /** The same with `--json`. */
  async json<T>(words: readonly string[]): Promise<T> {
    const { out, err } = await this.trace([...words, '--json']);
    if (out === '') throw new Error(err);
    return JSON.parse(out) as T;
  }

  async join(): Promise<RawClient> {
    const client = await RawClient.join(this.url, 'realm1', {
      caller: { features: { call_canceling: true } },
      callee: { features: { call_canceling: true, progressive_call_results: true } },
      publisher: {},
      subscriber: {},
    });
    this.#clients.push(client);
    return client;
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.drop();
    await this.node.stop();
  }
}

/** Registers a procedure that gives back its arguments, or fails when they begin with `fail`. */
export async function offerEcho(callee: RawClient, procedure: string): Promise<void> {
  callee.send([64, 1, {}, procedure]);
  await callee.next(65);
  const answer = async (): Promise<void> => {
    for (;;) {
      const [, request, , , args] = (await callee.next(68)) as [number, number, number, object, unknown[]?];
      if (args?.[0] === 'fail') callee.send([8, 68, request, {}, 'com.example.error.refused', ['no']]);
      else if (args?.[0] !== 'wait') callee.send([70, request, {}, args ?? []]);
    }
  };
  void answer();
}

export async function call(caller: RawClient, request: number, procedure: string, ...args: unknown[]): Promise<void> {
  caller.send([48, request, {}, procedure, args]);
  await caller.next(args[0] === 'fail' ? 8 : 50);
}
