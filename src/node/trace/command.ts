/** Owns `wampscope trace`: what each verb does, what it prints, and with which exit code it ends. */

import { randomBytes } from 'node:crypto';
import type { Writable } from 'node:stream';
import { stringify } from '../../wire/serializers/json-values.js';
import { findAction } from './correlations.js';
import { intoFile, writeRecords } from './export.js';
import { ConnectionLost, TraceFailure, UsageError } from './failure.js';
import {
  type Command,
  type Flags,
  helpText,
  loginOf,
  messageFlags,
  parseCommand,
  traceFlags,
  traceOptions,
} from './flags.js';
import { Management } from './management.js';
import type { OpenStore, RecordSource, TraceSummary } from './records.js';
import { drawing } from './show.js';
import { traceLines, tracesTable } from './tables.js';
import { tail } from './tail.js';
import { Output, type Paint, painter } from './terminal.js';

/** What the command line gets from its process. */
export interface TraceIo {
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly env: NodeJS.ProcessEnv;
  /** Whether standard output has colours. */
  readonly color: boolean;
  /** Resolves at the first SIGINT or SIGTERM; from this call on they end nothing by themselves. */
  readonly interrupted: () => Promise<void>;
  /** For `--data`. */
  readonly openStore: OpenStore;
}

/** Exit codes: 0 it is done, 1 it cannot be done, 2 the words make no sense. */
export type ExitCode = 0 | 1 | 2;

/** Runs `wampscope trace` with the words after it. */
export async function runTrace(argv: readonly string[], io: TraceIo): Promise<ExitCode> {
  const context = {
    io,
    out: new Output(io.stdout),
    err: new Output(io.stderr),
    paint: painter(io.color),
  };
  try {
    const command = parseCommand(argv);
    if (command === undefined || typeof command === 'string') {
      await context.out.write(helpText(command));
      return 0;
    }
    return await run(command, context);
  } catch (error) {
    if (error instanceof UsageError) {
      await context.err.line(`${error.message}\n\nwampscope trace --help tells what there is`);
      return 2;
    }
    if (!(error instanceof TraceFailure)) throw error;
    await context.err.line(`wampscope trace: ${error.message}`);
    return 1;
  }
}

interface Context {
  readonly io: TraceIo;
  readonly out: Output;
  readonly err: Output;
  readonly paint: Paint;
}

function run(command: Command, context: Context): Promise<ExitCode> {
  switch (command.verb) {
    case 'start':
      return start(command, context);
    case 'stop':
      return withManagement(command, context, async management => {
        await printTrace(await management.stop(command.arg!), command.flags, context);
      });
    case 'list':
      return withSource(command, context, source => list(source, command.flags, context));
    case 'tail':
      return tailTrace(command, context);
    case 'show':
      return withSource(command, context, source => show(source, command, context));
    case 'export':
      return exportTrace(command, context);
    case 'delete':
      return withSource(command, context, async source => {
        await source.delete(command.arg!);
        await context.err.line(`trace ${command.arg!} is deleted`);
      });
  }
}

async function connect({ flags }: Command, { io }: Context): Promise<Management> {
  const login = loginOf(flags, io.env);
  return Management.connect(login, { node: flags.text('node'), worker: flags.text('worker') });
}

async function withManagement(
  command: Command,
  context: Context,
  use: (management: Management) => Promise<void>,
): Promise<ExitCode> {
  const management = await connect(command, context);
  try {
    await use(management);
  } finally {
    await management.close();
  }
  return 0;
}

async function withSource(
  command: Command,
  context: Context,
  use: (source: RecordSource) => Promise<void>,
): Promise<ExitCode> {
  const directory = command.flags.text('data');
  if (directory === undefined) return withManagement(command, context, use);
  const place = { node: command.flags.text('node'), worker: command.flags.text('worker') };
  const source = await context.io.openStore(directory, place);
  try {
    await use(source);
  } finally {
    await source.close();
  }
  return 0;
}

async function printTrace(trace: TraceSummary, flags: Flags, { out, paint }: Context): Promise<void> {
  if (flags.isOn('json')) return out.line(stringify(trace));
  await out.line(traceLines(trace, paint).join('\n'));
}

async function start(command: Command, context: Context): Promise<ExitCode> {
  const options = traceOptions(command.flags);
  return withManagement(command, context, async management => {
    await printTrace(await management.start(command.arg, options), command.flags, context);
  });
}

async function list(source: RecordSource, flags: Flags, { out, err, paint }: Context): Promise<void> {
  const known = await source.list();
  // In a store nothing runs, so that there only all of it can be meant.
  const isAll = flags.isOn('all') || flags.text('data') !== undefined;
  const traces = isAll ? known : known.filter(trace => trace.status === 'running');
  if (flags.isOn('json')) return out.line(stringify(traces));
  if (traces.length > 0) return out.line(tracesTable(traces, paint).join('\n'));
  const stopped = known.length - traces.length;
  await err.line(stopped > 0 ? `no trace is running; --all shows ${stopped} that have stopped` : 'there is no trace');
}

async function show(source: RecordSource, { arg, flags }: Command, { out, paint }: Context): Promise<void> {
  const id = flags.text('trace');
  const traces = id === undefined ? await source.list() : [await source.get(id)];
  const { trace, records } = await findAction(source, traces, arg!);
  if (flags.isOn('json')) return out.line(stringify({ trace_id: trace.id, records }));
  await out.line(drawing(records, trace.id, paint).join('\n'));
}

async function exportTrace(command: Command, context: Context): Promise<ExitCode> {
  const { flags } = command;
  const file = flags.text('output');
  const options = {
    id: command.arg!,
    format: flags.oneOf('format', ['jsonl', 'mermaid'], 'jsonl'),
    correlation: flags.text('correlation'),
  };
  return withSource(command, context, async source => {
    // An unknown trace must not empty the file.
    if (file !== undefined) await source.get(options.id);
    const write = (output: Output): Promise<string | undefined> => writeRecords(source, options, output);
    const remark = file === undefined ? await write(context.out) : await intoFile(file, write);
    if (remark !== undefined) await context.err.line(remark);
  });
}

/** Seconds: nobody stops the trace of a tail that was killed. */
const TAIL_DURATION = 3600;

async function tailTrace(command: Command, context: Context): Promise<ExitCode> {
  const { flags, arg } = command;
  const messages = flags.isOn('messages');
  const [stray] = arg === undefined ? [] : traceFlags(flags);
  if (stray !== undefined) {
    throw new UsageError(`--${stray} is for a trace that tail starts itself; ${arg} has been started with its own`);
  }
  const [partial] = messages ? [] : messageFlags(flags);
  if (partial !== undefined) {
    throw new UsageError(`--${partial} chooses messages, of which no whole actions can be made; add --messages`);
  }
  const options = { duration: TAIL_DURATION, ...traceOptions(flags) };
  if (messages && 'trace_level' in options && options.trace_level === 'action') {
    throw new UsageError('--messages with --level action: such a trace keeps no messages');
  }
  const management = await connect(command, context);
  try {
    const trace =
      arg === undefined
        ? await management.start(`tail-${randomBytes(4).toString('hex')}`, options)
        : await management.get(arg);
    if (messages && trace.options.trace_level === 'action') {
      throw new TraceFailure(`trace ${trace.id} is of level action, and keeps no messages`);
    }
    await follow(management, trace, command, context);
  } finally {
    await management.close();
  }
  return 0;
}

async function follow(management: Management, trace: TraceSummary, command: Command, context: Context): Promise<void> {
  const { out, err, paint, io } = context;
  const isOwn = command.arg === undefined;
  const messages = command.flags.isOn('messages');
  await err.line(paint('dim', `following trace ${trace.id}; Ctrl-C ends it`));
  try {
    const options = { id: trace.id, messages, from: trace.next_seq, paint, ended: io.interrupted() };
    const { lines, missed, stopped } = await tail(management, options, out);
    if (isOwn) await management.stop(trace.id);
    const count = `${lines} ${messages ? 'message' : 'action'}${lines === 1 ? '' : 's'}`;
    const lost = missed > 0 ? `; ${missed} records came faster than they could be read: filter, or --max-records` : '';
    const why = stopped === undefined ? '' : `; the trace has stopped (${stopped})`;
    const shown =
      trace.options.trace_level === 'message' && !lost ? '; wampscope trace show CORRELATION draws one' : '';
    await err.line(paint('dim', `${count} in trace ${trace.id}${lost}${why}${shown}`));
  } catch (error) {
    if (isOwn) await stopAfter(error, trace.id, management, command, context);
    throw error;
  }
}

/** The trace must not run on because its tail has failed. */
async function stopAfter(
  error: unknown,
  id: string,
  management: Management,
  command: Command,
  context: Context,
): Promise<void> {
  try {
    if (!(error instanceof ConnectionLost)) return void (await management.stop(id));
    const again = await connect(command, context);
    await again.stop(id);
    await again.close();
  } catch {
    // The router is gone, and the trace with it; if only the way to it is, the trace ends by its duration.
  }
}
