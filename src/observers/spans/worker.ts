/** Owns the start of the worker thread that turns slabs into requests. */

import { parentPort, workerData } from 'node:worker_threads';
import type { Source } from './otlp.js';
import { JsonEncoder } from './otlp-json.js';
import { ProtobufEncoder } from './otlp-protobuf.js';
import type { SlabMessage } from './rows.js';
import type { ExportSettings } from './settings.js';
import { type Report, SlabExporter } from './slab-exporter.js';
import { createSend } from './transport.js';

/** What the thread is started with. */
export interface WorkerSettings {
  readonly settings: ExportSettings;
  readonly source: Source;
}

const port = parentPort;
if (port === null) throw new Error('This file runs in a worker thread only');
const { settings, source } = workerData as WorkerSettings;
const encoder = settings.protocol === 'http/json' ? new JsonEncoder(source) : new ProtobufEncoder(source);
const report = (told: Report) => port.postMessage(told, told.kind === 'free' ? [told.buffer] : []);
const exporter = new SlabExporter(encoder, createSend(settings), report);
port.on('message', (slab: SlabMessage) => exporter.push(slab));
