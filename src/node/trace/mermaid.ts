/** Owns how message records become a Mermaid sequence diagram. */

import { nameOf } from './actions.js';
import type { TraceRecord } from './records.js';

/** Writes a diagram line by line, as records come; memory grows with the sessions only. */
export class MermaidWriter {
  readonly #aliases = new Map<number, string>();
  #base: number | undefined;
  messages = 0;
  characters = 0;

  begin(): string {
    return this.#lines(['sequenceDiagram', '  participant R as router']);
  }

  add(record: TraceRecord): string {
    const { session_id, authid, msg_type, direction, uri, bytes, ts, dropped, late } = record;
    const lines: string[] = [];
    let alias = this.#aliases.get(session_id);
    if (alias === undefined) {
      alias = `S${this.#aliases.size + 1}`;
      this.#aliases.set(session_id, alias);
      lines.push(`  participant ${alias} as ${quoted(labelOf(session_id, authid))}`);
    }
    this.#base ??= ts;
    if (record.correlation_is_anchor) {
      lines.push(
        `  Note over ${alias},R: ${quoted(`${msg_type.toLowerCase()} ${uri ?? ''} ${record.correlation ?? ''}`)}`,
      );
    }
    const marks = `${dropped ? ', dropped' : ''}${late ? ', late' : ''}`;
    const error = msg_type === 'Error' ? ` ${String(record.msg[4])}` : '';
    const text = `${msg_type.toUpperCase()}${error} (+${((ts - this.#base) * 1000).toFixed(2)} ms, ${bytes} B${marks})`;
    const arrow = dropped ? '-x' : late ? '-->>' : '->>';
    const [from, to] = direction === 'rx' ? [alias, 'R'] : ['R', alias];
    lines.push(`  ${from}${arrow}${to}: ${quoted(text)}`);
    this.messages++;
    return this.#lines(lines);
  }

  #lines(lines: readonly string[]): string {
    const text = `${lines.join('\n')}\n`;
    this.characters += text.length;
    return text;
  }
}

function labelOf(session: number, authid: string | null | undefined): string {
  const name = nameOf(session, authid);
  return name === String(session) ? `session ${session}` : `${name} (session ${session})`;
}

/**
 * Text that no Mermaid grammar takes for something else: `;` and `#` end a statement, `%%{` begins a
 * directive, `:` a text. Its own escape is the entity in `#…;`.
 */
function quoted(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .replaceAll(/[^\p{L}\p{N} .,+_/()-]/gu, c => `#${c.codePointAt(0)};`)
    .trim();
}
