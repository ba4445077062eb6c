/** Owns `wampscope trace tail` with live traffic: what it prints, how it ends, what it leaves behind. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { TraceSummary } from '../../../src/node/trace/records.js';
import type { RawClient } from '../../e2e/raw-client.js';
import { call, offerEcho, World } from './world.js';

const CLI = fileURLToPath(new URL('../../../src/node/cli.js', import.meta.url));

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

function traces(): Promise<TraceSummary[]> {
  return world.json(['list', '--all']);
}

async function forgetAll(): Promise<void> {
  for (const { id } of await traces()) await world.trace(['delete', id]);
}

test('one line an action, and the trace is stopped at the end', async () => {
  const tail = world.trace(['tail', '--uri', 'com.example.', '--match', 'prefix']);
  await tail.complains(/following/);
  await echo('x');
  await echo('fail');
  caller.send([48, ++request, {}, 'com.elsewhere']);
  await caller.next(8);
  await tail.says(/refused/);
  tail.interrupt();
  const { code, out, err } = await tail;
  assert.equal(code, 0);
  const line = (outcome: string): string =>
    `\\d\\d:\\d\\d:\\d\\d\\.\\d{3}  call         com\\.example\\.echo +\\d+\\.\\d\\d ms  ${outcome} +\\d+ → \\d+  [0-9a-f]{8}\n`;
  assert.match(out, new RegExp(`^${line('ok')}${line('com\\.example\\.error\\.refused')}$`));
  const [{ id, status, options }] = (await traces()) as [TraceSummary];
  assert.equal(status, 'stopped');
  assert.equal(options.duration, 3600);
  assert.equal(
    err,
    `following trace ${id}; Ctrl-C ends it\n2 actions in trace ${id}; wampscope trace show CORRELATION draws one\n`,
  );
  const digits = /[0-9a-f]{8}$/m.exec(out)![0];
  assert.match((await world.trace(['show', digits])).out, /──CALL─+▶ router/);
  await forgetAll();
});

test('one line a message, chosen by type', async () => {
  const tail = world.trace(['tail', '--messages', '--type', 'call', '--type', 'result']);
  await tail.complains(/following/);
  await echo('x');
  await tail.says(/RESULT/);
  tail.interrupt();
  const { out, err } = await tail;
  assert.match(
    out,
    /^\S+ {2}rx {2}CALL {10}com\.example\.echo +\d+ B {2}\d+ {2}[0-9a-f]{8}\n\S+ {2}tx {2}RESULT .*\n$/,
  );
  assert.match(err, /\n2 messages in trace/);
  await forgetAll();
});

test('at level action too, and in colours', async () => {
  const tail = world.trace(['tail', '--level', 'action'], { color: true });
  await tail.complains(/following/);
  await echo('fail');
  await tail.says(/refused/);
  tail.interrupt();
  const { out } = await tail;
  const [red, end] = ['\u001b[31m', '\u001b[0m'];
  assert.ok(out.includes(`\u001b[36mcall       ${end} `), out);
  assert.ok(out.includes(`${red}com.example.error.refused${end}`), out);
  await forgetAll();
});

test('a caller who leaves ends its call, though no message says so', async () => {
  const tail = world.trace(['tail', '--uri', 'com.example.echo']);
  await tail.complains(/following/);
  const guest = await world.join();
  guest.send([48, 1, {}, 'com.example.echo', ['wait']]);
  await echo('x');
  await tail.says(/ ok /);
  guest.drop();
  await tail.says(/unanswered|gone|canceled/);
  tail.interrupt();
  assert.equal((await tail).out.split('\n').length, 3);
  await forgetAll();
});

test('a trace of somebody else is followed from now on, until it stops, and left alone', async () => {
  await world.trace(['start', 'theirs']);
  await echo('before');
  const tail = world.trace(['tail', 'theirs']);
  await tail.complains(/following/);
  await echo('after');
  await tail.says(/ ok /);
  await world.trace(['stop', 'theirs']);
  const { code, out, err } = await tail;
  assert.equal(code, 0);
  assert.equal(out.split('\n').length, 2);
  assert.match(err, /1 action in trace theirs; the trace has stopped \(requested\)/);
  await forgetAll();
});

test('an interrupted tail of somebody else lets the trace run', async () => {
  await world.trace(['start', 'theirs']);
  const tail = world.trace(['tail', 'theirs']);
  tail.interrupt();
  assert.equal((await tail).code, 0);
  assert.equal((await traces())[0]!.status, 'running');
  await forgetAll();
});

test('it ends when nobody reads on', async () => {
  const tail = world.trace(['tail']);
  await tail.complains(/following/);
  await echo('x');
  await tail.says(/ ok /);
  tail.hangUp();
  await echo('x');
  assert.equal((await tail).code, 0);
  assert.equal((await traces())[0]!.status, 'stopped');
  await forgetAll();
});

test('records that were pushed out before they were read are counted', async () => {
  const tail = world.trace(['tail', '--max-records', '16']);
  await tail.complains(/following/);
  await Promise.all(Array.from({ length: 100 }, () => echo('x')));
  // Whole again are only actions after the next look.
  const isWhole = tail.says(/ ok /).then(() => true);
  while (!(await Promise.race([isWhole, echo('x')])));
  tail.interrupt();
  assert.match((await tail).err, /; \d+ records came faster than they could be read: filter, or --max-records/);
  await forgetAll();
});

test('it ends with the router, and says so', async t => {
  const other = await World.start();
  t.after(() => other.stop());
  const tail = other.trace(['tail']);
  await tail.complains(/following/);
  await other.stop();
  const { code, err } = await tail;
  assert.equal(code, 1);
  assert.match(err, new RegExp(`\nwampscope trace: the connection to ${other.url} was lost: WebSocket closed`));
});

test('the process: Ctrl-C ends it in good order, and a pipe that closes too', async () => {
  const spawned = spawn(process.execPath, [CLI, 'trace', 'tail', '--url', world.url], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [err] = (await once(spawned.stderr.setEncoding('utf8'), 'data')) as [string];
  assert.match(err, /following/);
  spawned.stderr.on('data', text => {
    err += text;
  });
  await echo('x');
  const [line] = (await once(spawned.stdout.setEncoding('utf8'), 'data')) as [string];
  assert.match(line, /call +com\.example\.echo/);
  spawned.kill('SIGINT');
  assert.deepEqual(await once(spawned, 'close'), [0, null]);
  assert.match(err, /1 action in trace tail-/);
  assert.equal((await traces())[0]!.status, 'stopped');
  await forgetAll();

  await world.trace(['start', 'piped']);
  for (let i = 0; i < 600; i++) await echo('x'.repeat(100));
  const script = `"${process.execPath}" "${CLI}" trace export piped --url ${world.url}; echo "code $?" >&2`;
  const piped = spawn('sh', ['-c', `{ ${script}; } | head -n 1`], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, complaints] = ['', ''];
  piped.stdout.setEncoding('utf8').on('data', text => {
    out += text;
  });
  piped.stderr.setEncoding('utf8').on('data', text => {
    complaints += text;
  });
  await once(piped, 'close');
  assert.equal((JSON.parse(out) as { seq: number }).seq, 0);
  assert.equal(complaints, 'code 0\n');
  await forgetAll();
});
