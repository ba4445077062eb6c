/** Owns what a store knows of a trace besides its records, and what may go wrong with it. */

import { constants } from 'node:os';

/** What is known of a trace when it begins. */
export interface TraceMeta {
  /** A UUID: names the trace in the store, where ids of traces may repeat. */
  readonly persistentId: string;
  /** The trace's id, as people call it. */
  readonly traceId: string;
  readonly node: string;
  readonly worker: string;
  /** The options of the trace: plain values, as JSON has them. */
  readonly options: { readonly [name: string]: unknown };
  /** Milliseconds since the epoch. */
  readonly started: number;
  /** When the clock of the process was 0, in milliseconds since the epoch: `performance.timeOrigin`. */
  readonly origin: number;
}

/** `interrupted`: the process ended before the trace did. */
export type StoredStatus = 'running' | 'stopped' | 'interrupted';

export interface StoredTrace extends TraceMeta {
  readonly status: StoredStatus;
  /** Milliseconds since the epoch; that of the last record for an interrupted trace; `null` while it runs. */
  readonly ended: number | null;
  /** Why it was stopped, `null` when nobody did. */
  readonly stopReason: string | null;
  /** Number of the oldest record that is stored. */
  readonly firstSeq: number;
  /** Number of the newest record that is stored; one less than `firstSeq` when there is none. */
  readonly persistedSeq: number;
  /** Records between the two that are missing, because they came faster than they could be written. */
  readonly lost: number;
  /** Octets on disk, about. */
  readonly bytes: number;
  /** Why its records are no longer stored, `null` when nothing is wrong. */
  readonly fault: string | null;
}

export interface StoreLimits {
  /** Octets of all traces together. */
  readonly maxBytes: number;
  /** Milliseconds for which records are kept. */
  readonly maxAge: number;
}

/** The store cannot do what was asked, for a reason that a person can act on. */
export class TraceStoreError extends Error {
  override readonly name = 'TraceStoreError';
}

export const DISK_IS_FULL = 'the disk is full';

const REASONS: readonly (readonly [RegExp, string])[] = [
  [/ENOSPC|No space left/i, DISK_IS_FULL],
  [/MDB_MAP_FULL/, 'the store is full: what it has deleted is still being read, or maxBytes is too small'],
  [/EDQUOT|quota/i, 'the disk quota is used up'],
  [/EROFS|Read-only file system/i, 'the directory is on a read-only file system'],
  [/EACCES|EPERM|Permission denied/i, 'the directory may not be written'],
  [/MDB_INVALID|MDB_CORRUPTED|MDB_VERSION_MISMATCH/, 'the file is not a trace store, or is damaged'],
  [/Cannot find module|ERR_DLOPEN|No native build/i, 'the package lmdb does not work on this machine'],
];

/** Says what an error of the file system or of LMDB means to whoever runs the router. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  if (error instanceof TraceStoreError) return text;
  const known = REASONS.find(([pattern]) => pattern.test(`${codeOf(error)} ${text}`));
  return known ? `${known[1]} (${text})` : text;
}

/** LMDB's own, see lmdb.h. */
const MDB_MAP_FULL = -30792;
const MDB_TXN_FULL = -30788;
const LACKS_OF_ROOM: readonly unknown[] = [constants.errno.ENOSPC, constants.errno.EDQUOT, MDB_MAP_FULL, MDB_TXN_FULL];

/**
 * Whether the database must not be written any more: errors of LMDB and of the disk below it carry a number. A
 * transaction that found no room changed nothing; after any other the state of the environment is unknown.
 */
export function isFatal(error: unknown): boolean {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'number' && !LACKS_OF_ROOM.includes(code);
}

/** What LMDB says when the disk takes a part of what was to be written. */
export function isShortWrite(error: unknown): boolean {
  return (error as { code?: unknown } | undefined)?.code === constants.errno.EIO;
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | undefined)?.code ?? '');
}
