/** Owns how samples become what the OpenTelemetry SDK exports: the same numbers, under the names of its conventions. */

import type { Attributes, HrTime } from '@opentelemetry/api';
import { AggregationTemporality, type DataPoint, DataPointType, type MetricData } from '@opentelemetry/sdk-metrics';
import type { Sample, SampleFamily } from './families.js';
import { LABELS, type MetricRow } from './table.js';

/** `ValueType.DOUBLE` of the API, a constant that only its types have at run time too. */
const DOUBLE = 1;

export interface Span {
  /** Milliseconds since the epoch: when counting began, and now. */
  readonly from: number;
  readonly to: number;
}

/** Everything, but families that have nothing to say: OTLP has no word for "none yet". */
export function metricData(families: Iterable<SampleFamily>, time: Span): MetricData[] {
  const all: MetricData[] = [];
  for (const family of families) {
    const samples = [...family.samples];
    if (samples.length > 0) all.push(dataOf(family.row, samples, time));
  }
  return all;
}

function dataOf(row: MetricRow, samples: readonly Sample[], time: Span): MetricData {
  const base = {
    descriptor: { name: row.otel, description: row.help, unit: row.unit, valueType: DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  };
  const point = <T>(sample: Sample, value: T): DataPoint<T> => ({
    startTime: hrTime(time.from),
    endTime: hrTime(time.to),
    attributes: attributesOf(row, sample.labels),
    value,
  });
  if (row.kind === 'histogram') {
    const dataPoints = samples.map(sample => point(sample, histogramOf(row, sample)));
    return { ...base, dataPointType: DataPointType.HISTOGRAM, dataPoints };
  }
  const dataPoints = samples.map(sample => point(sample, 'value' in sample ? sample.value : 0));
  if (row.kind === 'gauge') return { ...base, dataPointType: DataPointType.GAUGE, dataPoints };
  return { ...base, dataPointType: DataPointType.SUM, isMonotonic: row.kind === 'counter', dataPoints };
}

/** Semconv, "error.type": it is absent where nothing failed; Prometheus spells that as an empty label. */
function attributesOf(row: MetricRow, values: readonly string[]): Attributes {
  const attributes: Attributes = {};
  for (const [index, label] of row.labels.entries()) {
    const value = values[index]!;
    if (value !== '') attributes[LABELS[label].attribute] = value;
  }
  return attributes;
}

function histogramOf(row: MetricRow, sample: Sample): HistogramValue {
  if ('value' in sample) throw new TypeError(`${row.name} is a histogram, but its sample is one value`);
  const counts = Array.from(sample.distribution.counts);
  return {
    buckets: { boundaries: [...row.buckets!], counts },
    count: counts.reduce((sum, count) => sum + count, 0),
    sum: sample.distribution.sum / sample.ticks,
  };
}

type HistogramValue = Extract<MetricData, { dataPointType: DataPointType.HISTOGRAM }>['dataPoints'][number]['value'];

/** Seconds and nanoseconds. */
function hrTime(milliseconds: number): HrTime {
  const seconds = Math.floor(milliseconds / 1000);
  return [seconds, Math.round((milliseconds - seconds * 1000) * 1e6)];
}
