/** Proves the router's image without Docker: the scripts that its Dockerfile runs, in a clean clone, make a router that runs. */

import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { joinAutobahn } from '../../examples/demo/autobahn.js';
import { ROOT, readCompose } from '../compose/compose.js';
import { freePorts } from '../helpers/ports.js';
import { until } from './harness.js';

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'wampscope-container-'));
/** What the image has in its working directory. */
const image = join(folder, 'router');
const service = readCompose().services.get('router')!;
const dockerfile = readFileSync(join(ROOT, service.dockerfile), 'utf8');
let router: ChildProcess | undefined;

/** The words of each instruction of a kind that is written as a list. */
function wordsOf(instruction: string): string[][] {
  return [...dockerfile.matchAll(new RegExp(`\\b${instruction} (\\[.*\\])$`, 'gm'))].map(([, list]) =>
    JSON.parse(list!),
  );
}

before(
  async () => {
    const clone = join(folder, 'clone');
    await run('git', ['clone', '--quiet', '--no-hardlinks', ROOT, clone]);
    const commands = [...dockerfile.matchAll(/^RUN (.*)$/gm)];
    assert.equal(wordsOf('RUN').length, commands.length, 'each RUN is a list of words');
    for (const [program, ...args] of wordsOf('RUN')) {
      await run(
        program!,
        args.map(word => word.replace('/router', image)),
        { cwd: clone },
      );
    }
  },
  { timeout: 300_000 },
);

after(async () => {
  if (router && router.exitCode === null) {
    const ended = once(router, 'exit');
    router.kill('SIGKILL');
    await ended;
  }
  rmSync(folder, { recursive: true });
});

test('the image holds no development packages and no sources', () => {
  const packages = readdirSync(join(image, 'node_modules'));
  assert.ok(packages.includes('ws'));
  assert.deepEqual(
    packages.filter(name => ['typescript', '@biomejs', 'autobahn', 'wampy'].includes(name)),
    [],
  );
  assert.ok(!readdirSync(image).includes('src'));
});

test('the router of the image starts with its own configuration, is healthy, routes, and stops when it is asked to', async () => {
  const [port, management] = await freePorts(2);
  // Only here: a container has its interfaces for itself.
  const config = join(image, 'container.yaml');
  const written = readFileSync(config, 'utf8');
  const moved = written
    .replaceAll('0.0.0.0', '127.0.0.1')
    .replace('8080', String(port))
    .replace('8081', String(management));
  writeFileSync(config, moved);
  const [[program, ...args]] = wordsOf('CMD').slice(-1) as [[string, ...string[]]];
  router = spawn(program, args, {
    cwd: image,
    env: { PATH: process.env.PATH, WAMPSCOPE_TICKET: service.environment.WAMPSCOPE_TICKET },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  router.stderr!.on('data', chunk => {
    said += chunk;
  });
  const [check, ...words] = wordsOf('CMD')[0]!;
  const isUp = (): Promise<boolean> => {
    const asked = words.map(word => word.replace('8081', String(management)));
    return run(check!, asked, { cwd: image }).then(
      () => true,
      () => false,
    );
  };
  await until('the health check passes', async () => {
    assert.equal(router!.exitCode, null, said);
    return (await isUp()) || undefined;
  });
  const { session, leave } = await joinAutobahn('realm1', { url: `ws://127.0.0.1:${port}/ws` });
  await session.register('com.example.add', ([a, b]) => Number(a) + Number(b));
  assert.equal(await session.call('com.example.add', [2, 3]), 5);
  await leave();
  await assert.rejects(joinAutobahn('com.wampscope.management', { url: `ws://127.0.0.1:${port}/ws` }));
  const ended = once(router, 'exit');
  router.kill('SIGTERM');
  assert.deepEqual(await ended, [0, null], said);
  assert.equal(await isUp(), false);
});
