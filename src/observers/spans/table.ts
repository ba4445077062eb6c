/** Owns the tables that let a row name strings and sessions by number, and the copy of them on the reading side. */

import type { SessionRef } from '../../tap.js';

const MAX_ENTRIES = 16_384;
/** What an entry takes besides its characters, in the maps and lists of a table. */
const ENTRY_BYTES = 128;
/** Of all strings together; with it a table stays below some 8 MiB whatever clients send. */
const MAX_CHARACTERS = 4 * 1024 * 1024;
/** A longer string is cut: the head of a URI tells what it was, and a row must not weigh megabytes. */
export const MAX_TEXT = 1024;

/** What spans tell of a session. */
export interface Peer {
  readonly id: number;
  readonly realm: string;
  readonly authid: string;
  readonly authrole: string;
}

/** What a reader must add to its copy before it can read the rows that come along. Numbers go on where they stopped. */
export interface TableUpdate {
  /** Forget everything first. */
  readonly reset: boolean;
  readonly strings: readonly string[];
  readonly peers: readonly Peer[];
}

/**
 * Cut, copied (a URI may be a slice that keeps its whole message in memory) and well-formed: protobuf and
 * JSON encoders disagree on lone surrogates.
 */
function clean(text: string, limit: number): string {
  return Buffer.from(text.length > limit ? text.slice(0, limit) : text).toString();
}

/** The writing side, used until it is full. Numbers are given in order; 0 is the empty string. */
export class InternTable {
  readonly #maxText: number;
  readonly #strings = new Map<string, number>();
  readonly #peers = new WeakMap<SessionRef, number>();
  readonly #stringEntries: string[] = [];
  readonly #peerEntries: Peer[] = [];
  #characters = 0;
  #sentStrings = 0;
  #sentPeers = 0;
  #reset = true;

  /** `maxText`: characters of the longest string; what is longer is cut. */
  constructor(maxText = MAX_TEXT) {
    this.#maxText = Math.min(maxText, MAX_TEXT);
  }

  /** Octets of memory that the table takes, about. */
  get bytes(): number {
    return this.#characters * 2 + (this.#stringEntries.length + this.#peerEntries.length) * ENTRY_BYTES;
  }

  /** May `entries` more of each be named? If not, the next row needs another table. */
  hasRoom(entries: number): boolean {
    return (
      this.#stringEntries.length + entries <= MAX_ENTRIES &&
      this.#peerEntries.length + entries <= MAX_ENTRIES &&
      this.#characters <= MAX_CHARACTERS
    );
  }

  string(text: string): number {
    if (text === '') return 0;
    return this.#strings.get(text) ?? this.#addString(text, this.#maxText);
  }

  /** A string that means nothing when it is cut, and is bounded by its own grammar. */
  whole(text: string): number {
    if (text === '') return 0;
    return this.#strings.get(text) ?? this.#addString(text, MAX_TEXT);
  }

  peer(session: SessionRef): number {
    return this.#peers.get(session) ?? this.#addPeer(session);
  }

  /** The reader is a new one: tell it everything, under the same numbers. */
  startOver(): void {
    this.#sentStrings = 0;
    this.#sentPeers = 0;
    this.#reset = true;
  }

  /** What is new since the last time. */
  takeUpdate(): TableUpdate {
    const update = {
      reset: this.#reset,
      strings: this.#stringEntries.slice(this.#sentStrings),
      peers: this.#peerEntries.slice(this.#sentPeers),
    };
    this.#sentStrings = this.#stringEntries.length;
    this.#sentPeers = this.#peerEntries.length;
    this.#reset = false;
    return update;
  }

  #addString(text: string, limit: number): number {
    const entry = clean(text, limit);
    const known = entry === text ? undefined : this.#strings.get(entry);
    if (known !== undefined) return known;
    const index = this.#stringEntries.push(entry);
    this.#strings.set(entry, index);
    this.#characters += entry.length;
    return index;
  }

  #addPeer(session: SessionRef): number {
    const entry: Peer = {
      id: session.id,
      realm: clean(session.realm, this.#maxText),
      authid: clean(session.authid, this.#maxText),
      authrole: clean(session.authrole, this.#maxText),
    };
    const index = this.#peerEntries.push(entry) - 1;
    this.#peers.set(session, index);
    this.#characters += entry.realm.length + entry.authid.length + entry.authrole.length;
    return index;
  }
}

/** The reading side. */
export class TableCopy {
  #strings: string[] = [''];
  #peers: Peer[] = [];

  /** Brings the copy up to date; true when all numbers known before are void. */
  apply(update: TableUpdate): boolean {
    if (update.reset) {
      this.#strings = [''];
      this.#peers = [];
    }
    this.#strings.push(...update.strings);
    this.#peers.push(...update.peers);
    return update.reset;
  }

  string(index: number): string {
    return this.#strings[index]!;
  }

  peer(index: number): Peer {
    return this.#peers[index]!;
  }
}
