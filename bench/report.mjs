// Owns the words and tables in which the figures of a run are printed, and the targets they are held against.

const TARGETS = [
  { case: 'rpc10x16', variant: 'off', key: 'cpuRatio', atLeast: 3 },
  { case: 'fanout100', variant: 'off', key: 'cpuRatio', atLeast: 8 },
  { case: 'rpc1x1', variant: 'off', key: 'p50Ratio', atMost: 1.15 },
  { case: 'rpc10x16', variant: 'on', key: 'cpuRatio', atLeast: 1.2 },
  { case: 'fanout100', variant: 'on', key: 'cpuRatio', atLeast: 1.2 },
];
const KEY_NAMES = { cpuRatio: 'CPU ratio', p50Ratio: 'p50 ratio (lower is better)' };

function fixed(value, places = 0) {
  return Number.isFinite(value) ? value.toFixed(places) : '-';
}

function ranged({ median, min, max }) {
  return Number.isFinite(median) ? `${fixed(median, 2)} [${fixed(min, 2)}-${fixed(max, 2)}]` : '-';
}

function table(head, rows) {
  const line = cells => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

const percent = value => fixed(100 * value);

export function progress(row) {
  const remarks = [row.void > 0 && `${row.void} void`, row.errors > 0 && `ERRORS ${row.errors}: ${row.firstError}`];
  const figures = `${fixed(row.rate)}/s, CPU ${fixed(row.cpu, 2)} us, CPU ratio ${ranged(row.cpuRatio)}`;
  return [`${row.case} ${row.variant}: ${figures}`, ...remarks.filter(Boolean)].join(', ');
}

export function figures(rows) {
  const head = [
    ...['case', 'variant', 'rate /s', 'p50 us', 'p99 us', 'CPU us/unit', 'main thread'],
    ...[
      'CPU ratio to B',
      'main thread ratio',
      'rate ratio to B',
      'p50 ratio',
      'server %',
      'generator %',
      'rounds',
      'void',
      'errors',
    ],
  ];
  const body = rows.map(row => [
    row.case,
    row.variant,
    fixed(row.rate),
    fixed(row.p50),
    fixed(row.p99),
    fixed(row.cpu, 2),
    fixed(row.cpuMain, 2),
    ranged(row.cpuRatio),
    ranged(row.mainRatio),
    ranged(row.rateRatio),
    ranged(row.p50Ratio),
    percent(row.serverBusy),
    row.helperBusy > 0 ? `${percent(row.generatorBusy)} + sink ${percent(row.helperBusy)}` : percent(row.generatorBusy),
    row.generatorBound ? `${row.rounds} (all void)` : row.rounds,
    row.void,
    row.errors,
  ]);
  return table(head, body);
}

export function targets(rows) {
  const body = [];
  for (const target of TARGETS) {
    const row = rows.find(candidate => candidate.case === target.case && candidate.variant === target.variant);
    if (!row) continue;
    const value = row[target.key].median;
    const isMet = target.atLeast ? value >= target.atLeast : value <= target.atMost;
    const wanted = target.atLeast ? `>= ${target.atLeast}` : `<= ${target.atMost}`;
    const verdict = Number.isFinite(value) ? (isMet ? 'met' : 'MISSED') : 'not measured';
    body.push([target.case, target.variant, KEY_NAMES[target.key], wanted, ranged(row[target.key]), verdict]);
  }
  return body.length > 0 ? table(['case', 'variant', 'figure', 'target', 'measured', 'verdict'], body) : '';
}

export function spans(rows) {
  const traced = rows.filter(row => row.spans);
  const body = traced.map(row => {
    const { expected, received, lost } = row.spans;
    return [row.case, expected, received, lost, fixed(row.cpu, 2), fixed(row.cpuToTheEnd, 2)];
  });
  const head = ['case', 'spans expected', 'received', 'lost', 'CPU us/unit', 'with start-up and drain'];
  return body.length > 0 ? table(head, body) : '';
}
