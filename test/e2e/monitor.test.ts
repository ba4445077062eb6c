/** Proves that the monitor shows what clients use, to the octet, and says what is wrong when it cannot. */

import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startNode } from '../helpers/test-node.js';

const MONITOR = fileURLToPath(new URL('../../examples/monitor/monitor.js', import.meta.url));
const STATS = { rated_message_size: 256, trigger_after_rated_messages: 5, trigger_on_join: true };

class Monitor {
  readonly #child: ChildProcess;
  output = '';
  errors = '';

  constructor(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.#child = spawn(process.execPath, [MONITOR, ...args], { env: { ...process.env, ...env }, timeout: 20_000 });
    this.#child.stdout!.on('data', chunk => {
      this.output += chunk;
    });
    this.#child.stderr!.on('data', chunk => {
      this.errors += chunk;
    });
  }

  /** The cells of the row of a session in the newest table, by the titles of their columns. */
  row(session: number): { readonly [title: string]: string } | undefined {
    const lines = this.output.slice(0, this.output.lastIndexOf('\n\n') + 1).split('\n');
    const head = lines.findLastIndex(line => line.trimStart().startsWith('SESSION '));
    const found = lines.slice(head).find(line => line.trimStart().startsWith(`${session} `));
    const cells = (line: string): string[] => line.trim().split(/ {2,}/);
    return found === undefined
      ? undefined
      : Object.fromEntries(cells(lines[head]!).map((title, i) => [title, cells(found)[i]!]));
  }

  async until(holds: () => boolean, what: string): Promise<void> {
    while (!holds()) {
      ok(this.#child.exitCode === null, `the monitor ended before: ${what}\n${this.output}\n${this.errors}`);
      await Promise.race([once(this.#child.stdout!, 'data'), once(this.#child, 'exit')]);
    }
  }

  async ended(signal?: NodeJS.Signals): Promise<number | null> {
    const exited = this.#child.exitCode === null ? once(this.#child, 'exit') : undefined;
    if (signal) this.#child.kill(signal);
    await exited;
    return this.#child.exitCode;
  }
}

test('the table has every session with its bytes, messages and rated messages', async t => {
  const { port, url, join } = await startNode(t, { stats: STATS });
  const before = await join('ws', 'msgpack');
  const args = ['--url', `ws://127.0.0.1:${port}/ws`, '--interval', '0.1', '--sessions', `${url}/sessionz`];
  const monitor = new Monitor(args);
  await monitor.until(() => monitor.row(before.session) !== undefined, 'a row of who was there already');
  match(monitor.output, new RegExp(`^realm1 at ws://127\\.0\\.0\\.1:${port}/ws: 2 sessions, `, 'm'));
  const client = await join('rawsocket', 'cbor');
  for (let i = 0; i < 10; i++) await client.publish('com.example.topic', ['x'.repeat(200)]);
  const { session } = client;
  const { authid } = client.details;
  const sizes = (odd: number): number[] => client.sizes.filter((_, i) => i % 2 === odd);
  const sum = (octets: readonly number[]): number => octets.reduce((total, size) => total + size, 0);
  const shown = (octets: number): string => (octets < 1024 ? `${octets} B` : `${(octets / 1024).toFixed(1)} KiB`);
  const [received, sent] = [shown(sum(sizes(0))), shown(sum(sizes(1)))];
  await monitor.until(() => monitor.row(session)?.IN === received, 'all that the client sent');
  equal(monitor.row(session)!.OUT, sent);
  await client.leave();
  await monitor.until(() => monitor.row(session)?.STATE === 'left', 'the leave');
  const { 'BYTES/S': rate, 'MSG/S': messageRate, CYCLES: cycles, ...row } = monitor.row(session)!;
  deepEqual(row, {
    SESSION: String(session),
    AUTHID: authid,
    ROLE: 'anonymous',
    SERIALIZER: 'cbor',
    // Who has left is not at /sessionz.
    IN: '-',
    OUT: '-',
    BYTES: shown(sum(client.sizes)),
    MESSAGES: String(client.sizes.length),
    RATED: String(client.sizes.reduce((total, size) => total + Math.ceil(size / 256), 0)),
    STATE: 'left',
  });
  match(rate!, /^[\d.]+ (?:B|KiB|MiB)$/);
  ok(Number(messageRate) > 0);
  ok(Number(cycles) >= 3, cycles);
  // Of the one that was there before, earlier cycles are unknown.
  await before.publish('com.example.topic', ['x'.repeat(2000)]);
  await monitor.until(() => /^≥2\.\d KiB$/.test(monitor.row(before.session)?.BYTES ?? ''), 'at least so many bytes');
  equal(await monitor.ended('SIGINT'), 0, monitor.errors);
});

test('without /sessionz there are no columns of it', async t => {
  const { port, join } = await startNode(t, { stats: STATS });
  const monitor = new Monitor(['--url', `ws://127.0.0.1:${port}/ws`, '--interval', '0.1']);
  const client = await join();
  await monitor.until(() => monitor.row(client.session) !== undefined, 'a row');
  deepEqual(Object.keys(monitor.row(client.session)!), [
    ...['SESSION', 'AUTHID', 'ROLE', 'SERIALIZER', 'BYTES', 'BYTES/S', 'MESSAGES', 'MSG/S', 'RATED', 'CYCLES', 'STATE'],
  ]);
  equal(await monitor.ended('SIGTERM'), 0, monitor.errors);
});

test('the token for /sessionz comes from the environment; without it the reason is told', async t => {
  const { port, url, join } = await startNode(t, { stats: STATS, http: { auth: { bearer: { token: 's3cret' } } } });
  const args = ['--url', `ws://127.0.0.1:${port}/ws`, '--interval', '0.1', '--sessions', `${url}/sessionz`];
  const client = await join();
  const monitor = new Monitor(args, { WAMPSCOPE_HTTP_TOKEN: 's3cret' });
  await monitor.until(() => monitor.row(client.session)?.IN !== undefined, 'a row');
  await monitor.ended('SIGINT');
  const refused = new Monitor(args);
  equal(await refused.ended(), 1);
  match(refused.errors, /^monitor: http:\S+: 401 credentials are needed/);
});

test('credentials come from the URL, and a token from the command line; neither is shown', async t => {
  const auth = { basic: { username: 'opera', password: 'p@ss:w%rd/' }, bearer: { token: 's3cret' } };
  const { port, url, join } = await startNode(t, { stats: STATS, http: { auth } });
  const sessions = `${url}/sessionz`;
  const withUser = (password: string): string => sessions.replace('//', `//opera:${password}@`);
  const args = ['--url', `ws://127.0.0.1:${port}/ws`, '--interval', '0.1', '--sessions'];
  const client = await join();
  const good = [[withUser(encodeURIComponent('p@ss:w%rd/'))], [sessions, '--token', 's3cret']];
  for (const words of good) {
    const monitor = new Monitor([...args, ...words], { WAMPSCOPE_HTTP_TOKEN: 'stale' });
    await monitor.until(() => monitor.row(client.session)?.IN !== undefined, 'a row');
    equal(await monitor.ended('SIGINT'), 0, monitor.errors);
  }
  const refused = new Monitor([...args, withUser('wr0ng')]);
  equal(await refused.ended(), 1);
  match(refused.errors, /^monitor: http:\/\/127\.0\.0\.1:\d+\/sessionz\S+: 401 these credentials are wrong/);
  ok(!refused.errors.includes('wr0ng'), refused.errors);
});

test('the monitor ends with a reason when the router goes, is not there, or has no such realm', async t => {
  const { node, port } = await startNode(t, { stats: STATS });
  const url = `ws://127.0.0.1:${port}/ws`;
  const lost = new Monitor(['--url', url, '--interval', '0.1']);
  await lost.until(() => lost.output.includes('1 session,'), 'a table');
  const nowhere = new Monitor(['--url', url, '--realm', 'realm9']);
  equal(await nowhere.ended(), 1);
  match(nowhere.errors, /^monitor: cannot join realm9 at ws:\S+ \(.+\); is a router there, and has it this realm\?$/m);
  await node.stop();
  equal(await lost.ended(), 1);
  match(lost.errors, /^monitor: the router has closed the connection$/m);
  const absent = new Monitor(['--url', url]);
  equal(await absent.ended(), 1);
  match(absent.errors, /^monitor: cannot join realm1 at ws:\S+ \(.+\); is a router there/);
});

test('words that make no sense are named, with the fix', async () => {
  const words: [string[], RegExp][] = [
    [['--url', 'http://127.0.0.1'], /^--url is http:\/\/127\.0\.0\.1; give it a URL, ws:\/\/ or wss:\/\//],
    [['--interval', '0'], /^--interval is 0; give it seconds, 0\.1 to 3600/],
    [['--sessions', 'sessionz'], /^--sessions is sessionz; give it a URL/],
    [['--sessions', 'opera:hidden@host'], /^--sessions is …@host; give it a URL/],
    [['--sessions', 'http://a:%zz@127.0.0.1/'], /^--sessions has a % in its user or password .* write % as %25/],
    [['--sessions', 'http://a:b@127.0.0.1/', '--token', 'c'], /^--sessions has a user and --token is there too/],
    [['--sessions', 'http://127.0.0.1/', '--token', 'two words'], /^--token is empty or has spaces/],
    [['--token', 'c'], /^--token is for --sessions, which is not there/],
    [['--relm', 'realm1'], /^Unknown option '--relm'/],
  ];
  for (const [args, message] of words) {
    const monitor = new Monitor(args);
    equal(await monitor.ended(), 2);
    match(monitor.errors, message);
  }
});
