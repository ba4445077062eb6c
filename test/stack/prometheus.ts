/** Owns the asking of Prometheus through its HTTP API. */

import { until } from './harness.js';

/** One series of an instant query. */
export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Exemplar {
  readonly labels: Readonly<Record<string, string>>;
}

interface Target {
  readonly health: string;
  readonly lastError: string;
  readonly labels: { readonly job: string; readonly instance: string };
}

interface Rule {
  readonly name: string;
  readonly health: string;
  readonly lastError?: string;
}

export class Prometheus {
  readonly #url: string;

  constructor(address: string) {
    this.#url = `http://${address}/api/v1`;
  }

  /** The series of an instant query; a scalar counts as one without labels. */
  async query(expression: string): Promise<Sample[]> {
    const { resultType, result } = (await this.#get('query', { query: expression })) as {
      resultType: string;
      result: unknown;
    };
    if (resultType === 'scalar') return [{ metric: {}, value: Number((result as [number, string])[1]) }];
    const series = result as { metric: Record<string, string>; value: [number, string] }[];
    return series.map(({ metric, value: [, value] }) => ({ metric, value: Number(value) }));
  }

  /** The one value of a query, `undefined` while there is none. */
  async value(expression: string): Promise<number | undefined> {
    const samples = await this.query(expression);
    if (samples.length > 1) throw new Error(`${expression} has ${samples.length} series, not one`);
    return samples[0]?.value;
  }

  /** Resolves when the one value of a query is `expected`: scrapes take their time. */
  async reaches(expression: string, expected: number, patience = 30_000): Promise<void> {
    let last: number | undefined;
    const ask = async () => {
      last = await this.value(expression);
      return last === expected ? true : undefined;
    };
    await until(expression, ask, patience).catch(() => {
      throw new Error(`${expression} is ${last}, not ${expected}, for ${patience} ms`);
    });
  }

  async exemplars(expression: string, seconds = 600): Promise<Exemplar[]> {
    const now = Date.now() / 1000;
    const range = { start: String(now - seconds), end: String(now + 60) };
    const series = (await this.#get('query_exemplars', { query: expression, ...range })) as { exemplars: Exemplar[] }[];
    return series.flatMap(({ exemplars }) => exemplars);
  }

  async targets(): Promise<Target[]> {
    return ((await this.#get('targets', { state: 'active' })) as { activeTargets: Target[] }).activeTargets;
  }

  async rules(): Promise<Rule[]> {
    const { groups } = (await this.#get('rules', {})) as { groups: { rules: Rule[] }[] };
    return groups.flatMap(({ rules }) => rules);
  }

  async #get(path: string, parameters: Record<string, string>): Promise<unknown> {
    const response = await fetch(`${this.#url}/${path}?${new URLSearchParams(parameters)}`);
    const { status, data, error } = (await response.json()) as { status: string; data: unknown; error?: string };
    if (status !== 'success') throw new Error(`Prometheus refuses ${JSON.stringify(parameters)}: ${error}`);
    return data;
  }
}
