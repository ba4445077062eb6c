/** Owns a monitor of sessions: a WAMP client that shows who uses a realm, and how much, as it happens. */

import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Wampy } from 'wampy';
import { WebSocket } from 'ws';
import { painter } from '../../src/node/trace/terminal.js';
import { Accounts, type SessionDetails, type SessionStats } from './accounts.js';
import { type Directions, table } from './table.js';

const HELP = `npm run monitor -- [--url URL] [--realm REALM] [--interval S] [--sessions URL [--token TOKEN]]

  --url URL       of the router, ws://127.0.0.1:8080/ws when it is not said
  --realm REALM   whose sessions to watch, realm1 when it is not said; it needs "stats" in the configuration
  --interval S    seconds between two looks of the table, 1 when it is not said
  --sessions URL  of /sessionz, such as http://127.0.0.1:8081/sessionz: tells bytes in and out apart, which on_stats
                  does not; with basic authentication http://USER:PASSWORD@127.0.0.1:8081/sessionz
  --token TOKEN   bearer token for /sessionz; others see it in the list of processes, but not when it is in the
                  environment variable WAMPSCOPE_HTTP_TOKEN
`;

const paint = painter(process.stdout.isTTY && !process.env.NO_COLOR);

interface Options {
  readonly url: string;
  readonly realm: string;
  readonly milliseconds: number;
  /** Without credentials, which fetch does not take there. */
  readonly sessions: URL | undefined;
  /** The header for `sessions`. */
  readonly authorization: string | undefined;
}

function optionsOf(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      url: { type: 'string', default: 'ws://127.0.0.1:8080/ws' },
      realm: { type: 'string', default: 'realm1' },
      interval: { type: 'string', default: '1' },
      sessions: { type: 'string' },
      token: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) throw new Error('');
  const { url, realm, interval, sessions, token } = values;
  const seconds = Number(interval);
  if (!/^wss?:\/\//.test(url) || !URL.canParse(url)) throw new Error(`--url is ${url}; give it a URL, ws:// or wss://`);
  if (!(seconds >= 0.1 && seconds <= 3600)) throw new Error(`--interval is ${interval}; give it seconds, 0.1 to 3600`);
  if (sessions !== undefined && !(/^https?:/.test(sessions) && URL.canParse(sessions))) {
    const shown = sessions.replace(/[^/]*@/, '…@');
    throw new Error(`--sessions is ${shown}; give it a URL, http:// or https://`);
  }
  const given = { url, realm, milliseconds: seconds * 1000 };
  if (sessions === undefined) {
    if (token !== undefined) throw new Error('--token is for --sessions, which is not there; give both or none');
    return { ...given, sessions: undefined, authorization: undefined };
  }
  const page = new URL(sessions);
  const authorization = authorizationOf(page, token);
  page.username = '';
  page.password = '';
  return { ...given, sessions: page, authorization };
}

/** What the command line says goes before the environment. */
function authorizationOf({ username, password }: URL, token: string | undefined): string | undefined {
  if (username !== '' || password !== '') {
    if (token !== undefined) throw new Error('--sessions has a user and --token is there too; give one of them');
    return `Basic ${Buffer.from(`${decoded(username)}:${decoded(password)}`).toString('base64')}`;
  }
  const [name, bearer] =
    token === undefined ? ['WAMPSCOPE_HTTP_TOKEN', process.env.WAMPSCOPE_HTTP_TOKEN || undefined] : ['--token', token];
  if (bearer === undefined) return undefined;
  if (/^[\x21-\x7e]+$/.test(bearer)) return `Bearer ${bearer}`;
  throw new Error(`${name} is empty or has spaces or characters beyond ASCII in it; give it the token alone`);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new Error('--sessions has a % in its user or password that begins no character; write % as %25');
  }
}

/** Joins the realm and keeps the accounts up to date; `onClose` is called when the router has gone. */
async function watch({ url, realm }: Options, accounts: Accounts, onClose: () => void): Promise<Wampy> {
  const client = new Wampy(url, {
    realm,
    // Node 20 has no WebSocket of its own.
    ws: WebSocket as unknown as NonNullable<NonNullable<ConstructorParameters<typeof Wampy>[1]>['ws']>,
    autoReconnect: false,
    onClose,
  });
  await client.connect().catch(error => {
    const reason = error instanceof Error ? error.message : JSON.stringify(error);
    throw new Error(`cannot join ${realm} at ${url} (${reason}); is a router there, and has it this realm?`);
  });
  await client.subscribe('wamp.session.on_join', ({ argsList }) => {
    accounts.joined(argsList![0] as SessionDetails, true);
  });
  await client.subscribe('wamp.session.on_stats', ({ argsList }) => {
    const [who, stats] = argsList as [SessionDetails, SessionStats];
    accounts.add(who, stats);
  });
  // The session id, and after it authid and role if the realm says so.
  await client.subscribe('wamp.session.on_leave', ({ argsList }) => accounts.left(argsList![0] as number));
  // Those who came before; one may leave between the two calls.
  const { argsList } = await client.call('wamp.session.list');
  for (const session of argsList![0] as number[]) {
    const details = await client.call('wamp.session.get', [session]).catch(() => undefined);
    if (details) accounts.joined(details.argsList![0] as SessionDetails, false);
  }
  return client;
}

/** Bytes in and out of each session of the realm. */
async function directionsOf({ sessions, realm, authorization }: Options): Promise<Directions | undefined> {
  if (!sessions) return undefined;
  const url = new URL(sessions);
  url.search = String(new URLSearchParams({ realm, limit: '10000' }));
  const response = await fetch(url, authorization === undefined ? {} : { headers: { authorization } });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${(await response.text()).trim()}`);
  const page = (await response.json()) as {
    sessions: { session: number; received: { bytes: number }; sent: { bytes: number } }[];
  };
  return new Map(page.sessions.map(of => [of.session, { received: of.received.bytes, sent: of.sent.bytes }]));
}

function show(options: Options, accounts: Accounts, directions: Directions | undefined): void {
  const time = new Date().toISOString().slice(11, 19);
  const title = `${options.realm} at ${options.url}: ${accounts.open} session${accounts.open === 1 ? '' : 's'}, ${time}`;
  const text = [title, '', ...table(accounts.all, directions, paint), ''].join('\n');
  // A terminal keeps one table; a file gets them one after the other.
  process.stdout.write(process.stdout.isTTY ? `\u001b[H\u001b[2J${text}` : `${text}\n`);
}

async function main(): Promise<number> {
  let options: Options;
  try {
    options = optionsOf(process.argv.slice(2));
  } catch (error) {
    const { message } = error as Error;
    process.stderr.write(message === '' ? HELP : `${message}\n\n${HELP}`);
    return message === '' ? 0 : 2;
  }
  const accounts = new Accounts();
  const end = new AbortController();
  let isLost = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => end.abort());
  process.stdout.on('error', () => end.abort());
  const client = await watch(options, accounts, () => {
    isLost = !end.signal.aborted;
    end.abort();
  });
  while (!end.signal.aborted) {
    show(options, accounts, await directionsOf(options));
    await sleep(options.milliseconds, undefined, { signal: end.signal }).catch(() => {});
  }
  if (isLost) throw new Error('the router has closed the connection');
  await client.disconnect();
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  const { message, cause } = error as Error;
  process.stderr.write(`monitor: ${message || String(cause ?? error)}\n`);
  process.exitCode = 1;
}
process.exit();
