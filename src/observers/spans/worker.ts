/** Owns the start of the worker thread that turns slabs into requests. */

import { parentPort, workerData } from 'node:worker_threads';
import { constants, gzip } from 'node:zlib';
import { CLOCK } from './clock.js';
import { Figures } from './figures.js';
import { createPost } from './http-post.js';
import type { Source } from './otlp.js';
import { JsonEncoder } from './otlp-json.js';
import { ProtobufEncoder } from './otlp-protobuf.js';
import { RowReader } from './row-reader.js';
import type { SlabMessage } from './rows.js';
import { Sender, type Timing } from './sender.js';
import type { ExportSettings } from './settings.js';
import { MAX_IN_FLIGHT, type Report, type Send, SlabExporter } from './slab-exporter.js';

/** What the thread is started with. */
export interface WorkerSettings {
  readonly settings: ExportSettings;
  readonly source: Source;
  /** Spans of a request, about. */
  readonly batchSpans: number;
  readonly timing: Timing;
  readonly figures: SharedArrayBuffer;
  /** Of errors that are no failures. */
  readonly nonErrorUris: readonly string[];
}

export type Order = SlabMessage | 'hurry';

const port = parentPort;
if (port === null) throw new Error('This file runs in a worker thread only');
const { settings, source, batchSpans, timing, figures, nonErrorUris } = workerData as WorkerSettings;
const encoder = settings.protocol === 'http/json' ? new JsonEncoder(source) : new ProtobufEncoder(source);
const report = (told: Report) => port.postMessage(told);
const sender = new Sender({
  post: createPost(settings, MAX_IN_FLIGHT),
  clock: CLOCK,
  timing,
  figures: new Figures(figures),
  tell: (news, reason) => report({ kind: 'news', news, reason }),
  random: Math.random,
});

const send: Send = (batch, sent) => sender.send(batch, sent);
/** Once, not for each attempt. Spans resemble each other so much that the fastest way already makes a tenth of them. */
const sendCompressed: Send = ({ bytes, spans }, sent) => {
  gzip(bytes, { level: constants.Z_BEST_SPEED }, (error, compressed) => {
    if (error) sent({ failures: { internal: spans }, error: String(error), isFree: true });
    else sender.send({ bytes: compressed, spans }, sent);
  });
};

const exporter = new SlabExporter(
  new RowReader(nonErrorUris),
  encoder,
  batchSpans,
  settings.compression === 'gzip' ? sendCompressed : send,
  report,
);
port.on('message', (order: Order) => {
  if (order === 'hurry') sender.hurry();
  else exporter.push(order);
});
