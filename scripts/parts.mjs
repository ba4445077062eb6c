// Owns the parts of the stack that run as processes: builds them from the modules that test/stack/parts pins, once.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fail, root } from './ensure.mjs';

const LEAST_GO = [1, 26];
const CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'wampscope', 'stack');
const INPUTS = join(root, 'test/stack/parts');
/** Raise it when a part is built in another way from the same inputs. */
const RECIPE = '1';

/** Where Go may be when it is not on the PATH: its own installer's place. */
const PATH = `${process.env.PATH}${delimiter}/usr/local/go/bin`;

/** Every download is verified against the committed go.sum, and no other toolchain is fetched. */
const environment = { ...process.env, PATH, GOTOOLCHAIN: 'local', GOFLAGS: '-mod=readonly -buildvcs=false -trimpath' };

function go(folder, ...args) {
  const { status, error, signal } = spawnSync('go', args, { cwd: folder, env: environment, stdio: ['ignore', 2, 2] });
  if (error) fail(`cannot run go: ${error.message}`);
  if (status !== 0) fail(`go ${args.join(' ')} in ${folder} failed (${signal ?? `status ${status}`})`);
}

function checkGo() {
  const { stdout, error } = spawnSync('go', ['version'], { env: environment, encoding: 'utf8' });
  const wanted = `Go ${LEAST_GO.join('.')} or newer on the PATH or in /usr/local/go/bin, to build Prometheus, Jaeger and the Collector`;
  if (error) fail(`The stack needs ${wanted}; there is none (${error.message}). https://go.dev/doc/install tells how`);
  const [, major, minor] = /go(\d+)\.(\d+)/.exec(stdout) ?? [];
  if (Number(major) > LEAST_GO[0] || (Number(major) === LEAST_GO[0] && Number(minor) >= LEAST_GO[1])) return;
  fail(`The stack needs ${wanted}; this is ${stdout.trim()}`);
}

/** The part's go.mod says by `tool` which programs it is. */
function buildTools(part, out) {
  go(join(INPUTS, part), 'build', '-ldflags', '-s -w', '-o', `${out}/`, 'tool');
}

/** The Collector's builder writes the program; its go.mod is ours, so that the modules are those of the committed go.sum. */
function buildCollector(part, out) {
  const builder = join(ensurePart('builder', buildTools), 'builder');
  const sources = mkdtempSync(join(CACHE, 'collector-'));
  try {
    copyFileSync(join(INPUTS, part, 'manifest.yaml'), join(sources, 'manifest.yaml'));
    const args = ['--skip-compilation', '--skip-get-modules', '--config', 'manifest.yaml'];
    const generated = spawnSync(builder, args, {
      cwd: sources,
      env: environment,
      stdio: ['ignore', 2, 2],
    });
    if (generated.status !== 0) fail(`the builder of the Collector failed: ${generated.error ?? generated.status}`);
    for (const file of ['go.mod', 'go.sum']) copyFileSync(join(INPUTS, part, file), join(sources, file));
    go(sources, 'build', '-ldflags', '-s -w', '-o', join(out, 'otelcol'), '.');
  } finally {
    rmSync(sources, { recursive: true });
  }
}

/** A folder of the cache with the binaries of a part; `build` fills it when its inputs have never been built here. */
function ensurePart(part, build) {
  const hash = createHash('sha256').update(`${RECIPE} ${process.platform} ${process.arch}`);
  for (const file of readdirSync(join(INPUTS, part)).sort()) {
    hash.update(`\0${file}\0`).update(readFileSync(join(INPUTS, part, file)));
  }
  const folder = join(CACHE, `${part}-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(folder)) return folder;
  checkGo();
  console.error(`Building ${part} (once; some minutes) ...`);
  mkdirSync(CACHE, { recursive: true });
  const made = mkdtempSync(join(CACHE, `${part}-unfinished-`));
  try {
    build(part, made);
    renameSync(made, folder);
  } catch (error) {
    rmSync(made, { recursive: true, force: true });
    throw error;
  }
  return folder;
}

/** Builds what is missing; returns a PATH on which `prometheus`, `promtool`, `jaeger` and `otelcol` are found first. */
export function ensureParts() {
  const folders = [
    ensurePart('prometheus', buildTools),
    ensurePart('jaeger', buildTools),
    ensurePart('collector', buildCollector),
  ];
  return folders.join(delimiter);
}
