/** Owns the lines of `/metrics/detailed`: ten thousand sessions are too many for a writer that makes objects of each. */

import { labelled, type SampleFamily } from './families.js';
import type { Slices } from './pace.js';
import { prometheusType } from './table-row.js';

/** Lines between looks at the clock. */
const STRIDE = 64;
/** Characters that are worth being handed on. */
const PIECE = 16_384;

/** The same text as prom-client's, for metrics that are no histograms. */
export async function* linesOf(
  families: Iterable<SampleFamily>,
  isOpen: boolean,
  slices: Slices,
): AsyncGenerator<string> {
  let text = '';
  let lines = 0;
  slices.resume();
  for (const { row, samples } of families) {
    const isCounter = row.kind === 'counter';
    const head = isOpen && isCounter ? row.name.replace(/_total$/, '') : row.name;
    text += `# HELP ${head} ${row.help}\n# TYPE ${head} ${prometheusType(row)}\n`;
    for (const sample of samples) {
      if (!('value' in sample)) throw new TypeError(`${row.name} has a distribution, and only values are written here`);
      let labels = '';
      for (const [label, value] of labelled(row, sample.labels)) {
        labels += `${labels === '' ? '' : ','}${label}="${escaped(value)}"`;
      }
      text += `${row.name}{${labels}} ${sample.value}\n`;
      if (++lines % STRIDE !== 0) continue;
      if (slices.isOver) await slices.rest();
      if (text.length < PIECE) continue;
      slices.suspend();
      yield text;
      slices.resume();
      text = '';
    }
  }
  slices.suspend();
  yield isOpen ? `${text}# EOF\n` : text;
  slices.resume();
}

/** Both formats escape these three. */
function escaped(value: string): string {
  if (!/["\\\n]/.test(value)) return value;
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}
