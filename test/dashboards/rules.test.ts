/** Owns the promises of the rules: they name what there is, tell what to do, and have their tests; promtool runs those. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { instrumentOf } from '../../grafana/src/catalog.js';
import { faultsOf } from '../../grafana/src/lint.js';
import { panelsOf, targetsOf } from '../../grafana/src/render/data.js';
import { loadDashboards } from '../../grafana/src/render/main.js';

interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly labels?: { readonly [label: string]: string };
  readonly annotations?: { readonly [name: string]: string };
}

const FOLDER = fileURLToPath(new URL('../../../grafana/rules/', import.meta.url));
const yamlOf = <Shape>(file: string): Shape => parse(readFileSync(join(FOLDER, file), 'utf8')) as Shape;
const rulesFiles = readdirSync(FOLDER).filter(name => name.endsWith('.yml'));
const testFiles = readdirSync(join(FOLDER, 'tests')).map(name => join('tests', name));
const rules = rulesFiles.flatMap(file =>
  yamlOf<{ groups: { rules: Rule[] }[] }>(file).groups.flatMap(group => group.rules),
);
const alerts = rules.filter(({ alert }) => alert !== undefined);
/** A recorded series is read by those after it. */
const recorded = new Map<string, readonly string[]>();
for (const { record, expr } of rules) if (record) recorded.set(record, labelsOf(expr));

test('every rule names only what there is', () => {
  const faults = rules.flatMap(({ alert, record, expr }) =>
    faultsOf(expr, recorded).map(fault => `${alert ?? record}: ${fault}`),
  );
  assert.deepEqual(faults, []);
});

test('every recorded series tells what it is of, and how it was made', () => {
  // Prometheus documentation, "Recording rules": level:metric:operations.
  for (const name of recorded.keys()) assert.match(name, /^[a-z_]+:[a-z_0-9]+:[a-z0-9_]+$/);
});

test('every alert says what is the matter, how bad it is and what to do', () => {
  assert.ok(alerts.length > 10);
  for (const { alert, labels = {}, annotations = {} } of alerts) {
    assert.deepEqual(Object.keys(annotations), ['summary', 'description', 'action'], alert);
    assert.match(labels.severity ?? '', /^(?:info|warning|critical)$/, alert);
    assert.ok(annotations.action!.length > 40, alert);
  }
});

test('the words of an alert use only labels that it has', () => {
  for (const { alert, expr, annotations = {} } of alerts) {
    const labels = labelsOf(expr);
    for (const [, label] of Object.values(annotations)
      .join(' ')
      .matchAll(/\$labels\.(\w+)/g)) {
      assert.ok(labels.includes(label!), `${alert}: ${label} is none of ${labels.join(', ')}`);
    }
  }
});

test('every alert has a history in which it fires and one in which it does not', () => {
  const names = testFiles.flatMap(file => yamlOf<{ tests: { name: string }[] }>(file).tests.map(({ name }) => name));
  for (const { alert } of alerts) {
    assert.ok(
      names.some(name => name.startsWith(`${alert} fires`)),
      `${alert} fires`,
    );
    assert.ok(
      names.some(name => name.startsWith(`${alert} does not fire`)),
      `${alert} does not fire`,
    );
  }
});

const promtool = findPromtool();
const skip = promtool ? false : 'promtool is not here: npm run test:stack builds it';

test('promtool accepts the rules', { skip }, () => {
  run('check', 'rules', '--lint=all', '--lint-fatal', ...rulesFiles.map(file => join(FOLDER, file)));
});

test('the tests of the rules pass', { skip }, () => {
  run('test', 'rules', ...testFiles.map(file => join(FOLDER, file)));
});

test('Prometheus can parse every query of every dashboard', { skip }, t => {
  const queries = new Set(
    loadDashboards()
      .flatMap(panelsOf)
      .flatMap(targetsOf)
      .map(({ expr = '' }) => expr),
  );
  // All in one file of rules: a process for each would take long.
  const rules = [...queries].map((query, index) => ({ record: `query:${index}`, expr: filled(query) }));
  assert.ok(rules.length > 100);
  const folder = mkdtempSync(join(tmpdir(), 'wampscope-queries-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'queries.yml'), stringify({ groups: [{ name: 'queries', rules }] }));
  run('check', 'rules', join(folder, 'queries.yml'));
});

function filled(query: string): string {
  return query.replaceAll(/\$__\w+/g, '1m').replaceAll(/\$\w+/g, '.*');
}

/** The labels of an expression's result, where they can be told from its first aggregation or its only metric. */
function labelsOf(expr: string): string[] {
  const grouped = /\bby \(([^)]*)\)/.exec(expr);
  if (grouped) return grouped[1]!.split(', ').filter(label => label !== 'le');
  const names = [...expr.matchAll(/[a-zA-Z_:][\w:]*/g)].map(([name]) => name);
  const known = names.find(name => instrumentOf(name) ?? recorded.get(name));
  return [...(recorded.get(known ?? '') ?? instrumentOf(known ?? '')?.labels ?? []), 'job', 'instance'];
}

function run(...args: string[]): void {
  execFileSync(promtool!, args, { encoding: 'utf8', stdio: 'pipe' });
}

/** Where `npm run test:stack` puts it, or on the PATH. */
function findPromtool(): string | undefined {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'wampscope', 'stack');
  const built = existsSync(cache) ? readdirSync(cache).map(name => join(cache, name, 'promtool')) : [];
  const onPath = (process.env.PATH ?? '').split(':').map(folder => join(folder, 'promtool'));
  return [...built, ...onPath].find(file => existsSync(file));
}
