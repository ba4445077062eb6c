// Owns the tables of README.md that repeat tables of the code: writes them, or with --check says that they are stale.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { fail, root } from './ensure.mjs';

const load = file => import(pathToFileURL(join(root, 'build/src', file)).href);
const { PROCEDURES, TOPICS } = await load('api/procedures.js');
const { METRICS, DETAILED, LABELS, prometheusType } = await load('observers/metrics/table.js');
const { ErrorUri, CloseUri, WHEN } = await load('wire/errors.js');

const code = text => `\`${text}\``;
const metricRow = row => [code(row.name), prometheusType(row), row.labels.map(code).join(', '), row.help];
const tables = {
  procedures: {
    head: ['procedure', 'arguments', 'result'],
    rows: Object.values(PROCEDURES).map(({ uris, args, result }) => [code(uris[0]), args.map(code).join(', '), result]),
  },
  topics: {
    head: ['topic', 'arguments', 'when'],
    rows: Object.values(TOPICS).map(({ name, args, when }) => [
      code(`crossbarfabriccenter.${name}`),
      ['node_id', 'worker_id', 'trace_id', ...args].map(code).join(', '),
      when,
    ]),
  },
  metrics: {
    head: ['metric', 'type', 'labels', 'meaning'],
    rows: Object.values(METRICS).map(metricRow),
  },
  detailed: {
    head: ['metric', 'type', 'labels', 'meaning'],
    rows: Object.values(DETAILED).flatMap(family => Object.values(family).map(metricRow)),
  },
  labels: {
    head: ['label', 'in OTLP', 'values'],
    rows: Object.entries(LABELS).map(([label, { attribute, help }]) => [code(label), code(attribute), help]),
  },
  errors: {
    head: ['URI', 'when'],
    rows: Object.entries({ ...ErrorUri, ...CloseUri }).map(([name, uri]) => [code(uri), WHEN[name]]),
  },
};

function render({ head, rows }) {
  return [head, head.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n');
}

const file = join(root, 'README.md');
const before = readFileSync(file, 'utf8');
let after = before;
for (const [name, table] of Object.entries(tables)) {
  const marked = new RegExp(`(<!-- ${name} -->\n)[\\s\\S]*?(\n<!-- /${name} -->)`);
  if (!marked.test(after)) fail(`README.md has no <!-- ${name} --> … <!-- /${name} -->`);
  after = after.replace(marked, (_, open, close) => `${open}${render(table)}${close}`);
}
if (process.argv.includes('--check')) {
  if (after !== before) fail('README.md is out of date with the tables of the code; run: npm run docs');
} else if (after !== before) {
  writeFileSync(file, after);
}
