/** Owns how samples become text for Prometheus: prom-client writes the lines, in pieces that no turn of the loop is long for. */

import { Registry, type RegistryContentType } from 'prom-client';
import type { Exemplar } from './exemplars.js';
import { labelled, type Sample, type SampleFamily } from './families.js';
import type { Slices } from './pace.js';
import { type MetricRow, prometheusType } from './table.js';

/** Values that prom-client formats at once. */
const BATCH = 100;
/** Characters that are worth being handed on. */
const PIECE = 16_384;
const TRACE_ID = 'trace_id';

type Labels = { readonly [label: string]: string };

/** What `Registry.getMetricsAsString` takes; the typings show less of it. */
interface Value {
  readonly value: number;
  readonly metricName?: string;
  readonly labels?: Labels;
  /** Written once for all values that have the same object. */
  readonly sharedLabels?: Labels;
  readonly exemplar?: { readonly labelSet: Labels; readonly value: number; readonly timestamp: number };
}

/** One metric with its values. */
export interface WrittenMetric {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly values: readonly Value[];
}

/** As prom-client's metrics are asked for their values. */
export interface Written {
  get(): WrittenMetric | Promise<WrittenMetric>;
}

interface Writer {
  getMetricsAsString(metric: Written): Promise<string>;
}

/** One format of exposition. OpenMetrics has exemplars, and is what Prometheus asks for; the older one suits people's tools. */
export class Exposition {
  readonly contentType: RegistryContentType;
  /** OpenMetrics. */
  readonly isOpen: boolean;
  readonly #writer: Writer;

  constructor(contentType: RegistryContentType) {
    this.contentType = contentType;
    this.isOpen = contentType === Registry.OPENMETRICS_CONTENT_TYPE;
    // Only writes: in OpenMetrics mode a registry renames the counters that it holds, for whomever else reads them.
    const registry = new Registry<RegistryContentType>();
    registry.setContentType(contentType);
    this.#writer = registry as unknown as Writer;
  }

  /** Ours and then `others`; calls `onSample` with the number of values of each piece. */
  async *text(
    families: Iterable<SampleFamily>,
    others: readonly Written[],
    slices: Slices,
    onSample: (count: number) => void = () => {},
  ): AsyncGenerator<string> {
    let piece = '';
    slices.resume();
    for await (const lines of this.#lines(families, others, slices, onSample)) {
      piece += lines;
      if (piece.length < PIECE) continue;
      slices.suspend();
      yield piece;
      slices.resume();
      piece = '';
    }
    if (this.isOpen) piece += '# EOF\n';
    slices.suspend();
    yield piece;
    slices.resume();
  }

  async *#lines(
    families: Iterable<SampleFamily>,
    others: readonly Written[],
    slices: Slices,
    onSample: (count: number) => void,
  ): AsyncGenerator<string> {
    for (const family of families) {
      const { name, help } = family.row;
      const type = prometheusType(family.row);
      let isFirst = true;
      for (const values of batches(family)) {
        if (slices.isOver) await slices.rest();
        onSample(values.length);
        const text = await this.#write({ name, help, type, values });
        yield isFirst ? text : withoutHead(text);
        isFirst = false;
      }
    }
    for (const metric of others) {
      if (slices.isOver) await slices.rest();
      const written = await metric.get();
      onSample(written.values.length);
      yield await this.#write(written);
    }
  }

  async #write(metric: WrittenMetric): Promise<string> {
    // prom-client adds `_total` to each value, and leaves it to us to take it from the name.
    const isRenamed = this.isOpen && metric.type === 'counter';
    const named = isRenamed ? { ...metric, name: metric.name.replace(/_total$/, '') } : metric;
    return `${await this.#writer.getMetricsAsString({ get: () => named })}\n`;
  }
}

/** Values of whole samples, some hundred at once; a metric without any has one empty batch, so that it is announced. */
function* batches({ row, samples }: SampleFamily): Iterable<Value[]> {
  let values: Value[] = [];
  let isEmpty = true;
  for (const sample of samples) {
    add(values, row, sample);
    if (values.length < BATCH) continue;
    yield values;
    isEmpty = false;
    values = [];
  }
  if (values.length > 0 || isEmpty) yield values;
}

function add(values: Value[], row: MetricRow, sample: Sample): void {
  const labels = Object.fromEntries(labelled(row, sample.labels));
  if ('value' in sample) {
    values.push({ value: sample.value, labels });
    return;
  }
  const { distribution, ticks, exemplars } = sample;
  const buckets = row.buckets!;
  let count = 0;
  for (let i = 0; i <= buckets.length; i++) {
    count += distribution.counts[i]!;
    const exemplar = exemplars?.[i];
    values.push({
      metricName: `${row.name}_bucket`,
      labels: { le: String(buckets[i] ?? '+Inf') },
      sharedLabels: labels,
      value: count,
      ...(exemplar && { exemplar: exemplarOf(exemplar) }),
    });
  }
  values.push({ metricName: `${row.name}_sum`, sharedLabels: labels, value: distribution.sum / ticks });
  values.push({ metricName: `${row.name}_count`, sharedLabels: labels, value: count });
}

/** HELP and TYPE stand before the first values of a metric only. */
function withoutHead(text: string): string {
  return text.slice(text.indexOf('\n', text.indexOf('\n') + 1) + 1);
}

function exemplarOf({ traceId, seconds, at }: Exemplar): NonNullable<Value['exemplar']> {
  return { labelSet: { [TRACE_ID]: traceId }, value: seconds, timestamp: at / 1000 };
}
