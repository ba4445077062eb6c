/** Owns what each verb of `wampscope trace` prints, against a router that runs in the test. */

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { TraceRecord, TraceSummary } from '../../../src/node/trace/records.js';
import type { RawClient } from '../../e2e/raw-client.js';
import { call, offerEcho, trace, World } from './world.js';

let world: World;
let caller: RawClient;
let request = 0;

before(async () => {
  world = await World.start();
  await offerEcho(await world.join(), 'com.example.echo');
  caller = await world.join();
});
after(() => world.stop());

function echo(...args: unknown[]): Promise<void> {
  return call(caller, ++request, 'com.example.echo', ...args);
}

async function recordsOf(id: string): Promise<TraceRecord[]> {
  const { out } = await world.trace(['export', id]);
  return out
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as TraceRecord);
}

test('start prints the trace, with what was asked for', async () => {
  const words = [
    'start',
    's1',
    '--payload',
    '--duration',
    '60',
    '--uri',
    'com.',
    '--match',
    'prefix',
    '--type',
    'call',
  ];
  const { code, out, err } = await world.trace([...words, '--type', 'RESULT']);
  assert.deepEqual([code, err], [0, '']);
  const started = '\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z';
  assert.match(
    out,
    new RegExp(`^trace      s1
status     running
level      message, with payloads
filter     uri com., match prefix, msg_type Call\\|Result
records    0, seq -
started    ${started}
runtime    0.\\d s of 60 s
$`),
  );
  await echo('x');
  const types = (await recordsOf('s1')).map(record => record.msg_type);
  assert.deepEqual(types, ['Call', 'Result']);
  await world.trace(['delete', 's1']);
});

test('every flag of start reaches the router', async t => {
  const words = ['--level', 'action', '--realm', 'realm1', '--session', '7', '--authid', 'a', '--authrole', 'r'];
  const more = ['--errors-only', '--min-duration', '5', '--max-records', '128', '--limit', '9'];
  const rest = ['--max-bytes', '65536', '--internal', '--redact', 'password', '--batching-period', '50', '--otel'];
  // `--otel` needs a router that exports spans; there will be none.
  const exporting = await World.start(1, undefined, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' });
  t.after(() => exporting.stop());
  const { options } = await exporting.json<TraceSummary>(['start', 'all', ...words, ...more, ...rest]);
  assert.deepEqual(options, {
    trace_level: 'action',
    trace_app_payload: false,
    batching_period: 50,
    persist: false,
    duration: null,
    filter: {
      realm: 'realm1',
      session: 7,
      authid: 'a',
      authrole: 'r',
      errors_only: true,
      min_duration: 5,
    },
    redact: ['password'],
    max_records: 128,
    max_bytes: 65_536,
    limit: 9,
    internal: true,
    otel: true,
  });
  const received = await exporting.json<TraceSummary>(['start', 'received', '--direction', 'rx']);
  assert.deepEqual(received.options.filter, { direction: 'rx' });
});

test('--otel is refused by a router that exports no spans, with what to do', async () => {
  const { code, err } = await world.trace(['start', 'forced', '--otel']);
  assert.equal(code, 1);
  assert.match(err, /otel is true; expected false: this node exports no spans; give it wampscope\.telemetry\.endpoint/);
});

test('stop, list, delete: the life of a trace', async () => {
  assert.deepEqual(await world.trace(['list']), { code: 0, out: '', err: 'there is no trace\n' });
  await world.trace(['start', 'life']);
  await echo('x');
  const columns = (out: string): string[][] =>
    out
      .trimEnd()
      .split('\n')
      .map(line => line.split(/ {2,}/));
  const running = columns((await world.trace(['list'])).out);
  assert.deepEqual(running[0], ['ID', 'STATUS', 'LEVEL', 'RECORDS', 'SEQ', 'STARTED', 'RUNTIME']);
  assert.deepEqual(running[1]!.slice(0, 5), ['life', 'running', 'message', '4', '0..3']);

  const stopped = await world.trace(['stop', 'life']);
  assert.match(stopped.out, /^status +stopped \(requested\)\n/m);
  assert.match(stopped.out, /^records +4, seq 0\.\.3\n/m);
  const none = await world.trace(['list']);
  assert.deepEqual([none.out, none.err], ['', 'no trace is running; --all shows 1 that have stopped\n']);
  assert.match((await world.trace(['list', '--all'])).out, /^life +stopped +message +4 /m);
  const [asJson] = await world.json<TraceSummary[]>(['list', '--all']);
  assert.equal(asJson!.id, 'life');
  assert.deepEqual(await world.json(['list']), []);

  await world.trace(['start', 'short', '--max-records', '2']);
  await echo('x');
  const [head, , short] = columns((await world.trace(['list', '--all'])).out);
  assert.deepEqual(head!.slice(3, 6), ['RECORDS', 'DROPPED', 'SEQ']);
  assert.deepEqual(short!.slice(0, 6), ['short', 'running', 'message', '2', '2', '2..3']);
  await world.trace(['stop', 'short']);
  await world.trace(['delete', 'short']);

  assert.deepEqual(await world.trace(['delete', 'life']), { code: 0, out: '', err: 'trace life is deleted\n' });
  assert.deepEqual(await world.json(['list', '--all']), []);
});

test('show draws an action, found by the first digits of its correlation', async () => {
  await world.trace(['start', 'drawn']);
  await echo('x');
  await echo('fail');
  const records = await recordsOf('drawn');
  const [good, bad] = [...new Set(records.map(record => record.correlation!))] as [string, string];
  const { code, out } = await world.trace(['show', good.slice(0, 12)]);
  assert.equal(code, 0);
  const shape = out
    .replaceAll(/\+\d+\.\d\d ms/g, '+T')
    .replaceAll(/\d+\.\d\d ms/g, 'T')
    .replaceAll(/session \d+/g, 'session N')
    .replaceAll(/authid \S+/g, 'authid A')
    .replaceAll(/ +(?=\+T)/g, ' ')
    .replaceAll(/ +(\d+) B/g, ' N B')
    .replace(/from \S+Z/, 'from D');
  assert.equal(
    shape,
    `call com.example.echo  ok  T  correlation ${good}

  caller  session N  authid A  role anonymous  realm realm1
  callee  session N  authid A  role anonymous  realm realm1

        caller ──CALL───────────▶ router +T N B
                                  router ──INVOCATION─────▶ callee +T N B
                                  router ◀─YIELD─────────── callee +T N B
        caller ◀─RESULT────────── router +T N B

  4 messages, trace drawn, from D
`,
  );
  const failed = await world.trace(['show', bad, '--trace', 'drawn']);
  assert.match(failed.out, /^call com\.example\.echo {2}com\.example\.error\.refused {2}/);
  const json = await world.json<{ trace_id: string; records: TraceRecord[] }>(['show', good.toUpperCase()]);
  assert.deepEqual([json.trace_id, json.records], ['drawn', records.filter(record => record.correlation === good)]);
  await world.trace(['delete', 'drawn']);
});

test('export writes every record, page by page, to a file too', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'wampscope-'));
  t.after(() => rm(folder, { recursive: true }));
  await world.trace(['start', 'long']);
  for (let i = 0; i < 600; i++) await echo(i);
  const records = await recordsOf('long');
  assert.deepEqual(
    records.map(record => record.seq),
    Array.from({ length: 2400 }, (_, i) => i),
  );
  const file = join(folder, 'long.jsonl');
  assert.deepEqual(await world.trace(['export', 'long', '--output', file]), { code: 0, out: '', err: '' });
  assert.equal((await readFile(file, 'utf8')).split('\n').length, 2401);

  const one = records[400]!.correlation!;
  const chosen = await world.trace(['export', 'long', '--correlation', one]);
  assert.deepEqual(
    chosen.out
      .trimEnd()
      .split('\n')
      .map(line => (JSON.parse(line) as TraceRecord).seq),
    [400, 401, 402, 403],
  );
  const drawn = await world.trace(['export', 'long', '--format', 'mermaid']);
  assert.match(
    drawn.err,
    /^Mermaid draws 500 messages .* and these are 2400 in \d+; --correlation chooses one action\n$/,
  );
  const lost = await world.trace(['export', 'long', '--output', join(folder, 'no', 'such')]);
  assert.deepEqual([lost.code, lost.err], [1, `wampscope trace: cannot write ${folder}/no/such: ENOENT\n`]);
  await world.trace(['delete', 'long']);
});

test('an action-level trace is exported as it is, and has nothing to draw', async () => {
  await world.trace(['start', 'acts', '--level', 'action']);
  await echo('x');
  const { out } = await world.trace(['export', 'acts']);
  assert.equal((JSON.parse(out) as { action: string }).action, 'Call');
  const mermaid = await world.trace(['export', 'acts', '--format', 'mermaid']);
  assert.deepEqual([mermaid.code, mermaid.out], [1, '']);
  assert.match(mermaid.err, /acts is of level action/);
  assert.match((await world.trace(['show', 'a', '--trace', 'acts'])).err, /at level action no messages are kept/);
  await world.trace(['delete', 'acts']);
});

test('RawSocket does as well', async () => {
  const { code, err } = await trace(['list', '--url', `rs://127.0.0.1:${world.port}`]);
  assert.deepEqual([code, err], [0, 'there is no trace\n']);
});

test('of several workers each trace is found, and start asks which', async t => {
  const two = await World.start(2);
  t.after(() => two.stop());
  const unsure = await two.trace(['start', 'x']);
  assert.deepEqual([unsure.code, unsure.err], [1, 'wampscope trace: say --worker: there are worker1, worker2\n']);
  await two.trace(['start', 'x', '--worker', 'worker1']);
  await two.trace(['start', 'y', '--worker', 'worker2']);
  assert.match((await two.trace(['list'])).out, /^ID +WORKER .*\nx +worker1 .*\ny +worker2 /);
  assert.match((await two.trace(['stop', 'y'])).out, /^trace +y\n/);
  await two.trace(['start', 'x', '--worker', 'worker2']);
  assert.match(
    (await two.trace(['stop', 'x'])).err,
    /a trace "x" on each of the workers worker1, worker2: say --worker/,
  );
  assert.equal((await two.trace(['stop', 'x', '--worker', 'worker2'])).code, 0);
});
