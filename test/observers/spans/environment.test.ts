/** Owns the promise of docs/opentelemetry-environment.md: what it says is honoured is read, and all that is read it says. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { InMemorySpanExporter } from '@opentelemetry/sdk-trace-base';
import { metricsExportOptions } from '../../../src/observers/metrics/otlp-settings.js';
import { BATCH_DEFAULTS, batchSettings, samplerSettings, textLimit } from '../../../src/observers/spans/batching.js';
import {
  type Environment,
  HONOURED,
  HONOURED_BY_METRICS,
  NOT_HONOURED,
} from '../../../src/observers/spans/environment.js';
import { createSpans } from '../../../src/observers/spans/index.js';
import { Actions, session } from './actions.js';

const DOCUMENT = 'docs/opentelemetry-environment.md';

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n');
}

test(`${DOCUMENT} has the tables of the code`, () => {
  const document = readFileSync(DOCUMENT, 'utf8');
  const code = (names: string) =>
    names
      .split(', ')
      .map(name => `\`${name}\``)
      .join(', ');
  const honoured = HONOURED.map(([name, without, meaning]) => [code(name), without, meaning]);
  const metrics = HONOURED_BY_METRICS.map(([name, without, meaning]) => [code(name), without, meaning]);
  const ignored = NOT_HONOURED.map(([name, reason]) => [code(name), reason]);
  for (const expected of [
    table(['variable', 'without it', 'here'], honoured),
    table(['variable', 'without it', 'here'], metrics),
    table(['variable', 'why not'], ignored),
  ]) {
    assert.ok(document.includes(expected), `${DOCUMENT} must have this table:\n${expected}`);
  }
});

test('every variable that is said to be honoured is read, and no other of OpenTelemetry', async () => {
  const read = new Set<string>();
  const values: Record<string, string> = {
    OTEL_METRICS_EXPORTER: 'otlp',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
    OTEL_TRACES_SAMPLER: 'always_on',
  };
  const env = new Proxy(values, {
    get(target, name) {
      read.add(String(name));
      return target[String(name)];
    },
  });
  for (const pipeline of ['rows', 'sdk'] as const) {
    await createSpans({ pipeline, env, log: { warn: assert.fail } }).close();
  }
  metricsExportOptions({ endpoint: undefined, interval: undefined }, env, { warn: assert.fail });
  read.delete('OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE');
  assert.deepEqual([...read].sort(), [...HONOURED, ...HONOURED_BY_METRICS].map(([name]) => name).sort());
});

test('no variable is in both tables, or twice in one', () => {
  const names = [...HONOURED, ...HONOURED_BY_METRICS, ...NOT_HONOURED].map(([name]) => name);
  assert.equal(new Set(names).size, names.length);
});

/** [environment, what it makes of the defaults of rows] */
const BATCHES: readonly (readonly [Environment, Partial<ReturnType<typeof batchSettings>>])[] = [
  [{}, { queueSize: 131_072, batchSize: 2048, delay: 200, exportTimeout: 60_000 }],
  [{ OTEL_BSP_MAX_QUEUE_SIZE: '5000' }, { queueSize: 5000, batchSize: 2048 }],
  [{ OTEL_BSP_MAX_QUEUE_SIZE: '100' }, { queueSize: 100, batchSize: 100 }],
  [
    { OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '512', OTEL_BSP_SCHEDULE_DELAY: '0' },
    { batchSize: 512, delay: 0 },
  ],
  [{ OTEL_BSP_EXPORT_TIMEOUT: ' 5000 ' }, { exportTimeout: 5000 }],
];

test('OTEL_BSP_* say how many wait, how many go, and when', () => {
  for (const [env, expected] of BATCHES) {
    assert.deepEqual(
      { ...batchSettings(env, BATCH_DEFAULTS.rows, assert.fail), ...expected },
      batchSettings(env, BATCH_DEFAULTS.rows, assert.fail),
      JSON.stringify(env),
    );
  }
});

test('samplers are read with their argument', () => {
  const read = (sampler: string, arg = '') =>
    samplerSettings({ OTEL_TRACES_SAMPLER: sampler, OTEL_TRACES_SAMPLER_ARG: arg }, assert.fail);
  assert.equal(samplerSettings({}, assert.fail), undefined);
  assert.deepEqual(read('always_off'), { sampler: 'always_off', isParentBased: false, ratio: 1 });
  assert.deepEqual(read('parentbased_always_on', '0.5'), { sampler: 'always_on', isParentBased: true, ratio: 1 });
  assert.deepEqual(read('traceidratio'), { sampler: 'traceidratio', isParentBased: false, ratio: 1 });
  assert.deepEqual(read('parentbased_traceidratio', '0.25'), {
    sampler: 'traceidratio',
    isParentBased: true,
    ratio: 0.25,
  });
});

test('strings that clients bring are cut at the limit of attribute values', async () => {
  assert.equal(textLimit({}, assert.fail), 1024);
  assert.equal(textLimit({ OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: '50' }, assert.fail), 50);
  const both = { OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: '50', OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT: '11' };
  assert.equal(textLimit(both, assert.fail), 11);
  assert.equal(textLimit({ OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT: '99999' }, assert.fail), 1024);
  const exporter = new InMemorySpanExporter();
  const spans = createSpans({ pipeline: 'sdk', env: both, exporter, log: { warn: assert.fail } });
  spans.onActionEnd?.(new Actions(1).call('com.example.long', session(1), session(2)));
  await spans.flush();
  assert.equal(exporter.getFinishedSpans()[0]!.attributes['rpc.method'], 'com.example');
  await spans.close();
});

/** [environment, the warning, with what holds instead] */
const WARNED: readonly (readonly [Environment, RegExp])[] = [
  [{ OTEL_SDK_DISABLED: 'yes' }, /OTEL_SDK_DISABLED to be true or false, got 'yes'; it is taken for false/],
  [{ OTEL_BSP_MAX_QUEUE_SIZE: '0' }, /OTEL_BSP_MAX_QUEUE_SIZE .* 1 to 2147483647, got '0'; .* 131072 holds/],
  [{ OTEL_BSP_SCHEDULE_DELAY: '1s' }, /OTEL_BSP_SCHEDULE_DELAY .* got '1s'; .* 200 holds/],
  [{ OTEL_BSP_EXPORT_TIMEOUT: '-1' }, /OTEL_BSP_EXPORT_TIMEOUT .* got '-1'; .* 60000 holds/],
  [
    { OTEL_BSP_MAX_QUEUE_SIZE: '100', OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '200' },
    /MAX_EXPORT_BATCH_SIZE to be at most OTEL_BSP_MAX_QUEUE_SIZE, 100, got '200'; 100 holds/,
  ],
  [{ OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: 'many' }, /LENGTH_LIMIT .* got 'many'; .* 1024 holds/],
  [{ OTEL_TRACES_SAMPLER: 'jaeger_remote' }, /'jaeger_remote' of OTEL_TRACES_SAMPLER; set it to one of always_on, /],
  [
    { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '2' },
    /OTEL_TRACES_SAMPLER_ARG .* 0 to 1, got '2'; .* 1 holds/,
  ],
];

test('a value that makes no sense is ignored with a warning that names variable, value and what holds instead', async () => {
  for (const [env, message] of WARNED) {
    const lines: string[] = [];
    const log = { warn: (line: string) => lines.push(line) };
    const spans = createSpans({ pipeline: 'rows', endpoint: 'http://127.0.0.1:9', env, log });
    assert.notEqual(spans.onActionEnd, undefined);
    await spans.close();
    assert.match(lines[0] ?? '', message, JSON.stringify(env));
  }
});

test('as long as nothing is sampled, a sampler that would is told of', async () => {
  const lines: string[] = [];
  const env = { OTEL_TRACES_SAMPLER: 'always_off' };
  const spans = createSpans({
    pipeline: 'rows',
    endpoint: 'http://127.0.0.1:9',
    env,
    log: { warn: l => lines.push(l) },
  });
  await spans.close();
  assert.match(lines[0]!, /OTEL_TRACES_SAMPLER is 'always_off', but every action is exported/);
});
