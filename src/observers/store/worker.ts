/** Owns the start of the worker thread that writes the store. */

import { parentPort, workerData } from 'node:worker_threads';
import { Database } from './database.js';
import { Gate } from './gate.js';
import type { Order, Report, WriterSettings } from './messages.js';
import { Writer } from './writer.js';

const port = parentPort;
if (port === null) throw new Error('This file runs in a worker thread only');
const settings = workerData as WriterSettings;
const gate = new Gate(settings.gate);
const database = gate.within(() => Database.open(settings.directory, settings.limits.maxBytes));
const writer = new Writer(database, settings, gate, (report: Report) => {
  port.postMessage(report);
  if (report.kind === 'closed') port.close();
});
port.on('message', (order: Order) => writer.push(order));
