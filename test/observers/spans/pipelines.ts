/** Owns what tests of both pipelines share: how one is made, fed with actions, and held to its books. */

import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { Worker } from 'node:worker_threads';
import { BATCH_DEFAULTS } from '../../../src/observers/spans/batching.js';
import type { Environment } from '../../../src/observers/spans/environment.js';
import { createSpans, type SpanPipeline } from '../../../src/observers/spans/index.js';
import { ROW_BYTES_LIMIT, type RowOptions, RowSpans } from '../../../src/observers/spans/row-spans.js';
import { TIMING, type Timing } from '../../../src/observers/spans/sender.js';
import { exportSettings, sourceOf } from '../../../src/observers/spans/settings.js';
import { spawnWorker } from '../../../src/observers/spans/worker-link.js';
import type { TracedAction } from '../../../src/trace/action.js';
import { Actions, session } from './actions.js';

export const PEERS = Array.from({ length: 20 }, (_, i) => session(i + 1));

export class Log {
  readonly lines: string[] = [];
  warn(message: string): void {
    this.lines.push(message);
  }
}

export function rowsTo(endpoint: string, log: Log, env: Environment = {}): SpanPipeline {
  return createSpans({ pipeline: 'rows', endpoint, env, log });
}

export interface Tuned {
  readonly env?: Environment;
  readonly timing?: Partial<Timing>;
  readonly options?: Partial<RowOptions>;
  readonly onWorker?: (worker: Worker) => void;
}

/** The rows pipeline with the times and limits of a test. The transport is the real one. */
export function tunedRows(endpoint: string, log: Log, { env = {}, timing, options, onWorker }: Tuned): RowSpans {
  const settings = exportSettings(endpoint, env, assert.fail)!;
  const source = sourceOf(env);
  const { queueSize, batchSize, delay } = BATCH_DEFAULTS.rows;
  return new RowSpans(
    figures => {
      const worker = spawnWorker({
        settings,
        source,
        batchSpans: batchSize,
        timing: { ...TIMING, ...timing },
        figures: figures.memory,
        nonErrorUris: [],
      });
      onWorker?.(worker);
      return worker;
    },
    {
      flushInterval: delay,
      maxText: 1024,
      nonErrors: new Set(),
      queue: { spans: queueSize, bytes: ROW_BYTES_LIMIT },
      ...options,
    },
    log,
  );
}

const few = new Map<number, TracedAction[]>();

/** `n` calls of two spans each. */
export function calls(spans: SpanPipeline, n: number, seed = 1): void {
  let some = few.get(seed);
  if (some === undefined) {
    const actions = new Actions(seed);
    some = Array.from({ length: 100 }, (_, i) =>
      actions.call(`com.example.p${i % 10}`, PEERS[i % 20]!, PEERS[(i * 7) % 20]!),
    );
    few.set(seed, some);
  }
  for (let i = 0; i < n; i++) spans.onActionEnd?.(some[i % 100]!);
}

/** What became of the spans; the books are balanced at any time. */
export function outcomes(spans: SpanPipeline): {
  spans: number;
  exported: number;
  dropped: number;
  failed: number;
  waiting: number;
} {
  assertAddsUp(spans);
  const { spans: ended, exported, dropped, failed, waiting } = spans.stats();
  return { spans: ended, exported, dropped, failed, waiting };
}

export function assertAddsUp(spans: SpanPipeline): void {
  const stats = spans.stats();
  const sum = (by: Readonly<Record<string, number>>) => Object.values(by).reduce((total, n) => total + n, 0);
  assert.equal(stats.exported + stats.dropped + stats.failed + stats.waiting, stats.spans, JSON.stringify(stats));
  assert.equal(sum(stats.droppedBy), stats.dropped);
  assert.equal(sum(stats.failedBy), stats.failed);
  for (const by of [stats.droppedBy, stats.failedBy]) for (const n of Object.values(by)) assert.ok(n >= 0);
}

export async function until(condition: () => boolean, seconds = 10): Promise<void> {
  for (let i = 0; !condition(); i++) {
    assert.ok(i < seconds * 100, `it did not happen within ${seconds} s`);
    await new Promise(resolve => setTimeout(resolve, 10));
  }
}

/** A port where nobody listens. */
export async function deadEndpoint(): Promise<string> {
  const server = createServer();
  const port = await new Promise<number>(resolve =>
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    }),
  );
  await new Promise(resolve => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}
