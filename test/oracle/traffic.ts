/** Owns the random traffic of the oracle: who does what, and how often. A seed repeats the choices, not the timing. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Dict } from '../helpers/client.js';
import { LINKS } from '../helpers/links.js';
import { Random } from '../helpers/random.js';
import { ENDS, type Plan, Player, type Stage } from './player.js';

const NETWORK_LINKS = LINKS.filter(link => link.kind !== 'memory');
const PLAYERS_PER_LINK = 3;
const PROCEDURES = 9;
const TOPICS = 12;
/** Open calls of one player: it waits when it has more. */
const PATIENCE = 16;

export class Traffic implements Stage {
  readonly random: Random;
  readonly port: number;
  readonly #players = new Set<Player>();
  readonly #joining = new Set<Promise<void>>();
  #tokens = 0;
  #over = false;
  #failure: unknown;

  constructor(seed: number, port: number) {
    this.random = new Random(seed);
    this.port = port;
  }

  token(): string {
    return `t${++this.#tokens}`;
  }

  gone(player: Player): void {
    if (this.#players.delete(player) && !this.#over) this.#join(player.link);
  }

  #join(link: Player['link']): void {
    const joining = Player.join(this, link)
      .then(player => this.#settle(player))
      .catch(error => {
        this.#failure ??= error;
      })
      .finally(() => this.#joining.delete(joining));
    this.#joining.add(joining);
  }

  #settle(player: Player): void {
    this.#players.add(player);
    for (let i = 0; i < 3; i++) {
      this.#register(player);
      this.#subscribe(player);
    }
    if (this.random.below(10) === 0) player.subscribe('wamp.', { match: 'prefix' });
  }

  /** Goes on until `enough`, then ends: nothing is under way any more, and everybody has left. */
  async run(enough: () => boolean): Promise<void> {
    for (let i = 0; i < PLAYERS_PER_LINK; i++) for (const link of NETWORK_LINKS) this.#join(link);
    await Promise.all(this.#joining);
    while (!enough() && !this.#failure) {
      for (const player of [...this.#players]) {
        if (player.calls.size < PATIENCE) this.#act(player);
        // Some calls are never answered, and nobody waits for ever.
        else if (this.random.below(100) === 0) player.end('crash');
      }
      await sleep(1);
    }
    // Slow answers and timeouts take their time; the callees of some calls never answer.
    await sleep(100);
    this.#over = true;
    await Promise.all(this.#joining);
    for (const player of [...this.#players]) {
      player.end(this.random.below(3) ? 'goodbye' : 'crash');
    }
    if (this.#failure) throw this.#failure;
  }

  #act(player: Player): void {
    const choice = this.random.below(1000);
    if (choice < 400) this.#call(player);
    else if (choice < 700) this.#publish(player);
    else if (choice < 760) this.#subscribe(player);
    else if (choice < 820) player.unsubscribe(this.#ofOwn(player.subscriptions));
    else if (choice < 850) this.#register(player);
    else if (choice < 870) player.unregister(this.#ofOwn(player.registrations));
    else if (choice < 890) this.#end(player);
    else this.#call(player);
  }

  /** An id of a list, taken out of it; sometimes one that does not exist. */
  #ofOwn(ids: number[]): number {
    const [id] = ids.splice(this.random.below(ids.length || 1), 1);
    return id === undefined || this.random.below(20) === 0 ? 999_999_999 : id;
  }

  #register(player: Player): void {
    const { random } = this;
    if (random.below(10) === 0) player.register('com.q.', { match: 'prefix', invoke: 'roundrobin' });
    else if (random.below(20) === 0) player.register('org.denied.p', {});
    else player.register(`com.p.${random.below(PROCEDURES)}`, { invoke: 'roundrobin' });
  }

  #subscribe(player: Player): void {
    const { random } = this;
    const choice = random.below(20);
    if (choice === 0) player.subscribe('com.t.', { match: 'prefix' });
    else if (choice < 5) player.subscribe(`com.t.${random.below(10)}`, { match: 'prefix' });
    else if (choice === 5) player.subscribe('org.denied.t');
    else player.subscribe(`com.t.${random.below(TOPICS)}`);
  }

  #publish(player: Player): void {
    const { random } = this;
    const other = random.pick([...this.#players]).session;
    const options: Dict = {
      ...(random.below(2) && { acknowledge: true }),
      ...(random.below(4) === 0 && { exclude_me: false }),
      ...(random.below(6) === 0 && { exclude: [other] }),
      ...(random.below(12) === 0 && { eligible: [other, player.session] }),
    };
    const choice = random.below(40);
    if (choice === 0) player.publish('org.denied.t', options);
    else if (choice === 1) player.publish('wamp.t', options);
    else if (choice === 2) player.publish('com.nobody', options);
    else player.publish(`com.t.${random.below(TOPICS)}`, options);
  }

  #call(player: Player): void {
    const { random } = this;
    const choice = random.below(100);
    const procedure = random.below(8) ? `com.p.${random.below(PROCEDURES)}` : `com.q.${random.below(100)}`;
    if (choice < 45) {
      const plan: Plan = random.pick(['ok', 'ok', 'ok', 'error', 'progress', 'slow']);
      const options = random.below(2) ? { receive_progress: true } : random.below(4) ? {} : { timeout: 10_000 };
      const request = player.call(procedure, plan, options);
      // Crosses the answer on its way, most of the time.
      if (random.below(20) === 0) setImmediate(() => player.cancel(request, 'killnowait'));
    } else if (choice < 70) this.#cancel(player, procedure);
    else if (choice < 85) {
      player.call(procedure, 'hold', { timeout: 2 + random.below(8), receive_progress: random.below(2) === 0 });
    } else if (choice < 89) player.call('com.nobody', 'ok');
    else if (choice < 91) player.call('org.denied.p', 'ok');
    else if (choice < 92) player.call('com..p', 'ok');
    else if (choice < 98) player.callRouter('wamp.session.count');
    else player.call(procedure, 'die');
  }

  #cancel(player: Player, procedure: string): void {
    const { random } = this;
    const request = player.call(procedure, 'hold', random.below(2) ? {} : { receive_progress: true });
    const cancel = (): void => {
      if (random.below(20) === 0) player.cancel(request, 'gently');
      player.cancel(request, random.pick(['skip', 'kill', 'kill', 'killnowait']));
      if (random.below(5) === 0) player.cancel(request, 'kill');
    };
    if (random.below(2)) cancel();
    else setTimeout(cancel, 1 + random.below(6));
  }

  /** With calls of its own under way, and perhaps calls of others. */
  #end(player: Player): void {
    const { random } = this;
    const own = random.below(4);
    for (let i = 0; i < own; i++) player.call(`com.p.${random.below(PROCEDURES)}`, 'hold');
    const victim = random.pick([...this.#players]);
    const how = random.pick([...ENDS, 'kill'] as const);
    const end = (): void => {
      if (how === 'kill') player.callRouter('wamp.session.kill', victim.session);
      else player.end(how);
    };
    if (random.below(2)) end();
    else setTimeout(end, 1 + random.below(4));
  }
}
