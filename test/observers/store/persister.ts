/** Owns a process that stores records as fast as it can, tells the number of the last stored one, and waits to be killed. */

import { writeSync } from 'node:fs';
import { RecordBlockWriter } from '../../../src/observers/record-block.js';
import { openTraceStore } from '../../../src/observers/store/index.js';
import { meta, row, serializers } from './sample.js';

const trace = meta();
const log = { warn: (message: string) => process.stderr.write(`${message}\n`) };
const store = openTraceStore(
  process.argv[2]!,
  {
    serializers,
    maxBytes: 64 << 20,
    maxQueueBytes: 4 << 20,
    onPersisted: (_, seq) => writeSync(1, `${seq}\n`),
    onFault: (_, reason) => process.stderr.write(`${reason}\n`),
  },
  log,
);
writeSync(1, `${trace.persistentId}\n`);
store.begin(trace);
const writer = new RecordBlockWriter();
let waiting = writer.take();

function work(): void {
  for (let turn = 0; turn < 8; turn++) {
    if (!waiting) {
      while (!writer.add(row(writer.nextSeq)));
      waiting = writer.take()!;
    }
    if (!store.append(trace.persistentId, waiting)) break;
    waiting = undefined;
  }
  setImmediate(work);
}

work();
process.stdin.on('data', (order: Buffer) => {
  if (order.toString() === 'exit\n') process.exit(0);
  throw new Error('as ordered');
});
