/** Owns the order in which rows leave a queue that is full, and that what is left still reads as it was written. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Accounts } from '../../../src/observers/spans/accounts.js';
import { isImportant } from '../../../src/observers/spans/importance.js';
import { ACTION_SIZE, CHILD_SIZE } from '../../../src/observers/spans/row-layout.js';
import { RowReader } from '../../../src/observers/spans/row-reader.js';
import { childrenOf, type Slab, writeRow } from '../../../src/observers/spans/rows.js';
import { type QueueLimits, SlabQueue } from '../../../src/observers/spans/slab-queue.js';
import type { SpanData } from '../../../src/observers/spans/span-data.js';
import { InternTable } from '../../../src/observers/spans/table.js';
import type { TracedAction } from '../../../src/trace/action.js';
import { Actions, end, NOON, randomFrom, session } from './actions.js';

const KIB = 1024;
const SLAB = 128 * KIB;
const PEER = session(1);

class Fixture {
  readonly accounts = new Accounts();
  readonly table = new InternTable();
  readonly actions = new Actions(5);
  readonly queue: SlabQueue;
  /** Request ids in the order written. */
  next = 1;

  constructor(limits: Partial<QueueLimits>) {
    this.queue = new SlabQueue({ spans: 1_000_000, bytes: 1_000_000_000, ...limits }, this.accounts, () => 0);
  }

  /** A slab full of subscriptions, of one span each, in which every `every`th failed. */
  fill(every: number, table = this.table): Slab | undefined {
    const slab = this.queue.take(table, every > 0);
    if (slab === undefined) return undefined;
    for (let i = 0; slab.hasRoom(ACTION_SIZE); i++) {
      const failed = every > 0 && i % every === 0;
      const action = end(this.actions.action('subscribe', `com.t${this.next++ % 50}`, PEER), failed ? 'error' : 'ok');
      this.accounts.end(1);
      writeRow(slab, action, 0, failed);
    }
    this.queue.push(slab);
    return slab;
  }
}

function read(slab: Slab, reader: RowReader): SpanData[] {
  const spans: SpanData[] = [];
  reader.update(slab.table.takeUpdate());
  for (let at = 0; at < slab.used; ) at = reader.read(slab, at, { add: span => spans.push(span) });
  return spans;
}

test('what failed or was slow is important, what was asked for is not', () => {
  const actions = new Actions(1);
  const [caller, callee] = [session(1), session(2)];
  const important = (outcome: Parameters<Actions['call']>[3], ms: number): boolean => {
    const action = actions.call('com.a', caller, callee, outcome);
    action.endedAt = NOON + ms;
    return isImportant(action, new Set());
  };
  for (const outcome of ['error', 'timeout', 'callee_gone'] as const)
    assert.equal(important(outcome, 1), true, outcome);
  for (const outcome of ['ok', 'canceled', 'caller_gone', 'abandoned'] as const) {
    assert.equal(important(outcome, 499), false, outcome);
    assert.equal(important(outcome, 500), true, outcome);
  }
});

test('memory that is used up comes back from the oldest ordinary rows; failures stay, in order', () => {
  const fixture = new Fixture({ bytes: 10 * SLAB + 64 * KIB });
  const ids: string[] = [];
  for (let i = 0; i < 40; i++) {
    const slab = fixture.fill(10)!;
    for (let w = 0; w < slab.used * 2; w += ACTION_SIZE * 2) {
      // Bit 9 of a row's head: important.
      if ((slab.words[w]! & 0x200) !== 0) ids.push(`${slab.words[w + 12]} ${slab.words[w + 13]}`);
    }
    assert.ok(fixture.queue.bytes <= fixture.queue.limits.bytes);
  }
  assert.equal(fixture.accounts.importantDropped, 0);
  assert.ok(fixture.accounts.droppedBy.queue_full > 20_000);
  const reader = new RowReader();
  const kept: string[] = [];
  let spans = 0;
  for (let slab = fixture.queue.shift(); slab !== undefined; slab = fixture.queue.shift()) {
    const read_ = read(slab, reader);
    assert.equal(read_.length, slab.spans);
    spans += read_.length;
    for (const { ids: id, ending } of read_) if (ending.status === 2) kept.push(`${id.span0} ${id.span1}`);
  }
  assert.deepEqual(kept, ids);
  assert.equal(spans, fixture.accounts.waiting);
});

test('ordinary rows do not push out failures; failures push out the oldest failures', () => {
  const fixture = new Fixture({ bytes: 4 * SLAB + 64 * KIB });
  for (let i = 0; i < 4; i++) fixture.fill(1);
  assert.equal(fixture.accounts.dropped, 0);
  assert.equal(fixture.queue.take(fixture.table, false), undefined);
  assert.equal(fixture.accounts.dropped, 0);
  const slab = fixture.fill(1)!;
  assert.equal(fixture.accounts.importantDropped, slab.spans);
  assert.equal(fixture.accounts.droppedBy.queue_full, slab.spans);
});

test('what is left of slabs with different tables is not mixed', () => {
  const fixture = new Fixture({ bytes: 4 * SLAB + 64 * KIB });
  fixture.fill(2);
  const other = new InternTable();
  other.string('com.other.first');
  for (let i = 0; i < 4; i++) fixture.fill(2, other);
  const tables: InternTable[] = [];
  for (let slab = fixture.queue.shift(); slab !== undefined; slab = fixture.queue.shift()) tables.push(slab.table);
  assert.equal(tables.indexOf(fixture.table), 0);
  assert.ok(tables.slice(1).every(table => table === other));
});

test('tables count as memory', () => {
  const fixture = new Fixture({ bytes: 20 * SLAB });
  for (let i = 0; i < 10; i++) {
    const table = new InternTable();
    for (let n = 0; n < 2000; n++) table.string(`${i}.${n}.${'x'.repeat(200)}`);
    fixture.fill(0, table);
    assert.ok(fixture.queue.bytes <= fixture.queue.limits.bytes, `${fixture.queue.bytes} octets`);
  }
  assert.ok(fixture.accounts.dropped > 0);
});

test('there is always one slab, however little memory is allowed', () => {
  const fixture = new Fixture({ bytes: 1 });
  const slab = fixture.queue.take(fixture.table, false);
  assert.ok(slab);
  assert.equal(fixture.queue.take(fixture.table, true), undefined);
  fixture.queue.giveBack(slab.buffer);
  assert.ok(fixture.queue.take(fixture.table, false));
});

test('rows that survive evictions of any kind decode to what was written', () => {
  const random = randomFrom(77);
  const actions = new Actions(77);
  const accounts = new Accounts();
  const queue = new SlabQueue({ spans: 4000, bytes: 12 * SLAB }, accounts, () => 0);
  const table = new InternTable();
  const peers = [session(1), session(2)];
  const names = new Map<string, string>();
  let slab = queue.take(table, true)!;
  for (let i = 0; i < 30_000; i++) {
    const action = actions.anything(peers, ['com.a', 'com.b', 'com.c']);
    const children = childrenOf(action);
    const important = random() < 0.1;
    accounts.end(1 + children);
    if (!queue.makeRoom(1 + children, important, slab)) {
      accounts.drop('queue_full', 1 + children, important ? 1 + children : 0);
      continue;
    }
    if (!slab.hasRoom(ACTION_SIZE + CHILD_SIZE * children)) {
      queue.push(slab);
      slab = queue.take(table, true)!;
    }
    writeRow(slab, action, children, important);
    names.set(action.spanId, `${nameOf(action)} ${action.startedAt}`);
  }
  queue.push(slab);
  const reader = new RowReader();
  let spans = 0;
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    for (const span of read(next, reader)) {
      spans++;
      const { span0, span1 } = span.ids;
      const id = [span0, span1].map(word => (word >>> 0).toString(16).padStart(8, '0')).join('');
      const name = names.get(id);
      if (name !== undefined) assert.equal(`${span.operation.name} ${span.startedAt}`, name);
    }
  }
  assert.equal(spans, accounts.waiting);
  assert.ok(spans <= 4000 && spans > 1000, `${spans}`);
});

function nameOf({ kind, uri, method }: TracedAction): string {
  const subject = kind === 'call' ? method : uri;
  return subject === '' ? kind : `${kind} ${subject}`;
}
