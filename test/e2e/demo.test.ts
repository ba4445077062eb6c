/** Proves that the demo shows a newcomer traces and statistics within seconds, and ends by itself. */

import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { OtlpReceiver } from './otlp-receiver.js';

const DEMO = fileURLToPath(new URL('../../examples/demo/demo.js', import.meta.url));

interface Run {
  readonly status: number | null;
  readonly output: string;
  /** Milliseconds until the first sequence was complete. */
  readonly firstSequence: number;
}

test('the demo shows sequences and statistics, sums up, and says how to go on', async () => {
  const receiver = await OtlpReceiver.listen();
  const { status, output, firstSequence } = await run(['--port', '0', '--seconds', '1'], {
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
  });
  await receiver.close();
  equal(status, 0, output);
  ok(firstSequence < 5000, `the first sequence came after ${firstSequence} ms`);
  const arrows = [...sequenceOf(output, 'call com.example.square').matchAll(/([A-Z]+)─+[ ▶].*B$/gm)];
  deepEqual(
    arrows.map(([, type]) => type),
    ['CALL', 'INVOCATION', 'YIELD', 'RESULT'],
  );
  match(sequenceOf(output, 'publish com.example.temperature'), /router ──EVENT x6─+▶ 6 clients/);
  equal([...sequenceOf(output, 'call com.example.forecast').matchAll(/RESULT/g)].length, 4);
  match(
    output,
    /^call com\.example\.divide {2}com\.example\.error\.division_by_zero {2}[\d.]+ ms {2}correlation [0-9a-f-]{36}$/m,
  );
  match(output, /^call com\.example\.ponder {2}wamp\.error\.canceled/m);
  match(output, /^call com\.example\.ponder {2}wamp\.error\.timeout/m);
  match(output, /^on_stats customer +cycle +\d+ +\d+ messages +\d+ B in [\d.]+ s, json$/m);
  match(output, /^on_stats display 2 .* msgpack, the last: it has left$/m);
  match(output, /^ {2}traced +4 Register, 6 Subscribe, \d+ Call, \d+ Publish; \d+ of them failed$/m);
  match(output, /^ {2}Metrics +curl http:\/\/127\.0\.0\.1:\d+\/metrics/m);
  const exported = Number(/^ {2}spans +(\d+) exported to http/m.exec(output)![1]);
  ok(exported > 0 && exported <= receiver.spans.length);
  deepEqual(receiver.failures, []);
});

test('without a collector the demo says how to have one', async () => {
  const { status, output } = await run(['--port', '0', '--seconds', '0.1'], { OTEL_EXPORTER_OTLP_ENDPOINT: '' });
  equal(status, 0, output);
  match(output, /OTEL_EXPORTER_OTLP_ENDPOINT=http:\/\/127\.0\.0\.1:4318 npm run demo -- --forever/);
});

test('the demo ends at a signal', async () => {
  const { status, output } = await run(['--port', '0', '--forever'], {}, child => child.kill('SIGINT'));
  equal(status, 0, output);
  match(output, /^In sum$/m);
});

test('a port that is taken is named', async () => {
  const squatter = createServer().listen(0, '127.0.0.1');
  await once(squatter, 'listening');
  const { port } = squatter.address() as { port: number };
  const { status, output } = await run(['--port', String(port)], {});
  squatter.close();
  equal(status, 1);
  match(output, new RegExp(`The demo needs 127\\.0\\.0\\.1:${port}, but something listens there`));
});

test('options that make no sense are answered with those that do', async () => {
  for (const args of [['--seconds', 'x'], ['--port', '-1'], ['--hours', '1'], ['now']]) {
    const { status, output } = await run(args, {});
    equal(status, 1, output);
    match(output, /--forever +until Ctrl-C/);
  }
});

/** Headline and arrows of the first action that is shown at length. */
function sequenceOf(output: string, headline: string): string {
  const start = output.indexOf(`\n${headline} `);
  ok(start >= 0, `${headline} is not shown in:\n${output}`);
  const end = /\n(?! {2})/g;
  end.lastIndex = start + 1;
  return output.slice(start, end.exec(output)?.index);
}

async function run(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  onFirstSequence: (child: ChildProcess) => void = () => {},
): Promise<Run> {
  const started = performance.now();
  const child = spawn(process.execPath, [DEMO, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let firstSequence = Number.POSITIVE_INFINITY;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (firstSequence < Number.POSITIVE_INFINITY || !output.includes('◀─RESULT')) return;
      firstSequence = performance.now() - started;
      onFirstSequence(child);
    });
  }
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, output, firstSequence };
}
