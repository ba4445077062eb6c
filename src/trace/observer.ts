/** Owns the interface of everything that consumes frames and traced actions. */

import type { Frame } from '../tap.js';
import type { TracedAction } from './action.js';

/**
 * Called synchronously while messages are routed: return within microseconds, never throw, never wait.
 * A frame is valid only during the call (see `Frame`). An action may be kept, and is final after `onActionEnd`.
 */
export interface Observer {
  /**
   * One message. `action` is `undefined` for handshake messages and for those of an action that began
   * before anybody watched. A late answer (after the end) comes with its ended action.
   */
  onFrame?(frame: Frame, action: TracedAction | undefined): void;
  /** Once per action, after its last frame, or when it is given up. */
  onActionEnd?(action: TracedAction): void;
}
