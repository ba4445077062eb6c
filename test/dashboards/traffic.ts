/** Owns traffic that leaves no panel empty: real clients over all links that do well, do badly, and are treated badly. */

import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type Dict, type WampMessage } from '../helpers/client.js';
import { CODECS } from '../helpers/codecs.js';
import { dialRawSocket, dialWebSocket, LINKS, type Link } from '../helpers/links.js';

const CALL = 48;
const INVOCATION = 68;
const YIELD = 70;
const ERROR = 8;
const PUBLISH = 16;

const REALMS = ['realm1', 'realm2'] as const;
const NETWORK = LINKS.filter(({ kind }) => kind !== 'memory');
const TOPIC = 'com.example.news';
/** A few of them fill a send queue. */
const BULK = 'x'.repeat(60_000);

const PERMIT = { call: true, register: true, publish: true, subscribe: true };
const PERMISSIONS = [
  { uri: '', match: 'prefix', allow: PERMIT },
  { uri: 'com.denied.', match: 'prefix', allow: {} },
];

/** A router that this traffic can bring to its limits. Ports are the caller's. */
export function configuration(port: number, httpPort: number): object {
  const auth = { anonymous: { type: 'static', role: 'anonymous' }, ticket: { type: 'static', principals: PRINCIPALS } };
  return {
    version: 2,
    workers: [
      {
        type: 'router',
        realms: REALMS.map(name => ({
          name,
          roles: [{ name: 'anonymous', permissions: PERMISSIONS }],
          stats: { rated_message_size: 256, trigger_after_duration: 5 },
        })),
        transports: [
          {
            type: 'universal',
            endpoint: { type: 'tcp', interface: '127.0.0.1', port },
            rawsocket: { auth },
            websocket: { ws: { type: 'websocket', auth } },
          },
        ],
      },
    ],
    wampscope: { management: {}, http: { port: httpPort }, limits: { send_queue_bytes: 262_144 } },
  };
}

const PRINCIPALS = { ada: { ticket: 'ada-secret', role: 'anonymous' } };

export class Traffic {
  readonly #port: number;
  readonly #abort = new AbortController();
  readonly #tasks: Promise<void>[] = [];
  readonly #clients: Client[] = [];

  constructor(port: number) {
    this.#port = port;
  }

  /** Resolves when callees and subscribers are there; traffic then goes on until `stop`. */
  async start(): Promise<void> {
    for (const [index, realm] of REALMS.entries()) {
      await this.#callee(realm);
      for (const link of NETWORK) await this.#subscriber(realm, link);
      this.#repeat(40 * (index + 1), await this.#caller(realm, NETWORK[index]!));
      this.#repeat(60 * (index + 1), await this.#publisher(realm, NETWORK[index + 2]!));
    }
    this.#repeat(1500, () => this.#visitors());
    this.#repeat(2500, () => this.#sleeper());
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await Promise.all(this.#tasks);
    for (const client of this.#clients) client.wire.destroy();
  }

  #repeat(milliseconds: number, act: () => Promise<unknown> | undefined): void {
    const { signal } = this.#abort;
    const run = async (): Promise<void> => {
      while (!signal.aborted) {
        await act();
        await sleep(milliseconds, undefined, { signal }).catch(() => {});
      }
    };
    this.#tasks.push(run());
  }

  async #join(link: Link, realm: string, details: Dict = {}): Promise<Client> {
    const client = await this.#dial(link);
    await client.hello(realm, details);
    return client;
  }

  async #dial({ name, kind, serializer }: Link): Promise<Client> {
    const dial = kind === 'ws' ? dialWebSocket : dialRawSocket;
    const client = new Client(name, await dial(this.#port, serializer), CODECS[serializer]);
    this.#clients.push(client);
    return client;
  }

  /** Answers each invocation as its procedure's name says. */
  async #callee(realm: string): Promise<void> {
    const client = await this.#join(NETWORK[0]!, realm);
    const answers: { readonly [name: string]: (request: unknown, options: Dict) => Promise<void> | void } = {
      quick: request => client.send([YIELD, request, {}, ['done']]),
      slow: async request => {
        await sleep(20 + Math.random() * 80);
        client.send([YIELD, request, {}, ['at last']]);
      },
      fail: request => client.send([ERROR, INVOCATION, request, {}, 'com.example.error.failed']),
      progress: (request, options) => {
        for (let i = 0; i < 3 && options.receive_progress; i++) client.send([YIELD, request, { progress: true }, [i]]);
        client.send([YIELD, request, {}, ['finished']]);
      },
      never: () => {},
    };
    const names = new Map<unknown, string>();
    for (const name of Object.keys(answers)) names.set(await client.register(`com.example.${name}`), name);
    read(client, ([code, request, registration, options]) => {
      if (code === INVOCATION) void answers[names.get(registration)!]!(request, options as Dict);
    });
  }

  async #caller(realm: string, link: Link): Promise<() => undefined> {
    const client = await this.#join(link, realm);
    read(client, () => {});
    const call = (procedure: string, options: Dict = {}): unknown => client.request(CALL, options, procedure, [1, 2]);
    let turn = 0;
    return () => {
      for (let i = 0; i < 10; i++) call('com.example.quick');
      call('com.example.slow');
      if (++turn % 3 === 0) call('com.example.progress', { receive_progress: true });
      if (turn % 5 === 0) call('com.example.fail');
      if (turn % 7 === 0) call('com.example.nobody');
      if (turn % 11 === 0) call('com.denied.procedure');
      if (turn % 13 === 0) call('com.example.never', { timeout: 150 });
      return undefined;
    };
  }

  async #publisher(realm: string, link: Link): Promise<() => undefined> {
    const client = await this.#join(link, realm);
    read(client, () => {});
    let turn = 0;
    return () => {
      turn++;
      client.request(PUBLISH, { acknowledge: turn % 2 === 0 }, TOPIC, ['x'.repeat(Math.random() * 2000)]);
      if (turn % 4 === 0) client.request(PUBLISH, {}, 'com.example.nobody_listens', [turn]);
      // For those who do not read.
      for (let i = 0; i < 15 && turn % 10 === 0; i++) client.request(PUBLISH, {}, 'com.example.bulk', [BULK]);
      return undefined;
    };
  }

  async #subscriber(realm: string, link: Link): Promise<void> {
    const client = await this.#join(link, realm);
    await client.subscribe(TOPIC);
    await client.subscribe('com.example.n', { match: 'prefix' });
    read(client, () => {});
  }

  /** They come, do one thing and go: some in good order, some not. */
  async #visitors(): Promise<void> {
    const polite = await this.#join(NETWORK[1]!, 'realm1', { authmethods: ['ticket'], authid: 'ada' });
    await polite.unsubscribe(await polite.subscribe('com.example.visit'));
    await polite.leave();
    polite.wire.close();
    const rude = await this.#join(NETWORK[4]!, 'realm2');
    rude.wire.destroy();
    const wrong = await this.#join(NETWORK[2]!, 'realm1');
    wrong.send([CALL, 99, {}, 'com.example.quick']);
    const stranger = await this.#dial(NETWORK[0]!);
    stranger.sendHello('realm1', { authmethods: ['ticket'], authid: 'ada' });
    await stranger.next('CHALLENGE');
    stranger.send([5, 'not hers', {}]);
    for (const client of [wrong, stranger]) await client.ended().catch(() => {});
  }

  /** Subscribes to much and reads nothing for a while, until its queue is full. */
  async #sleeper(): Promise<void> {
    const client = await this.#join(NETWORK[3]!, 'realm1');
    await client.subscribe('com.example.bulk');
    client.wire.socket!.pause();
    await sleep(12_000, undefined, { signal: this.#abort.signal }).catch(() => {});
    client.wire.destroy();
  }
}

/** Hands each message to `act` until the connection ends. */
function read(client: Client, act: (message: WampMessage) => void): void {
  client.wire.onMessage = bytes => act(client.codec.decode(bytes) as WampMessage);
}
