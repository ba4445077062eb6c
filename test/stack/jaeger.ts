/** Owns the asking of Jaeger through its query API. */

export interface JaegerSpan {
  readonly traceID: string;
  readonly spanID: string;
  readonly operationName: string;
  readonly references: readonly { readonly refType: string; readonly traceID: string; readonly spanID: string }[];
  readonly duration: number;
  readonly tags: readonly { readonly key: string; readonly value: unknown }[];
}

export interface JaegerTrace {
  readonly traceID: string;
  readonly spans: readonly JaegerSpan[];
}

export class Jaeger {
  readonly #url: string;

  constructor(address: string) {
    this.#url = `http://${address}/api`;
  }

  /** The newest traces of a service, as Jaeger's own page asks for them. */
  async traces(service: string, tags: Readonly<Record<string, string>> = {}, limit = 20_000): Promise<JaegerTrace[]> {
    const now = Date.now() * 1000;
    const query = {
      service,
      limit: String(limit),
      start: String(now - 3600e6),
      end: String(now + 60e6),
      tags: JSON.stringify(tags),
    };
    return (await this.#data(`traces?${new URLSearchParams(query)}`)) as JaegerTrace[];
  }

  /** `undefined` when there is none. */
  async trace(id: string): Promise<JaegerTrace | undefined> {
    const response = await fetch(`${this.#url}/traces/${id}`);
    if (response.status === 404) return undefined;
    return ((await response.json()) as { data: JaegerTrace[] }).data[0];
  }

  /** Spans of one trace as version 3 of the API has them: OTLP. */
  async otlpSpans(id: string): Promise<{ readonly spanId: string; readonly name: string }[]> {
    const answer = (await this.#json(`v3/traces/${id}`)) as {
      result: { resourceSpans: { scopeSpans: { spans: { spanId: string; name: string }[] }[] }[] };
    };
    return answer.result.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
  }

  async services(): Promise<string[]> {
    return ((await this.#data('services')) as string[] | null) ?? [];
  }

  /** Points that the Monitor page would draw: numbers of one of its three families, by operation. */
  async monitor(family: 'calls' | 'errors' | 'latencies', service: string): Promise<number[]> {
    const query = {
      service,
      quantile: '0.95',
      groupByOperation: 'true',
      spanKind: 'server',
      endTs: String(Date.now()),
      lookback: '600000',
      step: '5000',
      ratePer: '60000',
    };
    type Point = { gaugeValue?: { doubleValue: number | 'NaN' } };
    const { metrics } = (await this.#json(`metrics/${family}?${new URLSearchParams(query)}`)) as {
      metrics: { metricPoints: Point[] }[];
    };
    const points = metrics.flatMap(({ metricPoints }) => metricPoints).map(({ gaugeValue }) => gaugeValue?.doubleValue);
    return points.map(Number).filter(Number.isFinite);
  }

  async #data(path: string): Promise<unknown> {
    return ((await this.#json(path)) as { data: unknown }).data;
  }

  async #json(path: string): Promise<unknown> {
    const response = await fetch(`${this.#url}/${path}`);
    const text = await response.text();
    if (!response.ok) throw new Error(`Jaeger answers ${path} with ${response.status}: ${text.slice(0, 500)}`);
    return JSON.parse(text);
  }
}

export function tagOf(span: JaegerSpan, key: string): unknown {
  return span.tags.find(tag => tag.key === key)?.value;
}

/** Spans whose parent is said to be in their own trace and is not. */
export function orphansOf({ spans }: JaegerTrace): JaegerSpan[] {
  const ids = new Set(spans.map(({ spanID }) => spanID));
  return spans.filter(({ references }) =>
    references.some(({ refType, spanID }) => refType === 'CHILD_OF' && !ids.has(spanID)),
  );
}
