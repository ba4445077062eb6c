/** Owns the script: what real clients do, one thing of each kind, each marked by its first argument. */

import { deepEqual, rejects } from 'node:assert/strict';
import type { Wampy } from 'wampy';
import type { AutobahnSession } from '../../examples/demo/autobahn.js';
import type { Cast } from './cast.js';
import type { RawClient } from './raw-client.js';

export const PIPELINED = Array.from({ length: 12 }, (_, i) => `pipelined ${i}`);
export const LONG = 'x'.repeat(70_000);

/** Names of the subscribers, in the order in which they subscribe. */
export const SUBSCRIBERS = Array.from({ length: 20 }, (_, i) => `s${String(i + 1).padStart(2, '0')}`);

/** Lets one side wait until the other has said a word. */
export class Words {
  readonly #said = new Map<string, number>();
  #changed: (() => void)[] = [];

  say(word: string): void {
    this.#said.set(word, (this.#said.get(word) ?? 0) + 1);
    const changed = this.#changed;
    this.#changed = [];
    for (const look of changed) look();
  }

  async hear(word: string, times = 1): Promise<void> {
    while ((this.#said.get(word) ?? 0) < times) await new Promise<void>(resolve => this.#changed.push(resolve));
  }
}

interface Invocation {
  readonly argsList?: unknown[];
}

export class Script {
  readonly #cast: Cast;
  readonly #words = new Words();
  #caller!: AutobahnSession;
  #callee!: Wampy;
  #obedient!: RawClient;

  constructor(cast: Cast) {
    this.#cast = cast;
  }

  async play(): Promise<void> {
    await this.#calleesJoin();
    await this.#subscribersJoin();
    this.#caller = await this.#cast.autobahn('caller');
    await this.#simpleCalls();
    await this.#cancels();
    await this.#departures();
    await this.#publications();
    await this.#undo();
  }

  async #calleesJoin(): Promise<void> {
    const callee = await this.#cast.wampy('callee', 'json');
    this.#callee = callee;
    await callee.register('com.example.echo', ({ argsList }) => ({ argsList: argsList! }));
    await callee.register('com.example.fail', ({ argsList }) => {
      throw { error: 'com.example.error.bad', argsList };
    });
    await callee.register('com.example.slow', this.#slow);
    const leaver = await this.#cast.wampy('leaver', 'msgpack');
    await leaver.register('com.example.leave', this.#slow);
    for (const wampy of [callee, leaver]) {
      await wampy.register('com.example.shared', ({ argsList }) => ({ argsList: argsList! }), { invoke: 'roundrobin' });
    }
    // wampy does not announce progressive results as a callee, so the router asks it for none.
    const streamer = await this.#cast.autobahn('streamer');
    await streamer.register('com.example.stream', ([mark], _keywords, { progress }) => {
      for (const part of [1, 2, 3]) progress!([mark, part]);
      return mark;
    });
    this.#obedient = await this.#cast.raw('obedient', { callee: { features: { call_canceling: true } } });
    this.#obedient.send([64, 1, {}, 'com.example.obey']);
    await this.#obedient.next(65);
  }

  readonly #slow = async ({ argsList }: Invocation): Promise<{ argsList: unknown[] }> => {
    const mark = String(argsList![0]);
    this.#words.say(`${mark} has begun`);
    await this.#words.hear(`${mark} may end`);
    return { argsList: argsList! };
  };

  async #subscribersJoin(): Promise<void> {
    const onEvent = (args: readonly unknown[]): void => this.#words.say(`EVENT ${args[0]}`);
    for (const [i, name] of SUBSCRIBERS.entries()) {
      if (i < 15 || i === 19) {
        const serializer = i === 19 ? 'json' : (['json', 'msgpack', 'cbor'] as const)[i % 3]!;
        const wampy = await this.#cast.wampy(name, serializer);
        const [topic, options] = i === 19 ? ['com.example', { match: 'prefix' as const }] : ['com.example.news', {}];
        await wampy.subscribe(topic, ({ argsList }) => onEvent(argsList!), options);
      } else {
        const session =
          i === 18
            ? await this.#cast.autobahnOverRawSocket(name)
            : await this.#cast.autobahn(name, i === 17 ? 'Msgpack' : 'JSON');
        await session.subscribe('com.example.news', args => onEvent(args));
      }
    }
  }

  async #simpleCalls(): Promise<void> {
    const caller = this.#caller;
    await caller.call('com.example.echo', ['echo', 'Grüße 🚲'], { keyword: [1.5, null, true] });
    await rejects(Promise.resolve(caller.call('com.example.fail', ['fail'])), { error: 'com.example.error.bad' });
    await rejects(Promise.resolve(caller.call('com.example.nothing', ['nothing'])), {
      error: 'wamp.error.no_such_procedure',
    });
    await rejects(Promise.resolve(caller.call('com.denied.call', ['denied'])), { error: 'wamp.error.not_authorized' });
    const parts: unknown[] = [];
    await caller.call('com.example.stream', ['stream'], {}, { receive_progress: true }).progress(part => {
      parts.push((part as { args: unknown[] }).args[1]);
    });
    deepEqual(parts, [1, 2, 3]);
    await caller.call('com.example.shared', ['shared 1']);
    await caller.call('com.example.shared', ['shared 2']);
    await caller.call('wamp.session.count');
    // One of these messages has 256 octets, the size of a rated message.
    await Promise.all(PIPELINED.map((mark, i) => caller.call('com.example.echo', [mark, 'x'.repeat(201 + i)])));
  }

  async #cancels(): Promise<void> {
    const words = this.#words;
    const impatient = await this.#cast.wampy('impatient', 'cbor');
    const skipped = impatient.call('com.example.slow', ['skip']);
    const { reqId } = impatient.getOpStatus();
    await words.hear('skip has begun');
    impatient.cancel(reqId, { mode: 'skip' });
    await rejects(skipped, { errorUri: 'wamp.error.canceled' });
    words.say('skip may end');

    const killed = this.#caller.call('com.example.obey', ['kill']);
    const [, invocation] = await this.#obedient.next(68);
    killed.cancel({ mode: 'kill' });
    await this.#obedient.next(69);
    this.#obedient.send([8, 68, invocation, {}, 'wamp.error.canceled', ['kill']]);
    await rejects(Promise.resolve(killed), { error: 'wamp.error.canceled' });

    // wampy does not take INTERRUPT, so the router makes `skip` of it.
    const spared = this.#caller.call('com.example.slow', ['spare']);
    await words.hear('spare has begun');
    spared.cancel({ mode: 'kill' });
    await rejects(Promise.resolve(spared), { error: 'wamp.error.canceled' });
    words.say('spare may end');

    const late = this.#caller.call('com.example.slow', ['late'], {}, { timeout: 60 });
    await rejects(Promise.resolve(late), { error: 'wamp.error.timeout' });
    words.say('late may end');
  }

  async #departures(): Promise<void> {
    const orphan = this.#caller.call('com.example.leave', ['orphan']);
    await this.#words.hear('orphan has begun');
    await Promise.all([this.#cast.leave('leaver'), rejects(Promise.resolve(orphan), { error: 'wamp.error.canceled' })]);

    const dropper = await this.#cast.raw('dropper', { caller: {} });
    dropper.send([48, 1, {}, 'com.example.obey', ['drop']]);
    const [, invocation] = await this.#obedient.next(68);
    dropper.drop();
    this.#cast.gone('dropper');
    await this.#obedient.next(69);
    this.#obedient.send([8, 68, invocation, {}, 'wamp.error.canceled', ['drop']]);
  }

  async #publications(): Promise<void> {
    const caller = this.#caller;
    const words = this.#words;
    await caller.publish('com.example.news', ['acknowledged'], {}, { acknowledge: true });
    await words.hear('EVENT acknowledged', 20);
    caller.publish('com.example.news', ['unacknowledged', LONG]);
    await words.hear('EVENT unacknowledged', 20);
    await this.#callee.publish('com.example.news', ['by wampy']);
    await words.hear('EVENT by wampy', 20);
    const eligible = [this.#cast.wire('s07').session];
    await caller.publish('com.example.news', ['to one'], {}, { acknowledge: true, eligible });
    await words.hear('EVENT to one');
    caller.publish('com.elsewhere.nobody', ['to nobody']);
    await rejects(Promise.resolve(caller.publish('com.denied.topic', ['refused'], {}, { acknowledge: true })), {
      error: 'wamp.error.not_authorized',
    });
    caller.publish('com.denied.topic', ['refused in silence']);
  }

  async #undo(): Promise<void> {
    await rejects(Promise.resolve(this.#caller.register('com.example.echo', () => 0)), {
      error: 'wamp.error.procedure_already_exists',
    });
    await this.#callee.unregister('com.example.fail');
    const changing = await this.#cast.autobahn('changing');
    const subscription = await changing.subscribe('com.example.other', () => {});
    await subscription.unsubscribe();
  }
}
