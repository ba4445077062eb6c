/** Owns how records get from the memory of a trace to the store: in slices, in order, and what is too fast is counted. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Amendments } from '../../src/observers/amendments.js';
import type { LoggedMessage } from '../../src/observers/logged-message.js';
import type { TraceLog } from '../../src/observers/message-log.js';
import { Persister } from '../../src/observers/persister.js';
import type { RecordBlockWriter } from '../../src/observers/record-block.js';
import { NOW, row, serializers } from './store/sample.js';

const META = { traceId: 't', node: 'node1', worker: 'worker1', options: {}, started: NOW };

/** A log whose memory holds `room` records, and which tells how long nobody took a turn. */
class FakeLog implements TraceLog<LoggedMessage> {
  readonly #room: number;
  readonly overflow = 0;
  readonly exhausted = false;
  readonly amendments = new Amendments();
  nextSeq = 0;

  constructor(room: number) {
    this.#room = room;
  }

  get firstSeq(): number {
    return Math.max(0, this.nextSeq - this.#room);
  }

  copyTo(writer: RecordBlockWriter, seq: number): boolean {
    assert.ok(seq >= this.firstSeq && seq < this.nextSeq, `record ${seq} of ${this.firstSeq} to ${this.nextSeq}`);
    return writer.add(row(seq));
  }

  frameOf(seq: number): number {
    return row(seq).frame;
  }

  expire(): void {}

  read(): LoggedMessage[] {
    return [];
  }
}

function opened(t: TestContext, maxQueueBytes?: number, warn: (text: string) => void = assert.fail): Persister {
  const directory = mkdtempSync(join(tmpdir(), 'wampscope.persister-'));
  const options = { directory, serializers, maxBytes: 1 << 28, maxAge: 3_600_000 };
  const persister = new Persister({ ...options, ...(maxQueueBytes && { maxQueueBytes }) }, { warn });
  t.after(async () => {
    await persister.close();
    rmSync(directory, { recursive: true, force: true });
  });
  return persister;
}

async function until(isSo: () => boolean): Promise<void> {
  for (const end = Date.now() + 10_000; !isSo(); ) {
    assert.ok(Date.now() < end, 'not in ten seconds');
    await new Promise(resolve => setTimeout(resolve, 2));
  }
}

test('what was overwritten before its turn is counted as lost, and nothing else is', async t => {
  const persister = opened(t);
  const log = new FakeLog(1000);
  const persistence = persister.begin(META, log, assert.fail);
  log.nextSeq = 700;
  await until(() => persistence.persistedSeq === 699);
  log.nextSeq = 5000;
  await until(() => persistence.persistedSeq === 4999);
  assert.equal(persistence.lost, 3300);
  const records = persister.read(persistence.id, 0, 5000, 10_000);
  assert.equal(records.length, 5000 - 3300);
  assert.deepEqual([records[699]!.seq, records[700]!.seq], [699, 4000]);
});

test('while the queue to the disk is full, records wait in memory; then none is lost', async t => {
  const persister = opened(t, 150_000);
  const log = new FakeLog(100_000);
  const persistence = persister.begin(META, log, assert.fail);
  log.nextSeq = 30_000;
  await until(() => persistence.persistedSeq === 29_999);
  assert.equal(persistence.lost, 0);
});

test('a great many records at once are handed over in many turns', async t => {
  const persister = opened(t);
  const log = new FakeLog(1 << 20);
  const persistence = persister.begin(META, log, assert.fail);
  log.nextSeq = 60_000;
  let turns = 0;
  const before = persistence.handedSeq;
  let isCounting = true;
  const count = (): void => {
    if (persistence.handedSeq > before) turns++;
    if (isCounting) setImmediate(count);
  };
  count();
  await until(() => persistence.handedSeq === 60_000);
  isCounting = false;
  // 60 000 records take far longer than the few milliseconds of one turn.
  assert.ok(turns > 5, `${turns} turns`);
});

test('amendments come after the records that they change, whatever was on its way', async t => {
  const persister = opened(t);
  const log = new FakeLog(100_000);
  const persistence = persister.begin(META, log, assert.fail);
  log.nextSeq = 600;
  await until(() => persistence.handedSeq === 600);
  // The sample's frames are three times the numbers of its records.
  log.amendments.last(3 * 7);
  log.amendments.uri(3 * 599, 'com.example.told.later');
  log.amendments.last(3 * 600);
  log.nextSeq = 700;
  persistence.end(NOW, 'requested');
  await until(() => persistence.isStored);
  const records = persister.read(persistence.id, 0, 700, 1000) as LoggedMessage[];
  assert.deepEqual(
    records.filter(({ last }) => last).map(({ seq }) => seq),
    [7],
    'a record that was not handed over is changed where it is',
  );
  assert.equal(records[599]!.uri, 'com.example.told.later');
  assert.equal(persister.list('worker1')[0]!.stopReason, 'requested');
});

test('a record that cannot be stored ends the persistence of its trace, and of no other', async t => {
  const warnings: string[] = [];
  const persister = opened(t, undefined, text => void warnings.push(text));
  const [odd, good] = [new FakeLog(1000), new FakeLog(1000)];
  odd.copyTo = (writer, seq) => {
    if (seq === 10) throw new RangeError('too deep');
    return writer.add(row(seq));
  };
  let fault = '';
  const persistence = persister.begin(META, odd, reason => {
    fault = reason;
  });
  const other = persister.begin({ ...META, traceId: 'other' }, good, assert.fail);
  odd.nextSeq = 20;
  good.nextSeq = 20;
  await until(() => other.persistedSeq === 19);
  assert.deepEqual([fault, persistence.fault], Array(2).fill('a record cannot be stored: too deep'));
  assert.match(warnings.join(), /is no longer stored: a record cannot be stored: too deep/);
});
