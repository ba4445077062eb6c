/** Owns the interface of everything that consumes frames and traced actions, and the guard between it and the router. */

import type { Frame } from '../tap.js';
import type { TracedAction } from './action.js';
import type { TracedInvocation } from './invocation.js';
import { Reason } from './sampling/reason.js';
import type { TracedClosing, TracedOpening } from './session.js';

/**
 * Called synchronously while messages are routed: return within microseconds, never throw, never wait.
 * A frame is valid only during the call (see `Frame`). An action may be kept, and is final after `onActionEnd`, unless
 * `borrows` says otherwise.
 */
export interface Observer {
  /**
   * It keeps no action after `onActionEnd`, nor anything that is part of one but sessions and texts. While this holds for
   * all observers, the object of an action that has ended serves another one.
   */
  readonly borrows?: boolean;
  /**
   * One message. `action` is `undefined` for handshake messages and for those of an action that began
   * before anybody watched. A late answer (after the end) comes with its ended action.
   */
  onFrame?(frame: Frame, action: TracedAction | undefined): void;
  /** Actions whose spans are not kept are nothing to it: `onActionEnd` is not called for them. */
  readonly keptOnly?: boolean;
  /** Once per action, after its last frame, or when it is given up. */
  onActionEnd?(action: TracedAction): void;
  /** Of a canceled call that has ended, when the callee has answered its INVOCATION after all, has left, or is given up. */
  onLateInvocation?(action: TracedAction, invocation: TracedInvocation): void;
  /** Once per HELLO, when WELCOME or ABORT was sent or the client went. Both may be kept, and are final. */
  onSessionOpen?(opening: TracedOpening): void;
  /** Once per session that joined and has left. */
  onSessionClose?(closing: TracedClosing): void;
}

const MAX_FAULTS = 10;

/** The observers of one correlator. One that throws is counted, and detached when it keeps doing so: routing goes on. */
export class Audience {
  readonly #report: ((what: string, error: unknown) => void) | undefined;
  readonly #faults = new Map<Observer, number>();
  #frames: Observer[] = [];
  #ends: Observer[] = [];
  #keptEnds: Observer[] = [];
  #all: Observer[] = [];
  wantsFrames = false;
  /** None of them keeps an action beyond its end. */
  borrows = true;

  constructor(report?: (what: string, error: unknown) => void) {
    this.#report = report;
  }

  get size(): number {
    return this.#faults.size;
  }

  add(observer: Observer): void {
    this.#faults.set(observer, 0);
    this.#list();
  }

  remove(observer: Observer): void {
    this.#faults.delete(observer);
    this.#list();
  }

  frame(frame: Frame, action: TracedAction | undefined): void {
    if (this.wantsFrames === false) return;
    const observers = this.#frames;
    for (let i = 0; i < observers.length; i++) {
      const observer = observers[i]!;
      try {
        observer.onFrame!(frame, action);
      } catch (error) {
        this.#fault(observer, error);
      }
    }
  }

  actionEnd(action: TracedAction): void {
    this.#tellEnd(this.#ends, action);
    if (action.sampled !== Reason.none) this.#tellEnd(this.#keptEnds, action);
  }

  #tellEnd(observers: readonly Observer[], action: TracedAction): void {
    for (const observer of observers) {
      try {
        observer.onActionEnd!(action);
      } catch (error) {
        this.#fault(observer, error);
      }
    }
  }

  lateInvocation(action: TracedAction, invocation: TracedInvocation): void {
    this.#tell(observer => observer.onLateInvocation?.(action, invocation));
  }

  sessionOpen(opening: TracedOpening): void {
    this.#tell(observer => observer.onSessionOpen?.(opening));
  }

  sessionClose(closing: TracedClosing): void {
    this.#tell(observer => observer.onSessionClose?.(closing));
  }

  /** For what is rare. */
  #tell(tell: (observer: Observer) => void): void {
    for (const observer of this.#all) {
      try {
        tell(observer);
      } catch (error) {
        this.#fault(observer, error);
      }
    }
  }

  #fault(observer: Observer, error: unknown): void {
    const faults = (this.#faults.get(observer) ?? 0) + 1;
    this.#faults.set(observer, faults);
    if (faults === 1) this.#report?.('an observer failed', error);
    if (faults < MAX_FAULTS) return;
    this.remove(observer);
    this.#report?.(`an observer failed ${faults} times and was detached`, error);
  }

  #list(): void {
    const all = [...this.#faults.keys()];
    this.#all = all;
    this.borrows = all.every(observer => observer.borrows === true);
    this.#frames = all.filter(observer => observer.onFrame);
    this.wantsFrames = this.#frames.length > 0;
    const ends = all.filter(observer => observer.onActionEnd);
    this.#ends = ends.filter(observer => observer.keptOnly !== true);
    this.#keptEnds = ends.filter(observer => observer.keptOnly === true);
  }
}
