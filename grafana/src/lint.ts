/** Owns a check of queries without a parser of PromQL: brackets, functions, and that each name and label exists. */

import { instrumentOf } from './catalog.js';
import type { Instrument } from './instrument.js';

interface Token {
  readonly kind: 'name' | 'number' | 'string' | 'variable' | 'sign';
  readonly text: string;
}

const TOKENS =
  /\s+|(?<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?<variable>\$\{?\w+\}?)|(?<number>\d[\w.]*(?:[eE][+-]?\d+)?)|(?<name>[a-zA-Z_:][\w:]*)|(?<sign>=~|!~|!=|==|>=|<=|[-+*/%^<>=(){}[\],@])/y;

const FUNCTIONS = new Set(
  `abs absent avg_over_time ceil changes clamp clamp_max clamp_min count_over_time delta deriv end floor
  histogram_quantile histogram_sum histogram_count idelta increase irate label_join label_replace last_over_time
  max_over_time min_over_time predict_linear rate resets round scalar sort sort_desc start sum_over_time time timestamp
  vector`.split(/\s+/),
);
const AGGREGATES = new Set('avg bottomk count count_values group max min quantile stddev stdvar sum topk'.split(' '));
const GROUPINGS = new Set(['by', 'without', 'on', 'ignoring', 'group_left', 'group_right']);
const WORDS = new Set(['and', 'or', 'unless', 'bool', 'offset', 'inf', 'nan', 'Inf', 'NaN']);
const CLOSING: { readonly [open: string]: string } = { '(': ')', '{': '}', '[': ']' };
/** What makes a number of a counter that only ever grows. */
const OF_COUNTERS = new Set(['rate', 'irate', 'increase', 'resets', 'changes', 'absent', 'count']);
/** Labels that Prometheus adds to what it scrapes. */
const TARGET_LABELS = ['job', 'instance'];

/** What is wrong with an expression; empty when nothing is. `recorded` has the labels of the series that rules make. */
export function faultsOf(expression: string, recorded: ReadonlyMap<string, readonly string[]> = new Map()): string[] {
  const tokens = tokensOf(expression);
  if (typeof tokens === 'string') return [tokens];
  const faults = bracketFaults(tokens);
  const used: Instrument[] = [];
  const groupings: string[] = [];
  const callers: string[] = [];
  for (let index = 0; index < tokens.length; index++) {
    const { kind, text } = tokens[index]!;
    const next = tokens[index + 1]?.text;
    if (text === '(') callers.push(tokens[index - 1]?.kind === 'name' ? tokens[index - 1]!.text : '');
    else if (text === ')') callers.pop();
    if (kind !== 'name' || WORDS.has(text)) continue;
    if (GROUPINGS.has(text)) {
      const end = tokens.findIndex((token, at) => at > index && token.text === ')');
      groupings.push(...tokens.slice(index + 2, end).flatMap(token => (token.kind === 'name' ? token.text : [])));
      index = end;
    } else if (next === '(') {
      if (!FUNCTIONS.has(text) && !AGGREGATES.has(text)) faults.push(`unknown function ${text}`);
    } else if (!AGGREGATES.has(text)) {
      const instrument = instrumentOf(text) ?? recordedAs(recorded.get(text));
      if (!instrument) faults.push(`no metric is called ${text}`);
      else used.push(instrument);
      if (instrument && instrument.type !== 'gauge' && !callers.some(name => OF_COUNTERS.has(name))) {
        faults.push(`${text} only grows: it needs a rate`);
      }
      const known = [...(instrument?.labels ?? []), ...TARGET_LABELS, ...(text.endsWith('_bucket') ? ['le'] : [])];
      if (next === '{') {
        const end = tokens.findIndex((token, at) => at > index && token.text === '}');
        for (const [at, token] of tokens.entries()) {
          if (at <= index + 1 || at >= end || token.kind !== 'name') continue;
          if (!known.includes(token.text)) faults.push(`${text} has no label ${token.text}`);
        }
        index = end;
      }
    }
  }
  if (used.length === 0 && faults.length === 0) faults.push('names no metric');
  const labels = new Set([...used.flatMap(instrument => instrument.labels), ...TARGET_LABELS, 'le']);
  for (const label of groupings) if (!labels.has(label)) faults.push(`no metric of the query has the label ${label}`);
  return faults;
}

/** Names of the series that an expression reads. */
export function seriesIn(expression: string): string[] {
  const tokens = tokensOf(expression);
  if (typeof tokens === 'string') return [];
  return tokens.filter(({ kind, text }) => kind === 'name' && instrumentOf(text)).map(({ text }) => text);
}

function recordedAs(labels: readonly string[] | undefined): Instrument | undefined {
  return labels && { type: 'gauge', labels, scrape: 'metrics' };
}

function tokensOf(expression: string): Token[] | string {
  const tokens: Token[] = [];
  TOKENS.lastIndex = 0;
  while (TOKENS.lastIndex < expression.length) {
    const at = TOKENS.lastIndex;
    const match = TOKENS.exec(expression);
    if (!match) return `cannot be read from: ${expression.slice(at, at + 20)}`;
    const found = Object.entries(match.groups ?? {}).find(([, text]) => text !== undefined);
    if (found) tokens.push({ kind: found[0] as Token['kind'], text: found[1]! });
  }
  return tokens;
}

function bracketFaults(tokens: readonly Token[]): string[] {
  const open: string[] = [];
  for (const { kind, text } of tokens) {
    if (kind !== 'sign') continue;
    if (CLOSING[text]) open.push(CLOSING[text]);
    else if (Object.values(CLOSING).includes(text) && open.pop() !== text) return [`${text} closes nothing`];
  }
  return open.length ? [`${open.at(-1)} is missing`] : [];
}
