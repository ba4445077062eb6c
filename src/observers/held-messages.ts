/** Owns the messages that wait until it is known how their action ends: a trace may want those of some ends only. */

import type { Frame } from '../tap.js';
import type { TracedAction } from '../trace/action.js';
import type { Message } from '../wire/message.js';
import { NO_PAYLOAD, Payload } from '../wire/payload.js';
import { boundedDict, weightOf } from './bounded.js';
import type { FrameFacts } from './record-ring.js';

export interface HoldOptions {
  /** Keep Arguments and ArgumentsKw. */
  readonly payload: boolean;
  /**
   * Messages held at once. Actions that come on top are given up whole; to those that are held already as many may be added
   * again, or they could not be told to their end.
   */
  readonly maxMessages: number;
  /** Octets of payloads and options held at once. */
  readonly maxBytes: number;
}

/** What is held of one action. */
interface Held {
  frames: FrameFacts[];
  /** Octets. */
  weight: number;
  /** Messages that were given up, all or none: a part of an action would be taken for the whole. */
  lost: number;
}

export class HeldMessages {
  readonly #options: HoldOptions;
  readonly #held = new Map<TracedAction, Held>();
  #count = 0;
  #weight = 0;
  /** The newest message and payload, and the copies of them: the EVENTs of a fan-out are one message, INVOCATION passes on. */
  #message: Message | undefined;
  #messageCopy: Message | undefined;
  #payload: Payload | undefined;
  #payloadCopy: Payload | undefined;
  /** `maxBytes` was reached: the trace that this is for cannot go on. */
  exhausted = false;
  /** Messages given up since then; how their actions end will not be seen. */
  lost = 0;

  constructor(options: HoldOptions) {
    this.#options = options;
  }

  /** The frame is valid only now; a copy waits. */
  hold(frame: Frame, action: TracedAction): void {
    let held = this.#held.get(action);
    if (held === undefined) {
      held = { frames: [], weight: 0, lost: 0 };
      this.#held.set(action, held);
    }
    const { maxMessages } = this.#options;
    const most = held.frames.length === 0 ? maxMessages : 2 * maxMessages;
    if (held.lost > 0 || this.#count >= most) return this.#giveUp(held);
    if (!this.exhausted) this.#keep(frame, held);
    if (this.exhausted) this.lost++;
  }

  #keep(frame: Frame, held: Held): void {
    const before = this.#weight;
    const message = this.#copyOf(frame.message);
    held.weight += this.#weight - before;
    this.exhausted = this.#weight > this.#options.maxBytes;
    if (this.exhausted) return;
    const { seq, at, session, direction, octets, dropped } = frame;
    held.frames.push({ seq, at, session, direction, message, octets, dropped });
    this.#count++;
  }

  /** One message more, and all that was held before it. */
  #giveUp(held: Held): void {
    this.#letGo(held);
    held.lost += held.frames.length + 1;
    held.frames = [];
    held.weight = 0;
  }

  #letGo({ frames, weight }: Held): void {
    this.#count -= frames.length;
    this.#weight -= weight;
  }

  #copyOf(message: Message): Message {
    if (message === this.#message) return this.#messageCopy!;
    const options = boundedDict(message.options);
    this.#weight += weightOf(options);
    const copy = { ...message, options, payload: this.#payloadOf(message.payload) };
    this.#message = message;
    this.#messageCopy = copy;
    return copy;
  }

  #payloadOf(payload: Payload): Payload {
    // Whether there is one is known without its octets.
    if (!this.#options.payload) return payload.count === 0 ? NO_PAYLOAD : Payload.of([]);
    if (payload === this.#payload) return this.#payloadCopy!;
    const copy = payload.keep();
    this.#weight += copy.byteLength;
    this.#payload = payload;
    this.#payloadCopy = copy;
    return copy;
  }

  /** What was held of an action, which is held no longer, and how many messages of it were given up. */
  take(action: TracedAction): Pick<Held, 'frames' | 'lost'> {
    const held = this.#held.get(action);
    if (held === undefined) return NOTHING;
    this.#held.delete(action);
    this.#letGo(held);
    return held;
  }
}

const NOTHING = { frames: [], lost: 0 };
