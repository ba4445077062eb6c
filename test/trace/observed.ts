/** Owns a router in memory with a correlator and clients that speak JSON: for tests of what is observed. */

import { Router, type RouterOptions } from '../../src/router.js';
import type { Frame } from '../../src/tap.js';
import type { TracedAction } from '../../src/trace/action.js';
import { Correlator, type CorrelatorOptions } from '../../src/trace/correlator.js';
import type { Observer } from '../../src/trace/observer.js';

export type WireMessage = unknown[];

/** What a frame was, kept beyond its call. */
export interface SeenFrame {
  readonly seq: number;
  readonly at: number;
  readonly direction: Frame['direction'];
  readonly code: number;
  readonly session: number;
  readonly correlation: string | undefined;
}

const everything = { call: true, register: true, publish: true, subscribe: true };

/** A clock and timers that move when told to. */
export class FakeTime {
  now = 1_700_000_000_000;
  readonly #timers = new Map<number, { due: number; run: () => void }>();
  #next = 1;

  readonly timers = {
    after: (milliseconds: number, run: () => void): number => {
      this.#timers.set(this.#next, { due: this.now + milliseconds, run });
      return this.#next++;
    },
    cancel: (timer: unknown): void => void this.#timers.delete(timer as number),
  };

  /** Every reading is later than the one before, as a real clock's. */
  readonly clock = (): number => {
    this.now += 0.001;
    return this.now;
  };

  advance(milliseconds: number): void {
    this.now += milliseconds;
    for (const [id, timer] of [...this.#timers]) {
      if (timer.due > this.now) continue;
      this.#timers.delete(id);
      timer.run();
    }
  }
}

export class Observed {
  readonly time = new FakeTime();
  readonly router: Router;
  readonly correlator: Correlator;
  readonly frames: SeenFrame[] = [];
  readonly ended: TracedAction[] = [];

  /** Without `seesFrames` nobody looks at single messages, only at actions that have ended. */
  constructor(options: Partial<CorrelatorOptions> = {}, router: Partial<RouterOptions> = {}, seesFrames = true) {
    this.router = new Router({
      realms: [
        {
          name: 'realm1',
          roles: [
            {
              name: 'anonymous',
              permissions: [
                { uri: '', match: 'prefix', allow: everything, disclose: { caller: false, publisher: false } },
                {
                  uri: 'com.forbidden',
                  match: 'prefix',
                  allow: { call: false, register: false, publish: false, subscribe: false },
                  disclose: { caller: false, publisher: false },
                },
              ],
            },
          ],
          uriCheck: 'loose',
          requestIds: 'strict',
          metaApi: true,
          onLeave: 'id',
          stats: undefined,
        },
      ],
      clock: this.time.clock,
      timers: this.time.timers,
      ...router,
    });
    this.correlator = new Correlator({ random: this.router.ids, ...options });
    this.correlator.add({ onActionEnd: action => this.ended.push(action) });
    if (seesFrames) this.correlator.add({ onFrame: (frame, action) => this.#see(frame, action) });
    this.router.tap = this.correlator;
  }

  #see(frame: Frame, action: TracedAction | undefined): void {
    const { seq, at, direction, message, session } = frame;
    this.frames.push({ seq, at, direction, code: message.code, session: session.id, correlation: action?.correlation });
  }

  observe(observer: Observer): void {
    this.correlator.add(observer);
  }

  /** Ended actions of network sessions, of one kind. */
  actions(kind: TracedAction['kind']): TracedAction[] {
    return this.ended.filter(action => action.kind === kind && !action.originator.internal);
  }

  /** Frames of one action as `rx CALL` and the like, in order. */
  story(action: TracedAction): string[] {
    return this.frames
      .filter(frame => frame.correlation === action.correlation)
      .map(frame => `${frame.direction === 'sent' ? 'tx' : 'rx'} ${frame.code}`);
  }

  async client(roles: unknown = { callee: { features: { call_canceling: true, progressive_call_results: true } } }) {
    const client = new TestClient(this.router);
    await client.send([1, 'realm1', { roles }]);
    return client;
  }
}

/** A client that keeps what it receives. */
export class TestClient {
  readonly received: WireMessage[] = [];
  readonly #peer: ReturnType<Router['connect']>;
  #request = 0;

  constructor(router: Router) {
    this.#peer = router.connect('json', { auth: { anonymous: { role: 'anonymous' } } });
    this.#peer.onMessage = bytes => this.received.push(JSON.parse(bytes.toString()) as WireMessage);
  }

  get id(): number {
    return this.received[0]![1] as number;
  }

  get last(): WireMessage {
    return this.received.at(-1)!;
  }

  /** The id of its last request, 0 before the first. */
  get newest(): number {
    return this.#request;
  }

  nextRequest(): number {
    return ++this.#request;
  }

  async send(message: WireMessage): Promise<void> {
    this.#peer.send(Buffer.from(JSON.stringify(message)));
    await settled();
  }

  /** Sends a request with the next id in place of `undefined` at index 1. */
  async request(message: WireMessage): Promise<number> {
    const id = this.nextRequest();
    await this.send([message[0], id, ...message.slice(2)]);
    return id;
  }

  async close(): Promise<void> {
    this.#peer.close();
    await settled();
  }
}

/** In-memory deliveries are microtasks; all of them have run after a turn of the event loop. */
function settled(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve));
}
