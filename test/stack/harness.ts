/** Owns the processes of the stack: each is started as docker-compose.yml says, on other addresses, and all end with it. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Mount, readCompose, type Service } from '../compose/compose.js';

/** The program in each image. `npm run test:stack` puts them on the PATH. */
const PROGRAMS: Readonly<Record<string, string>> = {
  'otel/opentelemetry-collector-contrib': 'otelcol',
  'jaegertracing/jaeger': 'jaeger',
  'prom/prometheus': 'prometheus',
};

const PATIENCE = 30_000;

export interface Launch {
  /** Of docker-compose.yml. */
  readonly service: string;
  /** Variables of docker-compose.yml itself. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Instead of what docker-compose.yml has for the same names; it must have them. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Instead of the files that docker-compose.yml mounts at these paths; it must mount them. */
  readonly files?: Readonly<Record<string, string>>;
  /** Words after those of docker-compose.yml. */
  readonly extra?: readonly string[];
  /** Answers with status 200 when the part is ready. */
  readonly health: string;
}

export class Part {
  readonly name: string;
  readonly #launch: Launch;
  readonly #folder: string;
  readonly #log: string;
  #child: ChildProcess;

  constructor(launch: Launch, folder: string) {
    this.name = launch.service;
    this.#launch = launch;
    this.#folder = folder;
    this.#log = `${folder}.log`;
    this.#child = this.#spawn();
  }

  /** What it has said so far. */
  get log(): string {
    return readFileSync(this.#log, 'utf8');
  }

  async ready(): Promise<void> {
    const isUp = async () => {
      if (this.#hasEnded) throw new Error(`${this.name} ended at its start:\n${this.log}`);
      return (await answers(this.#launch.health)) || undefined;
    };
    await until(`${this.name} is ready at ${this.#launch.health}`, isUp);
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Asks it to end, and resolves when it has. */
  async stop(): Promise<void> {
    const late = setTimeout(() => this.#child.kill('SIGKILL'), 10_000);
    await this.#end('SIGTERM');
    clearTimeout(late);
  }

  /** Starts it again after `kill` or `stop`, at the same addresses. */
  async restart(): Promise<void> {
    this.#child = this.#spawn();
    await this.ready();
  }

  /** For the end of the test's own process. */
  killNow(): void {
    this.#child.kill('SIGKILL');
  }

  get #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (this.#hasEnded) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill(signal);
    await ended;
  }

  #spawn(): ChildProcess {
    const { service: name, variables, environment = {}, extra = [] } = this.#launch;
    const service = readCompose(variables).services.get(name)!;
    const [image] = service.image.split(':');
    const here = (text: string): string => localized(text, service.mounts, this.#folder);
    const filled = Object.entries({ ...service.environment, ...environment }).map(([key, text]) => [key, here(text)]);
    const child = spawn(PROGRAMS[image!]!, [...service.command.map(here), ...extra], {
      env: { PATH: process.env.PATH, ...Object.fromEntries(filled) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const log = createWriteStream(this.#log, { flags: 'a' });
    child.stdout!.pipe(log, { end: false });
    child.stderr!.pipe(log, { end: false });
    child.once('error', error => log.write(`cannot run it: ${error.message}\n`));
    return child;
  }
}

/** The text with the container's paths as they are here. */
function localized(text: string, mounts: readonly Mount[], folder: string): string {
  const mount = mounts.find(({ target }) => text.includes(target));
  return mount ? text.replace(mount.target, join(folder, mount.target)) : text;
}

export class Stack {
  readonly #folder = mkdtempSync(join(tmpdir(), 'wampscope-stack-'));
  readonly #parts: Part[] = [];
  readonly #onExit = () => {
    for (const part of this.#parts) part.killNow();
  };

  constructor() {
    process.on('exit', this.#onExit);
  }

  /** Resolves when the part is ready. */
  async launch(launch: Launch): Promise<Part> {
    const part = new Part(launch, this.lay(launch));
    this.#parts.push(part);
    await part.ready();
    return part;
  }

  /** A folder that looks like the service's container, as far as docker-compose.yml mounts files into it. */
  lay(launch: Omit<Launch, 'health'>): string {
    const service = readCompose(launch.variables).services.get(launch.service);
    if (!service) throw new Error(`docker-compose.yml has no service ${launch.service}`);
    const folder = join(this.#folder, launch.service);
    layFiles(folder, service, launch);
    return folder;
  }

  /** Ends all parts; those started last end first. */
  async close(): Promise<void> {
    for (const part of this.#parts.toReversed()) await part.stop();
    process.off('exit', this.#onExit);
    rmSync(this.#folder, { recursive: true });
  }
}

function layFiles(folder: string, service: Service, { environment = {}, files = {} }: Omit<Launch, 'health'>): void {
  const strange = Object.keys(environment).filter(name => !(name in service.environment));
  const unmounted = Object.keys(files).filter(path => !service.mounts.some(({ target }) => target === path));
  if (strange.length + unmounted.length > 0) {
    throw new Error(`docker-compose.yml gives ${service.name} no ${[...strange, ...unmounted].join(', ')}`);
  }
  mkdirSync(folder);
  for (const { source, target, isVolume } of service.mounts) {
    const path = join(folder, target);
    mkdirSync(isVolume ? path : dirname(path), { recursive: true });
    if (target in files) writeFileSync(path, files[target]!);
    else if (!isVolume) symlinkSync(source, path);
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(2000) })).ok;
  } catch {
    return false;
  }
}

/** Asks again and again until there is an answer; processes of others tell nobody when they are done. */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined> | T | undefined,
  patience = PATIENCE,
): Promise<T> {
  const deadline = performance.now() + patience;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > deadline) throw new Error(`Not within ${patience} ms: ${what}`);
    await sleep(100);
  }
}
