/** Owns the metrics of a node: one reading of the router's numbers, told to Prometheus, or to a collector over OTLP. */

import { Registry } from 'prom-client';
import { type DetailedQuery, detailedFamilies } from './detailed.js';
import { Exemplars } from './exemplars.js';
import { Exposition } from './exposition.js';
import { type Backlog, families, type SampleFamily } from './families.js';
import { linesOf } from './lines.js';
import { Pace, Slices } from './pace.js';
import { Load, Runtime } from './runtime.js';
import type { MetricsSource } from './source.js';
import { METRICS } from './table.js';

export type { DetailedQuery } from './detailed.js';
export type { Exemplars } from './exemplars.js';
export type { MethodFigures, MetricsSource, NodeFigures, RealmFigures, SessionFigures, UriFigures } from './source.js';

/** What a scraper gets: text in pieces, made while it is read. */
export interface MetricsPage {
  readonly contentType: string;
  readonly body: AsyncIterable<string>;
}

export class Metrics {
  /** Where traces that are kept leave their ids. */
  readonly exemplars = new Exemplars(METRICS.calls.buckets);
  readonly #source: MetricsSource;
  readonly #runtime = new Runtime();
  readonly #load = new Load();
  readonly #pace = new Pace();
  readonly #open = new Exposition(Registry.OPENMETRICS_CONTENT_TYPE);
  readonly #plain = new Exposition(Registry.PROMETHEUS_CONTENT_TYPE);
  #scrape: { duration: number; stall: number; samples: number } | undefined;

  constructor(source: MetricsSource) {
    this.#source = source;
  }

  /** `/metrics`. `accept` is the scraper's header; without a wish it gets OpenMetrics. */
  page(accept = ''): MetricsPage {
    const format = this.#format(accept);
    return { contentType: format.contentType, body: this.#scraped(format) };
  }

  /** `/metrics/detailed`. */
  detailed(query: DetailedQuery, accept = ''): MetricsPage {
    const format = this.#format(accept);
    return { contentType: format.contentType, body: this.#chosen(query, format) };
  }

  /** Ours as they are now. Each reader has a `load` of its own, which tells of the time between two of its readings. */
  async read(load: Load): Promise<Iterable<SampleFamily>> {
    await this.#pace.turn();
    return this.#read(load, new Slices(this.#pace));
  }

  async #read(load: Load, slices: Slices): Promise<Iterable<SampleFamily>> {
    slices.resume();
    const backlog = await backlogOf(this.#source, slices);
    // A turn of its own: what is counted per session is read of all sessions at once, or it would not add up.
    await slices.rest();
    const { version } = this.#source;
    const self = { version, backlog, utilization: load.utilization(), scrape: this.#scrape, exemplars: this.exemplars };
    const found = families(this.#source.read(), self);
    slices.suspend();
    return found;
  }

  get started(): number {
    return this.#source.started;
  }

  #format(accept: string): Exposition {
    const wantsPlain = accept.includes('text/plain') && !accept.includes('application/openmetrics-text');
    return wantsPlain ? this.#plain : this.#open;
  }

  async *#scraped(format: Exposition): AsyncGenerator<string> {
    await this.#pace.turn();
    const slices = new Slices(this.#pace);
    let samples = 0;
    const read = await this.#read(this.#load, slices);
    yield* format.text(read, this.#runtime.metrics, slices, count => {
      samples += count;
    });
    this.#scrape = { ...slices.finish(), samples };
  }

  async *#chosen(query: DetailedQuery, format: Exposition): AsyncGenerator<string> {
    await this.#pace.turn();
    const slices = new Slices(this.#pace);
    slices.resume();
    const read = await detailedFamilies(this.#source, query, slices);
    slices.suspend();
    yield* linesOf(read, format.isOpen, slices);
  }
}

/** Sessions between looks at the clock. */
const STRIDE = 256;

async function backlogOf(source: MetricsSource, slices: Slices): Promise<Backlog> {
  const found = { sum: 0, max: 0, slow: 0 };
  let steps = 0;
  for (const { buffered } of source.sessions(undefined)) {
    if (++steps % STRIDE === 0 && slices.isOver) await slices.rest();
    if (buffered === 0) continue;
    found.sum += buffered;
    found.max = Math.max(found.max, buffered);
    if (buffered > source.slowAbove) found.slow++;
  }
  return found;
}

/** All pieces of a page as one text. */
export async function wholeOf(body: AsyncIterable<string>): Promise<string> {
  let text = '';
  for await (const piece of body) text += piece;
  return text;
}
