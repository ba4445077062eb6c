/** Owns the LMDB file: how it is opened, what its keys are, and all reading of it. */

import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  statfsSync,
  statSync,
  writeSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import type { Database as LmdbDatabase, RootDatabase } from 'lmdb';
import type { Amendment } from '../amendments.js';
import type { LoggedMessage } from '../logged-message.js';
import { type FindAmendments, type FindCodec, readRecordBlock } from './block-reader.js';
import { isAlive, type Owner, thisProcess } from './owner.js';
import { checkStoreFile } from './store-file.js';
import { isShortWrite, type StoredTrace, TraceStoreError } from './stored-trace.js';

type Lmdb = typeof import('lmdb');

/** A trace as it is stored; `deleting` ones are no longer there for readers. */
export interface TraceRow extends Omit<StoredTrace, 'status'> {
  readonly status: StoredTrace['status'] | 'deleting';
}

/** Persistent id of the trace and number of the block's first record. */
export type BlockKey = [persistentId: string, firstSeq: number];

/** Persistent id of the trace and number of the frame; beside the blocks, behind all of them. */
export type AmendmentKey = [persistentId: string, kind: 'amendment', frame: number];

export function amendmentKey(persistentId: string, frame: number): AmendmentKey {
  return [persistentId, 'amendment', frame];
}

export function amendmentValue(amendment: Amendment): Buffer {
  return Buffer.from(JSON.stringify(amendment));
}

export function readAmendment(value: Buffer): Amendment {
  return JSON.parse(value.toString()) as Amendment;
}

const FILE = 'traces.mdb';
const LOCK_FILE = `${FILE}-lock`;
const FORMAT = 2;
/** Octets of blocks in one transaction, which is held in memory until its commit. */
export const MAX_COMMIT_BYTES = 8 << 20;
/** What is left free of a disk. */
const RESERVED_BYTES = 512 << 10;
/** More than LMDB's header and all its reader slots. */
const LOCK_BYTES = 64 * 1024;
/** LMDB frees pages a few transactions late, and large values need neighbouring ones. */
const MAP_SLACK = 64 << 20;
const PAGE_BYTES = 4096;
/** LMDB's header of a page with a large value. */
const PAGE_HEADER_BYTES = 16;
const MAX_INLINE_BYTES = PAGE_BYTES / 2;
/** Readers of one process, and processes that read. */
const MAX_READERS = 126;

export function storeExists(directory: string): boolean {
  return (statSync(join(directory, FILE), { throwIfNoEntry: false })?.size ?? 0) > 0;
}

/**
 * Whether an error means that the disk is full: a write that it cuts short is an input/output error to LMDB.
 * A transaction writes no more than `MAX_COMMIT_BYTES` and what LMDB needs itself.
 */
export function isFullDisk(directory: string, error: unknown): boolean {
  if (!isShortWrite(error)) return false;
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize < 2 * MAX_COMMIT_BYTES;
}

/**
 * Whether there is room for `octets`, and for what LMDB writes besides. Asked before it is needed: on a disk that is
 * full to the last octet the binding may end the process.
 */
export function hasRoom(directory: string, octets: number): boolean {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize >= 1.25 * octets + RESERVED_BYTES;
}

/** Octets that a value of `length` takes in the file, about. */
export function storedSize(length: number): number {
  if (length < MAX_INLINE_BYTES) return length + 64;
  return Math.ceil((length + PAGE_HEADER_BYTES) / PAGE_BYTES) * PAGE_BYTES;
}

/** One handle to the file. In a process all handles to one file share a memory map. */
export class Database {
  readonly root: RootDatabase<unknown, string>;
  readonly traces: LmdbDatabase<TraceRow, string>;
  /** Amendments are here too: every table more is one more chance to fail on a full disk. */
  readonly blocks: LmdbDatabase<Buffer, BlockKey | AmendmentKey>;
  readonly #about: LmdbDatabase<unknown, string>;
  readonly #path: string;

  private constructor(directory: string, readOnly: boolean, mapSize: number) {
    this.#path = join(directory, FILE);
    checkStoreFile(this.#path);
    // Loaded by whoever needs it: a router that stores nothing runs where LMDB does not.
    const { open } = createRequire(import.meta.url)('lmdb') as Lmdb;
    this.root = open<unknown, string>({
      path: this.#path,
      noSubdir: true,
      readOnly,
      maxReaders: MAX_READERS,
      // LMDB's own order of writes: a commit is on the disk before it counts. The package's variant is of no use
      // to writers that wait in a thread of their own.
      overlappingSync: false,
      ...(!readOnly && { mapSize }),
    });
    try {
      this.#about = this.root.openDB<unknown, string>({ name: 'about', encoding: 'json' });
      this.traces = this.root.openDB<TraceRow, string>({ name: 'traces', encoding: 'json' });
      this.blocks = this.root.openDB<Buffer, BlockKey | AmendmentKey>({ name: 'blocks', encoding: 'binary' });
    } catch (error) {
      void this.root.close();
      throw error;
    }
  }

  /**
   * Opens the store for writing, and makes it if need be.
   *
   * @throws with the error of the file system or of LMDB; `reasonOf` says what it means.
   */
  static open(directory: string, maxBytes: number): Database {
    makeDirectory(directory);
    if (!hasRoom(directory, 0)) throw fullDisk();
    reserveLock(directory);
    const database = new Database(directory, false, 2 * maxBytes + MAP_SLACK);
    database.#check();
    return database;
  }

  /** @throws TraceStoreError when there is no store. */
  static openReadOnly(directory: string): Database {
    if (!storeExists(directory)) throw new TraceStoreError(`there is no trace store in ${directory}`);
    const database = new Database(directory, true, 0);
    database.#check();
    return database;
  }

  /** @throws TraceStoreError when another version made the file. */
  #check(): void {
    const format = this.#about.get('format') ?? FORMAT;
    if (format === FORMAT) return;
    void this.root.close();
    throw new TraceStoreError(
      `${this.#path} has format ${format}, and this version reads format ${FORMAT}: ` +
        'read it with the version that wrote it, or move it away to begin a new one',
    );
  }

  /** The process that writes, as far as it said so. */
  get owner(): Owner | undefined {
    return this.#about.get('owner') as Owner | undefined;
  }

  /**
   * Claims the store for this process.
   *
   * @throws TraceStoreError when a living process has it.
   */
  claim(): void {
    this.root.transactionSync(() => {
      const { owner } = this;
      if (owner && isAlive(owner)) {
        throw new TraceStoreError(`process ${owner.pid} writes to this trace store; every router needs its own`);
      }
      this.#about.putSync('format', FORMAT);
      this.#about.putSync('owner', thisProcess());
    });
  }

  release(): void {
    this.#about.removeSync('owner');
  }

  /** All traces, the oldest first. */
  list(): StoredTrace[] {
    return this.#snapshot(() => {
      const rows = [...this.traces.getRange({})].map(({ value }) => value);
      return rows.filter(isReadable).sort((a, b) => a.started - b.started);
    });
  }

  /** The first `limit` records from `fromSeq` to `toSeq`, both included. */
  read(persistentId: string, fromSeq: number, toSeq: number, limit: number, codec: FindCodec): LoggedMessage[] {
    return this.#snapshot(() => this.#read(persistentId, fromSeq, toSeq, limit, codec));
  }

  #read(persistentId: string, fromSeq: number, toSeq: number, limit: number, codec: FindCodec): LoggedMessage[] {
    const trace = this.traces.get(persistentId);
    if (!trace || !isReadable(trace)) throw new TraceStoreError(`there is no stored trace ${persistentId}`);
    const from = Math.max(fromSeq, trace.firstSeq);
    const to = Math.min(toSeq, trace.persistedSeq);
    const records: LoggedMessage[] = [];
    if (from > to) return records;
    const amendments: FindAmendments = {
      between: (first, last) => this.#amendmentsOf(persistentId, first, last),
      isKept: anchor => this.#amendmentOf(persistentId, anchor)?.kept === true,
    };
    const start = this.#blockOf(persistentId, from);
    for (const { value } of this.blocks.getRange({ start: [persistentId, start], end: [persistentId, to + 1] })) {
      // A loop: a spread of many records would overflow the stack.
      for (const record of readRecordBlock(value, codec, from, to, amendments)) {
        if (records.length >= limit) return records;
        records.push(record);
      }
      if (records.length >= limit) return records;
    }
    return records;
  }

  #amendmentsOf(persistentId: string, first: number, last: number): ReadonlyMap<number, Amendment> {
    const found = new Map<number, Amendment>();
    const range = { start: amendmentKey(persistentId, first), end: amendmentKey(persistentId, last + 1) };
    for (const { value } of this.blocks.getRange(range)) {
      const amendment = readAmendment(value);
      found.set(amendment.frame, amendment);
    }
    return found;
  }

  #amendmentOf(persistentId: string, frame: number): Amendment | undefined {
    const value = this.blocks.get(amendmentKey(persistentId, frame));
    return value && readAmendment(value);
  }

  /** First number of the block that has record `seq`, or would have it. */
  #blockOf(persistentId: string, seq: number): number {
    const range = { start: [persistentId, seq], end: [persistentId, -1], reverse: true, limit: 1 };
    for (const [, firstSeq] of this.blocks.getKeys(range as object) as Iterable<BlockKey>) return firstSeq;
    return seq;
  }

  /** Reads the newest state, and lets go of it: pages of a state that is read are not used again. */
  #snapshot<T>(read: () => T): T {
    this.root.resetReadTxn();
    try {
      return read();
    } finally {
      this.root.resetReadTxn();
    }
  }

  async close(): Promise<void> {
    await this.root.close();
  }
}

function isReadable(row: TraceRow): row is TraceRow & StoredTrace {
  return row.status !== 'deleting';
}

/** One by one: where the kernel says that there is no such directory, `recursive` would try forever. */
function makeDirectory(directory: string): void {
  const missing: string[] = [];
  let parent = resolve(directory);
  for (; !existsSync(parent); parent = dirname(parent)) missing.push(parent);
  if (missing.length === 0) return;
  // On a read-only file system mkdir says that there is no such directory.
  accessSync(parent, constants.W_OK);
  // Records hold what clients have sent.
  for (const path of missing.reverse()) mkdirSync(path, path === missing.at(-1) ? { mode: 0o700 } : {});
}

function fullDisk(): Error {
  return Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
}

/**
 * Writes the lock file's octets before LMDB maps it: in a file with holes, on a full disk, the first
 * access to the map would kill the process.
 */
function reserveLock(directory: string): void {
  const path = join(directory, LOCK_FILE);
  if (existsSync(path) && statSync(path).size >= LOCK_BYTES) return;
  // Not truncated: another process may have mapped it.
  const file = openSync(path, 'a');
  try {
    const missing = LOCK_BYTES - statSync(path).size;
    const written = writeSync(file, Buffer.alloc(missing));
    if (written < missing) throw fullDisk();
  } finally {
    closeSync(file);
  }
}
