/** Owns the interface of connections that a client of ours opens: whole messages as text, both ways. */

export interface ClientLink {
  /** Set before the turn ends in which the link was handed out. */
  onMessage: (text: string) => void;
  /** Once, with words for people. Nothing follows. */
  onClose: (why: string) => void;
  send(text: string): void;
  /** Sends what is queued, then ends the connection in good order. */
  close(): void;
  /** Ends it at once. */
  destroy(): void;
}

export interface ConnectOptions {
  /** Milliseconds until the peer must have accepted. */
  readonly timeout: number;
}

/** Something answered, but not as a WAMP router does on this transport. */
export class LinkRefused extends Error {
  override readonly name = 'LinkRefused';
}
