/** Owns the metrics of a node: one reading of the router's numbers, told to Prometheus, or to a collector over OTLP. */

import { Registry } from 'prom-client';
import { type DetailedQuery, detailedFamilies } from './detailed.js';
import { Exemplars } from './exemplars.js';
import { Exposition } from './exposition.js';
import { families, type SampleFamily } from './families.js';
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
  families(load: Load): Iterable<SampleFamily> {
    const { version } = this.#source;
    const utilization = load.utilization();
    return families(this.#source.read(), { version, utilization, scrape: this.#scrape, exemplars: this.exemplars });
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
    slices.resume();
    const read = this.families(this.#load);
    slices.suspend();
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
    yield* format.text(read, [], slices);
  }
}

/** All pieces of a page as one text. */
export async function wholeOf(body: AsyncIterable<string>): Promise<string> {
  let text = '';
  for await (const piece of body) text += piece;
  return text;
}
