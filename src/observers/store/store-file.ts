/** Owns the look at a store's file before LMDB maps it: LMDB trusts what it maps, and a damaged file ends the process. */

import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { TraceStoreError } from './stored-trace.js';

const PAGE = 4096;
/** Two pages begin the file, each with the state of a transaction; the newer one counts. Offsets are those of lmdb-js 3. */
const META = { magic: 24, version: 28, pageSize: 48, lastPage: 144, transaction: 152 } as const;
const MAGIC = 0xbeefc0de;
const VERSION = 2;

/**
 * Nothing is wrong with a file that is not there or empty: it is a store to be.
 *
 * @throws TraceStoreError when the file is no database of LMDB, or is shorter than it says; the error of the file system.
 */
export function checkStoreFile(path: string): void {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size === 0) return;
  const head = Buffer.alloc(2 * PAGE);
  const file = openSync(path, 'r');
  try {
    if (readSync(file, head, 0, head.length, 0) < head.length) throw damaged(path, `it has ${size} octets only`);
  } finally {
    closeSync(file);
  }
  const metas = [head.subarray(0, PAGE), head.subarray(PAGE)];
  for (const meta of metas) {
    const known = meta.readUInt32LE(META.magic) === MAGIC && meta.readUInt32LE(META.version) === VERSION;
    if (!known || meta.readUInt32LE(META.pageSize) !== PAGE) throw damaged(path, 'it does not begin like one');
  }
  const newest = metas.reduce((a, b) => (transactionOf(b) > transactionOf(a) ? b : a));
  const expected = (Number(newest.readBigUInt64LE(META.lastPage)) + 1) * PAGE;
  if (size < expected) throw damaged(path, `it has ${size} octets of ${expected}, as if a copy had been cut off`);
}

function transactionOf(meta: Buffer): bigint {
  return meta.readBigUInt64LE(META.transaction);
}

function damaged(path: string, why: string): TraceStoreError {
  return new TraceStoreError(`${path} is no trace store, or is damaged: ${why}; move it away to begin a new one`);
}
