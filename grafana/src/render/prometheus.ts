/** Owns the questions that are asked of Prometheus' HTTP API. */

export interface Series {
  readonly labels: { readonly [label: string]: string };
  /** Seconds and value. An instant query has one point. */
  readonly points: readonly (readonly [number, number])[];
}

export interface TimeRange {
  /** Seconds since 1970. */
  readonly from: number;
  readonly to: number;
  /** Seconds between two points. */
  readonly step: number;
}

export interface Exemplar {
  readonly traceId: string;
  /** Seconds since 1970. */
  readonly time: number;
  readonly value: number;
}

interface Answer<Data> {
  readonly status: 'success' | 'error';
  readonly error?: string;
  readonly data?: Data;
}

interface Results {
  readonly result: readonly {
    readonly metric: { readonly [label: string]: string };
    readonly value?: readonly [number, string];
    readonly values?: readonly (readonly [number, string])[];
  }[];
}

type ExemplarResults = readonly {
  readonly exemplars: readonly {
    readonly labels: { readonly trace_id?: string };
    readonly value: string;
    readonly timestamp: number;
  }[];
}[];

const TIMEOUT_MS = 30_000;

export class Prometheus {
  readonly #url: string;

  /** Throws when `url` is not one. */
  constructor(url: string) {
    if (!URL.canParse(url)) throw new Error(`The URL of Prometheus is ${url}; write for example http://127.0.0.1:9090`);
    this.#url = url.replace(/\/$/, '');
  }

  /** The series of `expr` over a range. Rejects with Prometheus' words when it refuses the query. */
  range(expr: string, { from, to, step }: TimeRange): Promise<Series[]> {
    return this.#series('query_range', { query: expr, start: String(from), end: String(to), step: String(step) });
  }

  /** The value of `expr` at `time`. */
  instant(expr: string, time: number): Promise<Series[]> {
    return this.#series('query', { query: expr, time: String(time) });
  }

  /** The exemplars of all series that `expr` reads. */
  async exemplars(expr: string, { from, to }: TimeRange): Promise<Exemplar[]> {
    const parameters = { query: expr, start: String(from), end: String(to) };
    const found = await this.#ask<ExemplarResults>('query_exemplars', parameters);
    return found
      .flatMap(({ exemplars }) => exemplars)
      .map(({ labels, value, timestamp }) => ({
        traceId: labels.trace_id ?? '',
        time: timestamp,
        value: Number(value),
      }));
  }

  async #series(path: string, parameters: { readonly [name: string]: string }): Promise<Series[]> {
    const { result } = await this.#ask<Results>(path, parameters);
    return result.map(({ metric, value, values }) => ({
      labels: metric,
      points: (values ?? (value ? [value] : [])).map(([time, text]) => [time, Number(text)] as const),
    }));
  }

  async #ask<Data>(path: string, parameters: { readonly [name: string]: string }): Promise<Data> {
    const response = await fetch(`${this.#url}/api/v1/${path}`, {
      method: 'POST',
      body: new URLSearchParams(parameters),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).catch((cause: unknown) => {
      throw new Error(`Prometheus at ${this.#url} cannot be asked`, { cause });
    });
    const text = await response.text();
    let answer: Answer<Data>;
    try {
      answer = JSON.parse(text) as Answer<Data>;
    } catch {
      throw new Error(`${this.#url} is no Prometheus: HTTP ${response.status}, ${text.slice(0, 100)}`);
    }
    if (answer.status !== 'success') throw new Error(`${answer.error}, in: ${parameters.query}`);
    return answer.data!;
  }
}
