/** Owns the words after `wampscope trace`: which verbs and flags there are, what they mean, how wrong ones are answered. */

import { parseArgs } from 'node:util';
import { parseTraceOptions } from '../../api/trace-options.js';
import { WampError } from '../../wire/errors.js';
import { nearest } from '../config/nearest.js';
import { ROUTER_PORT } from '../config/ports.js';
import { UsageError } from './failure.js';

interface FlagRow {
  /** What follows it; without, it is a switch. */
  readonly takes?: string;
  readonly many?: boolean;
  readonly says: string;
}

type FlagTable = { readonly [name: string]: FlagRow };

export const DEFAULT_URL = `ws://127.0.0.1:${ROUTER_PORT}/ws`;
const DEFAULT_REALM = 'com.wampscope.management';
const DEFAULT_TICKET = 'WAMPSCOPE_TICKET';

const COMMON: FlagTable = {
  url: { takes: 'URL', says: `of the router: ws://, wss:// or rs://HOST:PORT; default ${DEFAULT_URL}` },
  'management-realm': { takes: 'REALM', says: `default ${DEFAULT_REALM}` },
  login: { takes: 'AUTHID', says: 'log in by ticket; default: anonymous' },
  'ticket-env': { takes: 'NAME', says: `environment variable that holds the ticket; default ${DEFAULT_TICKET}` },
  node: { takes: 'ID', says: 'of a router that knows several' },
  worker: { takes: 'ID', says: 'of a router that has several' },
  help: { says: 'this text' },
};

const DATA: FlagTable = {
  data: { takes: 'DIR', says: 'read the store in this data directory instead of asking a router' },
};
const JSON_FLAG: FlagTable = { json: { says: 'as JSON' } };

const FILTER: FlagTable = {
  realm: { takes: 'REALM', says: 'only actions of this realm' },
  session: { takes: 'SESSION_ID', says: 'only actions begun by this session' },
  authid: { takes: 'AUTHID', says: 'only actions begun by this authid' },
  authrole: { takes: 'ROLE', says: 'only actions begun by this role' },
  uri: { takes: 'URI', says: 'only actions on this procedure or topic' },
  match: { takes: 'exact|prefix', says: 'how --uri is meant; default exact' },
  'errors-only': { says: 'only actions that failed' },
  'min-duration': { takes: 'MS', says: 'only actions that took this long' },
  type: { takes: 'MSG_TYPE', many: true, says: 'only messages of this type (may be repeated)' },
  direction: { takes: 'rx|tx', says: 'only messages received, or sent' },
};

const TRACE: FlagTable = {
  level: { takes: 'message|action', says: 'a record for each message (default) or each action' },
  payload: { says: 'keep the payloads of messages' },
  redact: { takes: 'KEY', many: true, says: 'blot out the values of this key in payloads (may be repeated)' },
  duration: { takes: 'S', says: 'stop by itself after this many seconds' },
  persist: { says: "keep the records in the router's store" },
  'max-records': { takes: 'N', says: 'records kept in memory' },
  'max-bytes': { takes: 'N', says: 'octets of payload kept in memory' },
  limit: { takes: 'S', says: 'seconds that a record is kept in memory' },
  'batching-period': { takes: 'MS', says: 'between two on_trace_data' },
  internal: { says: "record handshakes and the router's own sessions too" },
  otel: { says: 'export spans of these actions whatever the sampling says' },
};

interface VerbRow {
  /** Its arguments, as in the help; `[ID]` may be absent. */
  readonly args: readonly string[];
  readonly says: string;
  readonly flags: FlagTable;
}

export const VERBS = {
  start: { args: ['[ID]'], says: 'start a trace', flags: { ...TRACE, ...FILTER, ...JSON_FLAG } },
  stop: { args: ['ID'], says: 'stop a trace; its records stay readable', flags: JSON_FLAG },
  list: {
    args: [],
    says: 'the traces that run',
    flags: { all: { says: 'those that have stopped too' }, ...JSON_FLAG, ...DATA },
  },
  tail: {
    args: ['[ID]'],
    says: 'print actions as they end; without an ID of a trace of its own, which it stops at the end',
    flags: { messages: { says: 'print messages instead' }, ...FILTER, ...TRACE },
  },
  show: {
    args: ['CORRELATION'],
    says: 'draw the messages of one action; the first digits of its correlation are enough',
    flags: { trace: { takes: 'ID', says: 'where to look; default: in all traces' }, ...JSON_FLAG, ...DATA },
  },
  export: {
    args: ['ID'],
    says: 'write the records of a trace',
    flags: {
      format: { takes: 'jsonl|mermaid', says: 'default jsonl: one record a line' },
      correlation: { takes: 'C', says: 'of one action only' },
      output: { takes: 'FILE', says: 'default: standard output' },
      ...DATA,
    },
  },
  delete: { args: ['ID'], says: 'forget a trace; a running one is stopped first', flags: DATA },
} as const satisfies Record<string, VerbRow>;

export type Verb = keyof typeof VERBS;

export interface Command {
  readonly verb: Verb;
  readonly arg: string | undefined;
  readonly flags: Flags;
}

/** The flags of one command. */
export class Flags {
  readonly #values: { readonly [name: string]: unknown };

  constructor(values: { readonly [name: string]: unknown }) {
    this.#values = values;
  }

  isOn(name: string): boolean {
    return this.#values[name] === true;
  }

  text(name: string): string | undefined {
    return this.#values[name] as string | undefined;
  }

  texts(name: string): readonly string[] | undefined {
    return this.#values[name] as readonly string[] | undefined;
  }

  oneOf<T extends string>(name: string, allowed: readonly T[], fallback: T): T {
    const value = this.text(name) ?? fallback;
    if (allowed.includes(value as T)) return value as T;
    throw new UsageError(`--${name} is "${value}"; expected ${allowed.join(' or ')}`);
  }

  /** Which of the table's flags are given. */
  given(table: FlagTable): string[] {
    return Object.keys(table).filter(name => this.#values[name] !== undefined);
  }
}

/** @throws UsageError. `undefined`: help is asked for. */
export function parseCommand(argv: readonly string[]): Command | Verb | undefined {
  const [name, ...rest] = argv;
  if (name === undefined || name === '--help' || name === '-h') return undefined;
  if (!Object.hasOwn(VERBS, name)) {
    const known = Object.keys(VERBS);
    throw new UsageError(`no verb "${name}"; expected ${orNearest(nearest(name, known)) ?? known.join(', ')}`);
  }
  const verb = name as Verb;
  const row: VerbRow = VERBS[verb];
  const table = { ...row.flags, ...COMMON };
  const { values, positionals } = parse(rest, table);
  if (values.help) return verb;
  const least = row.args.filter(arg => !arg.startsWith('[')).length;
  if (positionals.length < least) throw new UsageError(`trace ${verb} needs ${row.args[positionals.length]}`);
  if (positionals.length > row.args.length) {
    throw new UsageError(`"${positionals[row.args.length]}" is one word too many: ${usageOf(verb)}`);
  }
  return { verb, arg: positionals[0], flags: new Flags(values) };
}

function parse(args: string[], table: FlagTable) {
  const options = Object.fromEntries(
    Object.entries(table).map(([name, { takes, many }]) => [
      name,
      {
        type: takes === undefined ? ('boolean' as const) : ('string' as const),
        multiple: many ?? false,
        ...(name === 'help' && { short: 'h' }),
      },
    ]),
  );
  const { tokens } = parseArgs({ args, options, allowPositionals: true, strict: false, tokens: true });
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const row = Object.hasOwn(table, token.name) ? table[token.name] : undefined;
    if (!row) {
      const guess = orNearest(nearest(token.name, Object.keys(table)), '--');
      throw new UsageError(`no flag ${token.rawName}${guess ? `; expected ${guess}` : ''}`);
    }
    if (row.takes === undefined) {
      if (token.value !== undefined) throw new UsageError(`${token.rawName} is "${token.value}"; expected no value`);
    } else if (token.value === undefined || (!token.inlineValue && token.value.startsWith('-'))) {
      throw new UsageError(`${token.rawName} is given without a value; expected ${row.takes}`);
    }
  }
  return parseArgs({ args, options, allowPositionals: true });
}

function orNearest(guess: string | undefined, prefix = ''): string | undefined {
  return guess === undefined ? undefined : `${prefix}${guess}`;
}

/** `trace_options` of `start_trace`, only what is given. @throws UsageError that names the flag. */
export function traceOptions(flags: Flags): object {
  const options = pick(flags, TRACE);
  const filter = pick(flags, FILTER);
  if (Object.keys(filter).length > 0) options.filter = filter;
  try {
    parseTraceOptions(options);
  } catch (error) {
    if (!(error instanceof WampError)) throw error;
    throw new UsageError(inFlags(error.message));
  }
  return options;
}

/** Which of the flags only make sense for a trace that is started. */
export function traceFlags(flags: Flags): string[] {
  return flags.given({ ...TRACE, ...FILTER });
}

/** Which of the flags choose single messages of an action. */
export function messageFlags(flags: Flags): string[] {
  return flags.given(FILTER).filter(name => name === 'type' || name === 'direction');
}

/** Flags whose option has another name than theirs with underscores. */
const OPTION_NAMES: { readonly [flag: string]: string } = {
  level: 'trace_level',
  payload: 'trace_app_payload',
  type: 'msg_type',
};

function pick(flags: Flags, table: FlagTable): Record<string, unknown> {
  const picked: Record<string, unknown> = {};
  for (const flag of flags.given(table)) {
    const { takes, many } = table[flag]!;
    const value = takes === undefined ? true : many ? flags.texts(flag) : flags.text(flag);
    picked[OPTION_NAMES[flag] ?? flag.replaceAll('-', '_')] =
      flag === 'type' ? flags.texts(flag)!.map(typeName) : isNumber(takes) ? numberOf(String(value)) : value;
  }
  return picked;
}

function isNumber(takes: string | undefined): boolean {
  return takes !== undefined && ['N', 'S', 'MS', 'SESSION_ID'].includes(takes);
}

/** What is no number stays a text, for the message that refuses it. */
function numberOf(text: string): number | string {
  return /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : text;
}

/** `Call` for `call` and `CALL`. */
function typeName(type: string): string {
  return type.charAt(0).toUpperCase() + type.slice(1).toLowerCase();
}

/** The words of the API in those of the command line. */
function inFlags(message: string): string {
  let text = message.replace('invalid tracing options: ', '').replaceAll('filter.', '');
  for (const flag of Object.keys({ ...TRACE, ...FILTER })) {
    const option = OPTION_NAMES[flag] ?? flag.replaceAll('-', '_');
    text = text.replaceAll(new RegExp(`^${option}(?= is )|(?<=with )${option}\\b`, 'g'), `--${flag}`);
  }
  return text;
}

function usageOf(verb: Verb): string {
  return ['wampscope trace', verb, ...VERBS[verb].args].join(' ');
}

export function helpText(verb?: Verb): string {
  if (verb === undefined) {
    const lines = (Object.keys(VERBS) as Verb[]).map(name => `  ${usageOf(name).padEnd(36)} ${VERBS[name].says}`);
    return `${lines.join('\n')}\n\n  wampscope trace VERB --help          its flags\n`;
  }
  const { says, flags }: VerbRow = VERBS[verb];
  return `${usageOf(verb)}\n  ${says}\n\n${flagLines(flags)}\n\nThe router\n${flagLines(COMMON)}\n`;
}

function flagLines(table: FlagTable): string {
  return Object.entries(table)
    .map(([name, { takes, says }]) => `  ${`--${name}${takes ? ` ${takes}` : ''}`.padEnd(26)} ${says}`)
    .join('\n');
}

/** Where and as whom; the ticket comes from the environment, since everybody may read a command line. */
export function loginOf(flags: Flags, env: NodeJS.ProcessEnv) {
  const url = flags.text('url') ?? DEFAULT_URL;
  if (!isRouterUrl(url)) {
    throw new UsageError(`--url is "${url}"; expected ws://HOST:PORT/PATH, wss://HOST:PORT/PATH or rs://HOST:PORT`);
  }
  const authid = flags.text('login');
  const variable = flags.text('ticket-env') ?? DEFAULT_TICKET;
  const ticket = env[variable];
  if (authid === undefined && flags.text('ticket-env') !== undefined) {
    throw new UsageError('--ticket-env is given without --login AUTHID');
  }
  if (authid !== undefined && !ticket) {
    throw new UsageError(`--login needs a ticket, but the environment variable ${variable} is empty or not set`);
  }
  return { url, realm: flags.text('management-realm') ?? DEFAULT_REALM, authid, ticket };
}

function isRouterUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'rs:') return url.hostname !== '' && url.port !== '';
  return (url?.protocol === 'ws:' || url?.protocol === 'wss:') && url.hash === '';
}
