/** Owns how the records of a trace are written to a file or a pipe. */

import { createWriteStream } from 'node:fs';
import { stringify } from '../../wire/serializers/json-values.js';
import { findAction } from './correlations.js';
import { TraceFailure } from './failure.js';
import { MermaidWriter } from './mermaid.js';
import { type AnyRecord, isActionRecord, type RecordSource } from './records.js';
import { Output } from './terminal.js';

export interface ExportOptions {
  readonly id: string;
  readonly format: 'jsonl' | 'mermaid';
  /** The first digits of the only correlation that is wanted. */
  readonly correlation: string | undefined;
}

/** What Mermaid draws without being configured otherwise: `maxEdges` and `maxTextSize`. */
const MERMAID_MESSAGES = 500;
const MERMAID_CHARACTERS = 50_000;

/** Octets that are written at once. */
const BLOCK = 1 << 16;

/** Returns what the reader should know besides, if anything. */
export async function writeRecords(
  source: RecordSource,
  options: ExportOptions,
  output: Output,
): Promise<string | undefined> {
  const trace = await source.get(options.id);
  if (options.format === 'mermaid' && trace.options.trace_level === 'action') {
    throw new TraceFailure(`trace ${trace.id} is of level action, and has no messages to draw; --format jsonl`);
  }
  const { correlation } = options;
  const records =
    correlation === undefined
      ? source.records(trace.id, 0, Number.POSITIVE_INFINITY)
      : (await findAction(source, [trace], correlation)).records;
  if (options.format === 'jsonl') {
    await written(records, record => `${stringify(record)}\n`, output);
    return undefined;
  }
  const mermaid = new MermaidWriter();
  await output.write(mermaid.begin());
  await written(records, record => (isActionRecord(record) ? '' : mermaid.add(record)), output);
  if (mermaid.messages <= MERMAID_MESSAGES && mermaid.characters <= MERMAID_CHARACTERS) return undefined;
  return `Mermaid draws ${MERMAID_MESSAGES} messages in ${MERMAID_CHARACTERS} characters unless it is configured otherwise, and these are ${mermaid.messages} in ${mermaid.characters}; --correlation chooses one action`;
}

async function written(
  records: AsyncIterable<AnyRecord> | Iterable<AnyRecord>,
  lineOf: (record: AnyRecord) => string,
  output: Output,
): Promise<void> {
  let block = '';
  for await (const record of records) {
    block += lineOf(record);
    if (block.length < BLOCK) continue;
    await output.write(block);
    block = '';
    // Nobody reads on, as behind `| head`.
    if (output.closed) return;
  }
  await output.write(block);
}

/** Runs `write` with an output that goes to a file, which is complete when it returns. */
export async function intoFile<T>(file: string, write: (output: Output) => Promise<T>): Promise<T> {
  const stream = createWriteStream(file);
  const failed = new Promise<never>((_, reject) => {
    stream.on('error', (error: NodeJS.ErrnoException) =>
      reject(new TraceFailure(`cannot write ${file}: ${error.code ?? error.message}`)),
    );
  });
  const opened = new Promise<void>(resolve => stream.once('open', () => resolve()));
  await Promise.race([opened, failed]);
  const result = await Promise.race([write(new Output(stream)), failed]);
  await Promise.race([new Promise<void>(resolve => stream.end(resolve)), failed]);
  return result;
}
