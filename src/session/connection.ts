/** Owns a transport and the sessions that follow one another on it (WAMP basic, "Session Closing": it may be used again). */

import type { Closing, Receiver, Transport } from '../transport/transport.js';
import type { ConnectionOptions, SessionHost } from './host.js';
import { Session } from './session.js';

export class Connection implements Receiver {
  readonly #link: Transport;
  readonly #options: ConnectionOptions;
  readonly #host: SessionHost;
  readonly #onClosed: (connection: Connection) => void;
  #session: Session;
  #deadline: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(
    link: Transport,
    options: ConnectionOptions,
    host: SessionHost,
    onClosed: (connection: Connection) => void,
  ) {
    this.#link = link;
    this.#options = options;
    this.#host = host;
    this.#onClosed = onClosed;
    this.#session = this.#open();
    link.receiver = this;
  }

  #open(): Session {
    this.#deadline = setTimeout(() => {
      if (!this.#session.established) this.#link.close('no session was established in time');
    }, this.#host.limits.handshakeTimeout);
    this.#deadline.unref();
    return new Session(this.#link, this.#options.auth, this.#host, {
      ended: session => {
        clearTimeout(this.#deadline);
        if (!this.#closed && session === this.#session) this.#session = this.#open();
      },
      closing: () => this.#closeAfter(this.#host.limits.handshakeTimeout),
    });
  }

  onMessage(bytes: Buffer): void {
    this.#session.receive(bytes);
  }

  onViolation(what: string): void {
    this.#session.violation(what);
  }

  onClose(closing: Closing): void {
    this.#closed = true;
    this.#session.lost(closing);
    clearTimeout(this.#deadline);
    this.#onClosed(this);
  }

  /** Says GOODBYE; the transport closes when the peer has answered, at the latest after `patience` milliseconds. */
  close(reason: string, message: string, patience: number): void {
    this.#session.goodbye(reason, message);
    this.#closeAfter(patience);
  }

  /** Ends the transport at once, whatever its peer does. */
  destroy(reason: string): void {
    this.#link.destroy(reason);
  }

  #closeAfter(patience: number): void {
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => this.#link.close('no answer to GOODBYE'), patience);
    this.#deadline.unref();
  }
}
