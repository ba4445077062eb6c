/** Owns how `wampscope trace` answers when it cannot do what it is asked for: text and exit code of each case. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import type { RecordSource } from '../../../src/node/trace/records.js';
import { type RunOptions, trace, World } from './world.js';

let world: World;

before(async () => {
  world = await World.start();
});
after(() => world.stop());

const HINT = '\n\nwampscope trace --help tells what there is\n';

const WRONG_WORDS: readonly [words: string, message: string][] = [
  ['tial', 'no verb "tial"; expected tail'],
  ['frobnicate', 'no verb "frobnicate"; expected start, stop, list, tail, show, export, delete'],
  ['stop', 'trace stop needs ID'],
  ['show', 'trace show needs CORRELATION'],
  ['list x', '"x" is one word too many: wampscope trace list'],
  ['stop x y', '"y" is one word too many: wampscope trace stop ID'],
  ['start --duratoin 5', 'no flag --duratoin; expected --duration'],
  ['start --zzz', 'no flag --zzz'],
  ['list --payload', 'no flag --payload'],
  ['start --duration', '--duration is given without a value; expected S'],
  ['start --uri --payload', '--uri is given without a value; expected URI'],
  ['start --payload=yes', '--payload is "yes"; expected no value'],
  ['start --duration 0', '--duration is 0; expected an integer from 1 to 86400 (seconds, or null)'],
  ['start --duration 1.5', '--duration is 1.5; expected an integer from 1 to 86400 (seconds, or null)'],
  ['start --duration soon', "--duration is 'soon'; expected an integer from 1 to 86400 (seconds, or null)"],
  ['start --session me', "--session is 'me'; expected a session id"],
  ['start --level all', '--level is \'all\'; expected "message" or "action"'],
  ['start --match prefix', "--match is 'prefix'; expected it together with --uri"],
  ['start --uri a --match glob', '--match is \'glob\'; expected "exact" or "prefix"'],
  ['start --direction up', '--direction is \'up\'; expected "rx" or "tx"'],
  ['start --min-duration -1', '--min-duration is given without a value; expected MS'],
  ['start --max-records 0', '--max-records is 0; expected an integer from 1 to 1048576 (records)'],
  [
    'start --payload --level action',
    '--payload is true; expected false with --level "action": actions have no payload of their own',
  ],
  ['export x --format xml', '--format is "xml"; expected jsonl or mermaid'],
  ['show xyz', 'the correlation is "xyz"; expected the first digits of a UUID, as tail prints them'],
  ['tail x --errors-only', '--errors-only is for a trace that tail starts itself; x has been started with its own'],
  ['tail --type call', '--type chooses messages, of which no whole actions can be made; add --messages'],
  ['tail --messages --level action', '--messages with --level action: such a trace keeps no messages'],
  ['list --login alice', '--login needs a ticket, but the environment variable WAMPSCOPE_TICKET is empty or not set'],
  ['list --login a --ticket-env T', '--login needs a ticket, but the environment variable T is empty or not set'],
  ['list --ticket-env T', '--ticket-env is given without --login AUTHID'],
];

test('words that make no sense: exit code 2, and what was expected', async () => {
  for (const [words, message] of WRONG_WORDS) {
    assert.deepEqual(await world.trace(words.split(' ')), { code: 2, out: '', err: message + HINT }, words);
  }
  assert.match(
    (await world.trace(['start', '--type', 'Foo'])).err,
    /^--type is 'Foo'; expected one of Hello, .*Yield\n/,
  );
  for (const url of ['http://x', '127.0.0.1:8080', 'rs://host', 'ws://h#x']) {
    const { code, err } = await trace(['list', '--url', url]);
    const expected = 'ws://HOST:PORT/PATH, wss://HOST:PORT/PATH or rs://HOST:PORT';
    assert.deepEqual([code, err], [2, `--url is "${url}"; expected ${expected}${HINT}`]);
  }
});

test('help tells of every verb and flag', async () => {
  const { code, out } = await trace(['--help']);
  assert.equal(code, 0);
  for (const verb of ['start [ID]', 'stop ID', 'list', 'tail [ID]', 'show CORRELATION', 'export ID', 'delete ID']) {
    assert.ok(out.includes(`  wampscope trace ${verb} `), verb);
    const own = await trace([verb.split(' ')[0]!, '-h']);
    assert.ok(own.code === 0 && own.out.startsWith(`wampscope trace ${verb}\n`), verb);
    assert.match(own.out, /^ {2}--url URL /m);
  }
  assert.deepEqual(await trace([]), { code: 0, out, err: '' });
});

const ALICE: RunOptions = { env: { WAMPSCOPE_TICKET: 'wonder' } };

const REFUSED: readonly [words: string, message: RegExp, options?: RunOptions][] = [
  ['stop nope', /^no trace "nope"; there is none at all$/],
  ['show 12ab', /^there is no trace to look in: start one with wampscope trace start$/],
  ['list --worker w9', /^no worker "w9"; there is worker1$/],
  ['list --node n9', /^no node "n9"; there is node1$/],
  ['list --management-realm nowhere', /^the router at ws:\S+ has no realm "nowhere": its configuration .*realm/],
  [
    'list --management-realm realm1',
    /^realm "realm1" at ws:\S+ has no crossbarfabriccenter\.list_nodes: is it the man/,
  ],
  [
    'list --login alice',
    /^"alice" may not join "com\.wampscope\.management" at ws:\S+: /,
    { env: { WAMPSCOPE_TICKET: 'x' } },
  ],
  ['list --login nobody', /^"nobody" may not join /, ALICE],
  [
    'list --login mallory --ticket-env HUSH',
    /^role "guest" may not call crossbarfabriccenter\.list_nodes in "com\.wampscope\.management": /,
    { env: { HUSH: 'hush' } },
  ],
  ['start ../x', /^trace_id is "\.\.\/x"; expected letters/],
  ['list --data /nowhere', /^--data: there is no trace store in \/nowhere$/],
];

test('what the router refuses: exit code 1, and why', async () => {
  for (const [words, message, options] of REFUSED) {
    const { code, out, err } = await world.trace(words.split(' '), options);
    assert.deepEqual([code, out], [1, ''], words);
    assert.ok(err.startsWith('wampscope trace: ') && err.endsWith('\n'), err);
    assert.match(err.slice('wampscope trace: '.length).trimEnd(), message);
  }
  assert.equal((await world.trace(['list', '--login', 'alice'], ALICE)).code, 0);
});

test('an unknown trace is answered with those that are known', async () => {
  await world.trace(['start', 'a']);
  await world.trace(['start', 'b']);
  for (const words of [['stop'], ['delete'], ['export'], ['tail'], ['show', 'abc', '--trace']]) {
    const { code, err } = await world.trace([...words, 'c']);
    assert.deepEqual([code, err], [1, 'wampscope trace: no trace "c"; there are a, b\n']);
  }
  assert.match((await world.trace(['start', 'a'])).err, /a trace with ID "a" is already running/);
  assert.match(
    (await world.trace(['show', 'abc'])).err,
    /^wampscope trace: no action "abc" in a, b; wampscope trace tail/,
  );
  await world.trace(['delete', 'a']);
  await world.trace(['delete', 'b']);
});

test('no router there, or something else', async t => {
  const web = createServer((_, response) => response.writeHead(404).end()).listen(0, '127.0.0.1');
  t.after(() => web.close());
  await once(web, 'listening');
  const { port } = web.address() as { port: number };
  const said = async (url: string): Promise<string> => {
    const { code, err } = await trace(['list', '--url', url]);
    assert.equal(code, 1);
    return err.replace('wampscope trace: ', '').trimEnd();
  };
  const refused = 'is the router running? --url says where it is';
  assert.equal(await said('ws://127.0.0.1:9/ws'), `nothing answers at ws://127.0.0.1:9/ws (ECONNREFUSED): ${refused}`);
  assert.equal(await said('rs://127.0.0.1:9'), `nothing answers at rs://127.0.0.1:9 (ECONNREFUSED): ${refused}`);
  assert.match(await said('ws://localhost:9/ws'), /^nothing answers at ws:\/\/localhost:9\/ws \(ECONNREFUSED\): /);
  assert.match(await said('ws://no.such.host.invalid/ws'), /^no such host: no\.such\.host\.invalid \(E\w+\)$/);
  const webUrl = `ws://127.0.0.1:${port}/ws`;
  assert.equal(await said(webUrl), `no WAMP router at ${webUrl}: HTTP 404 Not Found`);
  const rawUrl = `rs://127.0.0.1:${port}`;
  assert.match(await said(rawUrl), /^no WAMP router at rs:\S+: what listens there speaks no RawSocket$/);
  const path = `ws://127.0.0.1:${world.port}/elsewhere`;
  assert.match(await said(path), /^no WAMP router at ws:\S+: HTTP 404 /);
});

test('--data reads a store through whatever opens it', async () => {
  const summary = {
    id: 'old',
    node_id: 'n',
    worker_id: 'w',
    status: 'interrupted',
    started: '2026-01-01T00:00:00.000Z',
    ended: null,
    runtime: null,
    options: { trace_level: 'message' as const },
    first_seq: 0,
    next_seq: 0,
    dropped: 0,
  };
  const done: string[] = [];
  const store: RecordSource = {
    list: async () => [summary],
    get: async () => summary,
    records: async function* () {},
    delete: async id => void done.push(`delete ${id}`),
    close: async () => void done.push('close'),
  };
  const options = {
    openStore: async (directory: string) => {
      done.push(`open ${directory}`);
      return store;
    },
  };
  const { out } = await trace(['list', '--data', '/var/wampscope'], options);
  assert.match(out, /\nold {2}interrupted {2}message {2}0 +- +2026-01-01T00:00:00\.000Z {2}-\n$/);
  await trace(['delete', 'old', '--data', '/var/wampscope'], options);
  assert.deepEqual(done, ['open /var/wampscope', 'close', 'open /var/wampscope', 'delete old', 'close']);
});
