/** Owns the tables of names: bounded whatever is put in, and read back as what was put in. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InternTable, MAX_TEXT, TableCopy } from '../../../src/observers/spans/table.js';
import { session } from './actions.js';

test('equal strings and the same session have one number, and the copy knows them by it', () => {
  const table = new InternTable();
  const copy = new TableCopy();
  const peer = session(7);
  const [a, b, p] = [table.string('com.a'), table.string('com.b'), table.peer(peer)];
  assert.deepEqual([table.string('com.a'), table.string('com.b'), table.peer(peer)], [a, b, p]);
  assert.equal(table.string(''), 0);
  copy.apply(table.takeUpdate());
  assert.deepEqual([copy.string(0), copy.string(a), copy.string(b)], ['', 'com.a', 'com.b']);
  assert.deepEqual(copy.peer(p), { id: 7, realm: 'realm1', authid: 'user-7', authrole: 'member' });
  const c = table.string('com.c');
  const update = table.takeUpdate();
  assert.deepEqual(update, { reset: false, strings: ['com.c'], peers: [] });
  assert.equal(copy.apply(update), false);
  assert.equal(copy.string(c), 'com.c');
});

test('a new reader is told everything again, under the same numbers', () => {
  const table = new InternTable();
  const a = table.string('com.a');
  table.takeUpdate();
  const b = table.string('com.b');
  table.startOver();
  const copy = new TableCopy();
  assert.equal(copy.apply(table.takeUpdate()), true);
  assert.deepEqual([copy.string(a), copy.string(b)], ['com.a', 'com.b']);
});

test('a full table says so, and knows about how much memory it takes', () => {
  const table = new InternTable();
  let n = 0;
  while (table.hasRoom(3)) table.string(`com.example.${n++}`);
  assert.ok(n > 16_000 && n <= 16_384, `${n} entries`);
  assert.ok(table.bytes > n * 100 && table.bytes < 4 * 1024 * 1024, `${table.bytes} octets`);
  const copy = new TableCopy();
  copy.apply(table.takeUpdate());
  assert.equal(copy.apply(new InternTable().takeUpdate()), true, 'another table begins anew');
});

test('a table can be told to cut strings shorter, but not longer', () => {
  const table = new InternTable(5);
  table.string('com.example');
  assert.deepEqual(table.takeUpdate().strings, ['com.e']);
  const long = new InternTable(5000);
  long.string('x'.repeat(5000));
  assert.equal(long.takeUpdate().strings[0]!.length, MAX_TEXT);
});

test('long strings are cut, and fill the table by their length', () => {
  const table = new InternTable();
  const long = 'x'.repeat(5000);
  const index = table.string(long);
  assert.equal(table.string(long), index);
  assert.equal(table.takeUpdate().strings[0]!.length, MAX_TEXT);
  let n = 0;
  while (table.hasRoom(3)) table.string(`${n++}${long}`);
  assert.ok(n < 5000, `${n} entries`);
});

test('lone surrogates become what protobuf would make of them', () => {
  const table = new InternTable();
  table.string('a\ud800b');
  assert.deepEqual(table.takeUpdate().strings, ['a\ufffdb']);
});
