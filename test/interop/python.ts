/** Owns the Python that the tests run: a virtual environment outside the repository, made once for each requirements.txt. */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Of the repository; this file runs as build/test/interop/python.js. */
export const root = fileURLToPath(new URL('../../../', import.meta.url));

/** The interpreter. Without one, or without the packages, this fails: a skipped interoperability test proves nothing. */
export async function ensurePython(): Promise<string> {
  const requirements = join(root, 'test/interop/requirements.txt');
  const hash = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'wampscope');
  const venv = join(cache, `venv-${hash}`);
  const python = join(venv, 'bin/python');
  if (existsSync(python)) return python;
  // Made elsewhere and moved: test files run side by side, and half an environment must not look like one.
  const draft = `${venv}.${process.pid}`;
  mkdirSync(cache, { recursive: true });
  await step('python3', ['-m', 'venv', draft], 'Python 3 with the module venv is needed (Debian: python3-venv)');
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements];
  await step(join(draft, 'bin/python'), pip, 'the packages of test/interop/requirements.txt are needed');
  try {
    renameSync(draft, venv);
  } catch (error) {
    if (!existsSync(python)) throw error;
    rmSync(draft, { recursive: true });
  }
  return python;
}

async function step(file: string, args: readonly string[], need: string): Promise<void> {
  try {
    await run(file, args);
  } catch (error) {
    throw new Error(`${need}; ${error instanceof Error ? error.message : error}`);
  }
}

/** A program that runs beside the test; what it writes to either stream is kept. */
export class Program {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;
  #hasEnded = false;
  output = '';
  #changed: (() => void)[] = [];

  constructor(name: string, file: string, args: readonly string[]) {
    this.#name = name;
    // In its own group, so that `npm start` ends with all its children.
    this.#child = spawn(file, args, {
      cwd: root,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', PYTHONUNBUFFERED: '1' },
    });
    this.#ended = new Promise(resolve => {
      this.#child.on('error', error => this.#add(String(error)));
      this.#child.on('close', code => {
        this.#hasEnded = true;
        this.#add('');
        resolve(code);
      });
    });
    for (const stream of [this.#child.stdout!, this.#child.stderr!])
      stream.on('data', chunk => this.#add(String(chunk)));
  }

  /** Waits until `pattern` is in the output. */
  async says(pattern: RegExp, seconds = 20): Promise<RegExpExecArray> {
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
      const found = pattern.exec(this.output);
      if (found) return found;
      const left = deadline - Date.now();
      if (this.#hasEnded || left <= 0) {
        const how = this.#hasEnded ? 'ended without' : `did not within ${seconds} s`;
        throw new Error(`${this.#name} ${how} saying ${pattern}; it said:\n${this.output}`);
      }
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, left);
        this.#changed.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** Its exit status. */
  ended(): Promise<number | null> {
    return this.#ended;
  }

  async stop(): Promise<void> {
    if (!this.#hasEnded && this.#child.pid !== undefined) process.kill(-this.#child.pid, 'SIGTERM');
    await this.#ended;
  }

  #add(text: string): void {
    this.output += text;
    const changed = this.#changed;
    this.#changed = [];
    for (const look of changed) look();
  }
}
