/** Owns the promise that a damaged file is an error that tells what to do, and never the end of the process. */

import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Database } from '../../../src/observers/store/database.js';
import { TraceStoreError } from '../../../src/observers/store/stored-trace.js';

const FILE = 'traces.mdb';
const MAX_BYTES = 1 << 20;
let folder: string;
let whole: string;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wampscope-damaged-'));
  const database = Database.open(join(folder, 'whole'), MAX_BYTES);
  database.claim();
  await database.blocks.put(['trace', 0], Buffer.alloc(100_000, 7));
  await database.root.close();
  whole = join(folder, 'whole', FILE);
});

after(() => rmSync(folder, { recursive: true, force: true }));

const DAMAGES: readonly (readonly [what: string, damage: (file: string) => void, says: RegExp])[] = [
  ['a text', file => writeFileSync(file, 'hello world\n'), /it has 12 octets only/],
  ['a long text', file => writeFileSync(file, 'hello world\n'.repeat(10_000)), /it does not begin like one/],
  ['a copy cut off', file => truncateSync(file, 40_960), /it has 40960 octets of \d+, as if a copy had been cut off/],
  [
    'a head overwritten',
    file => writeFileSync(file, Buffer.concat([Buffer.alloc(8192, 0x55), readFileSync(file).subarray(8192)])),
    /it does not begin like one/,
  ],
];

for (const [what, damage, says] of DAMAGES) {
  test(`${what} is refused, for reading and for writing`, () => {
    const directory = mkdtempSync(join(folder, 'damaged-'));
    const file = join(directory, FILE);
    copyFileSync(whole, file);
    damage(file);
    const before = readFileSync(file);
    for (const open of [() => Database.openReadOnly(directory), () => Database.open(directory, MAX_BYTES)]) {
      assert.throws(open, error => {
        assert.ok(error instanceof TraceStoreError);
        assert.match(error.message, says);
        assert.match(error.message, /move it away to begin a new one$/);
        return true;
      });
    }
    assert.ok(readFileSync(file).equals(before), 'nothing was written');
  });
}

test('a store of another format is refused, and stays as it is', async () => {
  const directory = mkdtempSync(join(folder, 'older-'));
  copyFileSync(whole, join(directory, FILE));
  const database = Database.open(directory, MAX_BYTES);
  await database.root.openDB<unknown, string>({ name: 'about', encoding: 'json' }).put('format', 1);
  await database.root.close();
  const says = /traces\.mdb has format 1, and this version reads format 2: .* move it away to begin a new one$/;
  for (const open of [() => Database.openReadOnly(directory), () => Database.open(directory, MAX_BYTES)])
    assert.throws(open, error => error instanceof TraceStoreError && says.test(error.message));
});

test('an empty file is a store to be: there is nothing to read, and it can be written', async () => {
  const directory = mkdtempSync(join(folder, 'empty-'));
  writeFileSync(join(directory, FILE), '');
  assert.throws(() => Database.openReadOnly(directory), /there is no trace store in/);
  const database = Database.open(directory, MAX_BYTES);
  database.claim();
  await database.root.close();
  await Database.openReadOnly(directory).root.close();
});
