/** Owns a transport and the sessions that follow one another on it (WAMP basic, "Session Closing": it may be used again). */

import type { Closing, Receiver, Transport } from '../transport/transport.js';
import type { ConnectionOptions, SessionHost } from './host.js';
import { Session } from './session.js';

/** Milliseconds a peer has to answer a GOODBYE. */
const GOODBYE_PATIENCE = 5000;

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
      closing: () => this.#closeAfter(GOODBYE_PATIENCE),
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

  #closeAfter(patience: number): void {
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => this.#link.close('no answer to GOODBYE'), patience);
    this.#deadline.unref();
  }
}
