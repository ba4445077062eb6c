// Owns the tables of README.md and docs/ that repeat tables of the code: writes them, or with --check says that they are stale.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { fail, root } from './ensure.mjs';

const load = file => import(pathToFileURL(join(root, 'build/src', file)).href);
const { PROCEDURES, TOPICS } = await load('api/procedures.js');
const { METRICS, DETAILED, LABELS, prometheusType } = await load('observers/metrics/table.js');
const { ATTRIBUTES } = await load('observers/spans/attributes.js');
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

/** Documents with the tables that stand between their markers. */
const documents = {
  'README.md': tables,
  'docs/spans.md': {
    attributes: {
      head: ['attribute', 'type', 'on', 'values', 'meaning', 'source'],
      rows: ATTRIBUTES.map(({ name, type, on, cardinality, meaning, source }) => [
        code(name),
        type,
        on,
        cardinality,
        meaning,
        source,
      ]),
    },
  },
};

for (const [name, tablesOf] of Object.entries(documents)) {
  const file = join(root, name);
  const before = readFileSync(file, 'utf8');
  let after = before;
  for (const [mark, table] of Object.entries(tablesOf)) {
    const marked = new RegExp(`(<!-- ${mark} -->\n)[\\s\\S]*?(\n<!-- /${mark} -->)`);
    if (!marked.test(after)) fail(`${name} has no <!-- ${mark} --> … <!-- /${mark} -->`);
    after = after.replace(marked, (_, open, close) => `${open}${render(table)}${close}`);
  }
  if (after === before) continue;
  if (process.argv.includes('--check')) fail(`${name} is out of date with the tables of the code; run: npm run docs`);
  writeFileSync(file, after);
}
