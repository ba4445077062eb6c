/** Owns a small OTLP/HTTP receiver of metrics: it decodes what is posted, straight from opentelemetry-proto's definitions. */

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LABELS } from '../../../src/observers/metrics/table.js';
import {
  type Attributes,
  all,
  attributesOf,
  attributesOfJson,
  bytes,
  doubleOf,
  type Fields,
  fieldsOf,
  number,
} from '../../e2e/otlp-decoder.js';

/** One request, in the words of Prometheus. */
export interface Export {
  /** By name and sorted labels: `wamp_messages_total{realm=realm1,…}`. Histograms as buckets, sum and count. */
  readonly samples: Map<string, number>;
  /** Names of OTLP with their units. */
  readonly units: Set<string>;
  readonly resource: Attributes;
  readonly contentType: string;
  /** Milliseconds since the epoch: when the numbers were read. */
  readonly at: number;
}

interface Point {
  readonly attributes: Attributes;
  readonly start: bigint;
  readonly time: bigint;
  readonly value?: number;
  readonly histogram?: { count: number; sum: number; counts: number[]; bounds: number[] };
}

interface Metric {
  readonly name: string;
  readonly unit: string;
  readonly isCounter: boolean;
  readonly isCumulative: boolean;
  readonly points: Point[];
}

export class MetricsReceiver {
  readonly exports: Export[] = [];
  readonly requests = new Set<string>();
  readonly #server: Server;
  #wake: () => void = () => {};

  private constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', chunk => chunks.push(chunk));
      request.on('end', () => {
        const type = request.headers['content-type'] ?? '';
        this.requests.add(`${request.method} ${request.url} ${type}`);
        this.exports.push(exportOf(type, Buffer.concat(chunks)));
        // An empty ExportMetricsServiceResponse.
        response.writeHead(200, { 'content-type': type });
        response.end(type === 'application/json' ? '{}' : '');
        this.#wake();
      });
    });
  }

  static async listen(): Promise<MetricsReceiver> {
    const receiver = new MetricsReceiver();
    receiver.#server.listen(0, '127.0.0.1');
    await once(receiver.#server, 'listening');
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The first export of numbers that were read after `at`, in milliseconds since the epoch. */
  async exportAfter(at: number): Promise<Export> {
    for (;;) {
      const found = this.exports.find(one => one.at > at);
      if (found) return found;
      await new Promise<void>(resolve => {
        this.#wake = resolve;
      });
    }
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }
}

function exportOf(contentType: string, body: Buffer): Export {
  const { resource, metrics } = contentType === 'application/json' ? ofJson(body) : ofProtobuf(body);
  const samples = new Map<string, number>();
  const units = new Set<string>();
  for (const metric of metrics) {
    units.add(`${metric.name} ${metric.unit}`);
    if (!metric.isCumulative) throw new Error(`${metric.name} is no total since the start`);
    for (const point of metric.points) {
      if (point.start > point.time) throw new Error(`${metric.name} ends before it begins`);
      addPoint(samples, metric, point);
    }
  }
  const at = Number((metrics[0]?.points[0]?.time ?? 0n) / 1_000_000n);
  return { samples, units, resource, contentType, at };
}

/** OpenTelemetry specification, "Prometheus and OpenMetrics Compatibility": names of OTLP as Prometheus spells them. */
function prometheusName({ name, unit, isCounter }: Metric): string {
  const suffixes: { readonly [unit: string]: string } = { s: '_seconds', By: '_bytes', 1: '_ratio' };
  // `_count` belongs to histograms in Prometheus: what OTLP counts is a plural there.
  const plural = name.replace(/\.count$/, 's');
  return `${plural.replaceAll('.', '_')}${suffixes[unit] ?? ''}${isCounter ? '_total' : ''}`;
}

function addPoint(samples: Map<string, number>, metric: Metric, { attributes, value, histogram }: Point): void {
  const name = prometheusName(metric);
  const add = (suffix: string, more: [string, string][], count: number): void => {
    const labels = Object.entries(attributes).map(([key, text]): [string, string] => [labelOf(key), String(text)]);
    const written = [...labels, ...more].map(([label, text]) => `${label}=${text}`).sort();
    const key = `${name}${suffix}{${written.join(',')}}`;
    if (samples.has(key)) throw new Error(`${key} is there twice`);
    samples.set(key, count);
  };
  if (!histogram) return add('', [], value!);
  let below = 0;
  for (const [i, count] of histogram.counts.entries()) {
    below += count;
    add('_bucket', [['le', String(histogram.bounds[i] ?? '+Inf')]], below);
  }
  add('_sum', [], histogram.sum);
  add('_count', [], histogram.count);
}

function labelOf(attribute: string): string {
  const found = Object.entries(LABELS).find(([, known]) => known.attribute === attribute);
  if (!found) throw new Error(`no label has the attribute ${attribute}`);
  return found[0];
}

interface Received {
  readonly resource: Attributes;
  readonly metrics: Metric[];
}

const CUMULATIVE = 2;

function ofProtobuf(body: Buffer): Received {
  const [resourceMetrics] = all(fieldsOf(body), 1);
  const metrics = all(resourceMetrics!, 2).flatMap(scope => all(scope, 2).map(metricOfProtobuf));
  return { resource: attributesOf(fieldsOf(bytes(resourceMetrics!, 1)), 1), metrics };
}

/** metrics/v1: Metric with gauge = 5, sum = 7, histogram = 9. */
function metricOfProtobuf(metric: Fields): Metric {
  const kind = [5, 7, 9].find(field => metric.has(field))!;
  const data = fieldsOf(bytes(metric, kind));
  return {
    name: bytes(metric, 1).toString(),
    unit: bytes(metric, 3).toString(),
    isCounter: kind === 7 && number(data, 3) === 1n,
    isCumulative: kind === 5 || number(data, 2) === BigInt(CUMULATIVE),
    points: all(data, 1).map(point => (kind === 9 ? histogramOfProtobuf(point) : numberOfProtobuf(point))),
  };
}

function numberOfProtobuf(point: Fields): Point {
  const value = point.has(4) ? doubleOf(number(point, 4)) : Number(BigInt.asIntN(64, number(point, 6)));
  return { attributes: attributesOf(point, 7), start: number(point, 2), time: number(point, 3), value };
}

function histogramOfProtobuf(point: Fields): Point {
  const words = (field: number): bigint[] => {
    const packed = Buffer.concat((point.get(field) ?? []) as Buffer[]);
    return Array.from({ length: packed.length / 8 }, (_, i) => packed.readBigUInt64LE(8 * i));
  };
  return {
    attributes: attributesOf(point, 9),
    start: number(point, 2),
    time: number(point, 3),
    histogram: {
      count: Number(number(point, 4)),
      sum: doubleOf(number(point, 5)),
      counts: words(6).map(Number),
      bounds: words(7).map(doubleOf),
    },
  };
}

interface JsonPoint {
  readonly attributes: Parameters<typeof attributesOfJson>[0];
  readonly startTimeUnixNano: string;
  readonly timeUnixNano: string;
  readonly asDouble?: number;
  readonly asInt?: number | string;
  readonly count?: number | string;
  readonly sum?: number;
  readonly bucketCounts?: (number | string)[];
  readonly explicitBounds?: number[];
}

interface JsonData {
  readonly dataPoints: JsonPoint[];
  readonly aggregationTemporality?: number;
  readonly isMonotonic?: boolean;
}

interface JsonMetric {
  readonly name: string;
  readonly unit: string;
  readonly gauge?: JsonData;
  readonly sum?: JsonData;
  readonly histogram?: JsonData;
}

function ofJson(body: Buffer): Received {
  const [{ resource, scopeMetrics }] = JSON.parse(body.toString()).resourceMetrics;
  const metrics = (scopeMetrics as { metrics: JsonMetric[] }[]).flatMap(scope => scope.metrics.map(metricOfJson));
  return { resource: attributesOfJson(resource.attributes), metrics };
}

function metricOfJson({ name, unit, gauge, sum, histogram }: JsonMetric): Metric {
  const data = (gauge ?? sum ?? histogram)!;
  return {
    name,
    unit,
    isCounter: sum?.isMonotonic === true,
    isCumulative: gauge !== undefined || data.aggregationTemporality === CUMULATIVE,
    points: data.dataPoints.map(pointOfJson),
  };
}

function pointOfJson(point: JsonPoint): Point {
  const base = {
    attributes: attributesOfJson(point.attributes),
    start: BigInt(point.startTimeUnixNano),
    time: BigInt(point.timeUnixNano),
  };
  if (!point.bucketCounts) return { ...base, value: Number(point.asDouble ?? point.asInt) };
  const counts = point.bucketCounts.map(Number);
  const histogram = { count: Number(point.count), sum: point.sum!, counts, bounds: point.explicitBounds! };
  return { ...base, histogram };
}
