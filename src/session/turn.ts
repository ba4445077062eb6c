/** Owns the clock of the metrics: read twice in a turn of the event loop, however many messages the turn has. */

/** One turn in which something is measured. */
export class Turn {
  /** Milliseconds: when its first message was handled. All of a turn had arrived when it began. */
  readonly at: number;
  /** When everything of the turn had been handed to the operating system; `at` until then. */
  sent: number;

  constructor(at: number) {
    this.at = at;
    this.sent = at;
  }
}

/** Told of the end of each turn in which it was `counted`. */
export interface TurnCounter {
  turned(milliseconds: number): void;
}

export class Turns {
  readonly #now: () => number;
  readonly #schedule: (end: () => void) => void;
  readonly #counters: TurnCounter[] = [];
  #turn: Turn | undefined;

  /** `now` in milliseconds, monotonic; `schedule` runs `end` when this turn's messages have been handled and sent. */
  constructor(now: () => number, schedule: (end: () => void) => void) {
    this.#now = now;
    this.#schedule = schedule;
  }

  get current(): Turn {
    return this.#turn ?? this.#begin();
  }

  /** For what takes long within one turn. */
  now(): number {
    return this.#now();
  }

  /** `counter` will be told how long this turn was. Once a turn. */
  count(counter: TurnCounter): void {
    this.#counters.push(counter);
    if (!this.#turn) this.#begin();
  }

  #begin(): Turn {
    const turn = new Turn(this.#now());
    this.#turn = turn;
    this.#schedule(this.#end);
    return turn;
  }

  readonly #end = (): void => {
    const turn = this.#turn;
    if (!turn) return;
    this.#turn = undefined;
    turn.sent = this.#now();
    for (const counter of this.#counters) counter.turned(turn.sent - turn.at);
    this.#counters.length = 0;
  };
}
