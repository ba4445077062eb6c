/** Owns all writing of the store: what one transaction changes, what an interrupted process left, and what has to go. */

import type { Amendment } from '../amendments.js';
import { headerOf, openBlock, RecordBlockError, seal } from './block-layout.js';
import {
  amendmentKey,
  amendmentValue,
  type BlockKey,
  type Database,
  readAmendment,
  storedSize,
  type TraceRow,
} from './database.js';
import type { StoreLimits, TraceMeta } from './stored-trace.js';

/** A block on its way to the store. */
export interface PendingBlock {
  readonly firstSeq: number;
  readonly count: number;
  readonly bytes: Uint8Array;
}

/** About what one takes in the file. */
const AMENDMENT_BYTES = 128;
/** Blocks removed in one transaction, so that new ones never wait long. */
const REMOVED_AT_ONCE = 128;

export class Journal {
  readonly #db: Database;
  readonly #limits: StoreLimits;
  /** Milliseconds since the epoch. */
  readonly #clock: () => number;
  readonly #rows = new Map<string, TraceRow>();
  #bytes = 0;

  constructor(db: Database, limits: StoreLimits, clock: () => number) {
    this.#db = db;
    this.#limits = limits;
    this.#clock = clock;
    for (const { value } of db.traces.getRange({})) this.#note(value);
  }

  /** Octets of all traces. */
  get bytes(): number {
    return this.#bytes;
  }

  row(persistentId: string): TraceRow | undefined {
    return this.#rows.get(persistentId);
  }

  /** Ends the traces that a process left running. `live` are those of this process, when only its writer died. */
  recover(live: readonly string[]): void {
    for (const row of [...this.#rows.values()]) {
      if (row.status === 'running' && !live.includes(row.persistentId)) this.#interrupt(row);
    }
  }

  /** A trace that is known already goes on. */
  begin(meta: TraceMeta): void {
    if (this.#rows.has(meta.persistentId)) return;
    this.#write({
      ...meta,
      status: 'running',
      ended: null,
      stopReason: null,
      firstSeq: 0,
      persistedSeq: -1,
      lost: 0,
      bytes: 0,
      fault: null,
    });
  }

  /** Stores blocks of one trace, all or none. */
  append(persistentId: string, blocks: readonly PendingBlock[]): TraceRow | undefined {
    let row = this.#rows.get(persistentId);
    if (row?.status !== 'running') return undefined;
    this.#db.root.transactionSync(() => {
      for (const block of blocks) row = this.#put(row!, block);
      this.#db.traces.putSync(persistentId, row!);
    });
    this.#note(row);
    return row;
  }

  #put(row: TraceRow, { firstSeq, count, bytes }: PendingBlock): TraceRow {
    const expected = row.persistedSeq + 1;
    if (firstSeq < expected) throw new RangeError(`records from ${firstSeq} are stored already, up to ${expected - 1}`);
    const isFirst = expected === row.firstSeq;
    seal(bytes);
    this.#db.blocks.putSync([row.persistentId, firstSeq], asBuffer(bytes));
    return {
      ...row,
      firstSeq: isFirst ? firstSeq : row.firstSeq,
      persistedSeq: firstSeq + count - 1,
      lost: isFirst ? 0 : row.lost + firstSeq - expected,
      bytes: row.bytes + storedSize(bytes.length),
    };
  }

  /** Stores what became known of stored records: all or nothing, so that what is read is never half changed. */
  amend(persistentId: string, amendments: readonly Amendment[]): void {
    const row = this.#rows.get(persistentId);
    if (row?.status !== 'running') return;
    const after = { ...row, bytes: row.bytes + amendments.length * AMENDMENT_BYTES };
    this.#db.root.transactionSync(() => {
      for (const amendment of amendments) {
        const key = amendmentKey(persistentId, amendment.frame);
        const earlier = this.#db.blocks.get(key);
        const all = earlier ? { ...readAmendment(earlier), ...amendment } : amendment;
        this.#db.blocks.putSync(key, amendmentValue(all));
      }
      this.#db.traces.putSync(persistentId, after);
    });
    this.#note(after);
  }

  end(persistentId: string, ended: number, stopReason: string): void {
    const row = this.#rows.get(persistentId);
    if (row?.status === 'running') this.#write({ ...row, status: 'stopped', ended, stopReason });
  }

  /** No record of the trace is stored from now on. */
  fail(persistentId: string, fault: string): void {
    const row = this.#rows.get(persistentId);
    if (row?.status === 'running') this.#write({ ...row, status: 'stopped', ended: this.#clock(), fault });
  }

  /** The trace is gone for readers; its blocks follow with `trim`. */
  delete(persistentId: string): boolean {
    const row = this.#rows.get(persistentId);
    if (!row || row.status === 'deleting') return false;
    this.#write({ ...row, status: 'deleting' });
    return true;
  }

  /**
   * Removes some of what is too old or too much: what was deleted, then the oldest stopped traces, then the
   * oldest blocks of the running trace that holds most.
   *
   * @returns whether there may be more to do, the running trace whose first records went, the ended one that goes.
   */
  trim(): { readonly more: boolean; readonly trimmed?: TraceRow; readonly removed?: TraceRow } {
    const rows = [...this.#rows.values()];
    const condemned = rows.find(row => row.status === 'deleting') ?? this.#oldestEnded(rows);
    if (condemned) {
      this.#removeSome(condemned);
      return condemned.status === 'deleting' ? { more: true } : { more: true, removed: condemned };
    }
    const aged = rows.find(row => this.#hasAgedBlock(row));
    const victim = aged ?? (this.#bytes > this.#limits.maxBytes ? largest(rows) : undefined);
    if (!victim) return { more: false };
    const trimmed = this.#removeBlocks(victim, aged ? this.#blockIsAged : this.#stillTooMuch);
    return trimmed === victim ? { more: false } : { more: true, trimmed };
  }

  #oldestEnded(rows: readonly TraceRow[]): TraceRow | undefined {
    const [oldest] = rows.filter(row => row.ended !== null).sort((a, b) => a.ended! - b.ended!);
    if (!oldest) return undefined;
    const isTooOld = oldest.ended! < this.#clock() - this.#limits.maxAge;
    return isTooOld || this.#bytes > this.#limits.maxBytes ? oldest : undefined;
  }

  #removeSome(row: TraceRow): void {
    const keys = this.#keysOf(row.persistentId, REMOVED_AT_ONCE);
    if (keys.length < REMOVED_AT_ONCE) {
      this.#db.root.transactionSync(() => {
        for (const key of keys) this.#db.blocks.removeSync(key);
        this.#removeAmendments(row.persistentId, Number.MAX_SAFE_INTEGER);
        this.#db.traces.removeSync(row.persistentId);
      });
      this.#rows.delete(row.persistentId);
      this.#bytes -= row.bytes;
      return;
    }
    const freed = keys.reduce((sum, key) => sum + storedSize(this.#block(key).length), 0);
    const after: TraceRow = { ...row, status: 'deleting', bytes: Math.max(0, row.bytes - freed) };
    this.#db.root.transactionSync(() => {
      for (const key of keys) this.#db.blocks.removeSync(key);
      this.#db.traces.putSync(row.persistentId, after);
    });
    this.#note(after);
  }

  /** Removes the oldest blocks of a running trace while `goes` says so; never its newest. */
  #removeBlocks(row: TraceRow, goes: (block: Buffer, freed: number) => boolean): TraceRow {
    const keys = this.#keysOf(row.persistentId, REMOVED_AT_ONCE + 1);
    const removed: BlockKey[] = [];
    let after = row;
    for (const [i, key] of keys.slice(0, -1).entries()) {
      const block = this.#block(key);
      if (!goes(block, row.bytes - after.bytes)) break;
      const next = keys[i + 1]![1];
      const gap = next - after.firstSeq - headerOf(block).count;
      removed.push(key);
      after = { ...after, firstSeq: next, lost: after.lost - gap, bytes: after.bytes - storedSize(block.length) };
    }
    if (removed.length === 0) return row;
    // Frames are in order wherever there are amendments: held-back records are final when they are stored.
    const firstFrame = openBlock(this.#block(keys[removed.length]!)).frame(0);
    this.#db.root.transactionSync(() => {
      for (const key of removed) this.#db.blocks.removeSync(key);
      this.#removeAmendments(row.persistentId, firstFrame);
      this.#db.traces.putSync(row.persistentId, after);
    });
    this.#note(after);
    return after;
  }

  readonly #stillTooMuch = (_block: Buffer, freed: number): boolean => this.#bytes - freed > this.#limits.maxBytes;

  readonly #blockIsAged = (block: Buffer): boolean => lastTime(block) < this.#clock() - this.#limits.maxAge;

  #hasAgedBlock(row: TraceRow): boolean {
    if (row.status !== 'running') return false;
    // The newest block stays: a trace that is there has a first record.
    const keys = this.#keysOf(row.persistentId, 2);
    return keys.length > 1 && this.#blockIsAged(this.#block(keys[0]!));
  }

  /** A commit holds blocks and row together, so only a file that was damaged tells more than it has. */
  #interrupt(row: TraceRow): void {
    const newest = this.#newestBlock(row.persistentId);
    const last = newest ? lastSeq(newest) : -1;
    const persistedSeq = last === row.persistedSeq ? last : this.#lastWithoutHole(row);
    const ended = newest ? lastTime(newest) : row.started;
    this.#write({ ...row, status: 'interrupted', ended, persistedSeq });
  }

  /** What comes after a hole that nobody counted is not told as stored. */
  #lastWithoutHole(row: TraceRow): number {
    let last = row.firstSeq - 1;
    let holes = 0;
    for (const key of this.#keysOf(row.persistentId)) {
      holes += key[1] - last - 1;
      const end = lastSeq(this.#block(key));
      if (holes > row.lost || end === undefined) break;
      last = end;
    }
    return last;
  }

  /** Those of the frames before `end`. */
  #removeAmendments(persistentId: string, end: number): void {
    const keys = this.#db.blocks.getKeys({
      start: amendmentKey(persistentId, 0),
      end: amendmentKey(persistentId, end),
    });
    for (const key of [...keys]) this.#db.blocks.removeSync(key);
  }

  #newestBlock(persistentId: string): Buffer | undefined {
    const range = { start: [persistentId, Number.MAX_SAFE_INTEGER], end: [persistentId, -1], reverse: true, limit: 1 };
    for (const { value } of this.#db.blocks.getRange(range)) if (lastSeq(value) !== undefined) return value;
    return undefined;
  }

  #keysOf(persistentId: string, limit?: number): BlockKey[] {
    const range = {
      start: [persistentId, 0],
      end: [persistentId, Number.MAX_SAFE_INTEGER],
      ...(limit !== undefined && { limit }),
    };
    return [...(this.#db.blocks.getKeys(range as object) as Iterable<BlockKey>)];
  }

  #block(key: BlockKey): Buffer {
    return this.#db.blocks.get(key)!;
  }

  #write(row: TraceRow): void {
    this.#db.traces.putSync(row.persistentId, row);
    this.#note(row);
  }

  #note(row: TraceRow): void {
    this.#bytes += row.bytes - (this.#rows.get(row.persistentId)?.bytes ?? 0);
    this.#rows.set(row.persistentId, row);
  }
}

function largest(rows: readonly TraceRow[]): TraceRow | undefined {
  return rows.filter(row => row.status === 'running').sort((a, b) => b.bytes - a.bytes)[0];
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);
}

/** When the newest record of a block was made. */
function lastTime(block: Buffer): number {
  const layout = openBlock(block);
  return layout.at(layout.header.count - 1);
}

/** `undefined` for a block that is none. */
function lastSeq(block: Buffer): number | undefined {
  try {
    const { firstSeq, count } = openBlock(block).header;
    return firstSeq + count - 1;
  } catch (error) {
    if (error instanceof RecordBlockError) return undefined;
    throw error;
  }
}
