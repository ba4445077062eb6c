/** Proves that each configuration of the stack is good to the program that reads it, down to the lint of metric names. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ROOT } from '../compose/compose.js';
import { startRouterNode } from '../e2e/router-node.js';
import { Stack } from './harness.js';

const stack = new Stack();
after(() => stack.close());

interface Result {
  readonly status: number | null;
  readonly output: string;
}

function run(program: string, args: readonly string[], input = ''): Result {
  const { status, stdout, stderr, error } = spawnSync(program, args, { input, encoding: 'utf8', timeout: 60_000 });
  if (error) throw error;
  return { status, output: `${stdout}${stderr}` };
}

function isGood({ status, output }: Result): void {
  assert.equal(status, 0, output);
}

function filesIn(folder: string, ending: string): string[] {
  const path = join(ROOT, folder);
  if (!existsSync(path)) return [];
  return readdirSync(path)
    .filter(file => file.endsWith(ending))
    .map(file => join(path, file));
}

for (const config of ['collector', 'tier1', 'tier2']) {
  test(`the Collector takes collector/${config}.yaml`, () => {
    isGood(run('otelcol', ['validate', `--config=${join(ROOT, 'collector', `${config}.yaml`)}`]));
  });
}

test('Jaeger takes collector/jaeger.yaml', () => {
  isGood(run('jaeger', ['validate', `--config=${join(ROOT, 'collector/jaeger.yaml')}`]));
});

test('Prometheus takes its configuration, with targets and rules where the container has them', () => {
  const folder = stack.lay({ service: 'prometheus' });
  isGood(
    run('promtool', ['check', 'config', '--lint=all', '--lint-fatal', join(folder, 'etc/prometheus/prometheus.yml')]),
  );
});

test('the rules are without fault, and their own tests pass', () => {
  const rules = filesIn('grafana/rules', '.yml');
  if (rules.length > 0) isGood(run('promtool', ['check', 'rules', '--lint=all', '--lint-fatal', ...rules]));
  const tests = filesIn('grafana/rules/tests', '.yml');
  if (tests.length > 0) isGood(run('promtool', ['test', 'rules', ...tests]));
  assert.equal(rules.length > 0, tests.length > 0, 'rules come with tests');
});

test('promtool finds no fault in the metrics of the router', async () => {
  const { node, metricsUrl } = await startRouterNode('rows', {});
  try {
    for (const url of [metricsUrl, `${metricsUrl}/detailed?family=session`]) {
      // promtool reads the text format only.
      const response = await fetch(url, { headers: { accept: 'text/plain;version=0.0.4' } });
      if (response.status === 404 && url !== metricsUrl) continue;
      const { output } = run('promtool', ['check', 'metrics'], await response.text());
      const faults = output.split('\n').filter(line => line !== '');
      assert.deepEqual(faults, [], url);
    }
  } finally {
    await node.stop();
  }
});
