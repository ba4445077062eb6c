/** Owns what the monitor knows of each session: it adds up the cycles of on_stats, which count anew each time. */

/** First argument of on_stats. */
export interface SessionDetails {
  readonly session: number;
  readonly authid: string;
  readonly authrole: string;
}

/** Second argument of on_stats. */
export interface SessionStats {
  readonly cycle: number;
  readonly serializer: string;
  /** Nanoseconds. JSON clients read it as a float, which is exact enough for a rate. */
  readonly duration: number | bigint;
  /** Both directions. */
  readonly bytes: number;
  readonly messages: number;
  readonly rated_messages: number;
  readonly first: boolean;
  readonly last: boolean;
}

export interface Account {
  readonly session: number;
  authid: string;
  authrole: string;
  serializer: string;
  bytes: number;
  messages: number;
  rated: number;
  cycles: number;
  /** Per second, in the newest cycle; `undefined` before the first that took time. */
  bytesPerSecond: number | undefined;
  messagesPerSecond: number | undefined;
  /** The cycles before the monitor came are missing. */
  isPartial: boolean;
  hasLeft: boolean;
}

/** Sessions that have left and are still shown. */
const KEPT = 20;

export class Accounts {
  readonly #open = new Map<number, Account>();
  readonly #left: Account[] = [];

  /** Those that use most first, then those that have left, the newest first. */
  get all(): Account[] {
    return [...[...this.#open.values()].sort((a, b) => b.bytes - a.bytes), ...this.#left.toReversed()];
  }

  get open(): number {
    return this.#open.size;
  }

  /** `isNew`: it has just joined, so that no cycle of it was missed. */
  joined({ session, authid, authrole }: SessionDetails, isNew: boolean): void {
    const known = this.#open.get(session);
    if (known) return;
    this.#open.set(session, {
      session,
      authid,
      authrole,
      serializer: '',
      bytes: 0,
      messages: 0,
      rated: 0,
      cycles: 0,
      bytesPerSecond: undefined,
      messagesPerSecond: undefined,
      isPartial: !isNew,
      hasLeft: false,
    });
  }

  add(who: SessionDetails, stats: SessionStats): void {
    this.joined(who, stats.first);
    const account = this.#open.get(who.session)!;
    if (stats.first) account.isPartial = false;
    account.serializer = stats.serializer;
    account.bytes += stats.bytes;
    account.messages += stats.messages;
    account.rated += stats.rated_messages;
    account.cycles++;
    const seconds = Number(stats.duration) / 1e9;
    if (seconds <= 0) return;
    account.bytesPerSecond = stats.bytes / seconds;
    account.messagesPerSecond = stats.messages / seconds;
  }

  left(session: number): void {
    const account = this.#open.get(session);
    if (!account) return;
    account.hasLeft = true;
    this.#open.delete(session);
    this.#left.push(account);
    if (this.#left.length > KEPT) this.#left.shift();
  }
}
