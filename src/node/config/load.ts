/** Owns the way from a file to a checked configuration, or to everything that is wrong with it. */

import { readFileSync, statSync } from 'node:fs';
import { dirname, extname, resolve } from 'node:path';
import type { Environment } from './environment.js';
import { findingsOf } from './issues.js';
import { meaningOf } from './meaning.js';
import { ConfigError, type Finding, type Problem, problemAt } from './problem.js';
import { type Config, type HttpConfig, nodeSchema, type RouterWorkerConfig } from './schema.js';
import { sift } from './sift.js';
import type { Located, Source } from './source.js';
import { readJson } from './source-json.js';
import { readYaml } from './source-yaml.js';

export type Format = 'json' | 'yaml';

export interface Loaded {
  readonly config: Config;
  readonly warnings: readonly Problem[];
}

export interface LoadOptions {
  /** Default: that of the process. */
  readonly environment?: Environment | undefined;
  /** What relative paths of Unix sockets, of files with secrets and of the trace store are relative to. Default: they stay as they are. */
  readonly directory?: string | undefined;
}

const LARGEST = 4 * 1024 * 1024;
const FORMATS: { readonly [extension: string]: Format | undefined } = {
  '.json': 'json',
  '.yaml': 'yaml',
  '.yml': 'yaml',
};

/** Throws ConfigError with all problems. */
export function loadConfig(file: string, options: LoadOptions = {}): Loaded {
  const format = FORMATS[extname(file).toLowerCase()];
  if (!format) {
    throw fileError(file, 'its name does not tell its format', 'name it .json, .yaml or .yml');
  }
  const text = readText(file);
  return parseConfig(text, format, file, { directory: dirname(resolve(file)), ...options });
}

/** Throws ConfigError with all problems. `name` is what they call the text. */
export function parseConfig(text: string, format: Format, name: string, options: LoadOptions = {}): Loaded {
  const source = format === 'json' ? readJson(text) : readYaml(text);
  return checkSource(source, name, options);
}

export function checkSource(
  source: Source,
  name: string,
  { environment = process.env, directory }: LoadOptions,
): Loaded {
  const problems = source.errors.map(located);
  const warnings = source.warnings.map(located);
  if (source.value === undefined) throw new ConfigError(name, problems, warnings);

  const at = (finding: Finding): Problem => problemAt(finding, source.locate(finding.path));
  const sifted = sift(nodeSchema, source.value, environment);
  problems.push(...sifted.errors.map(at));
  warnings.push(...sifted.warnings.map(at));

  const parsed = nodeSchema.safeParse(sifted.value);
  if (!parsed.success) {
    problems.push(...findingsOf(parsed.error.issues, sifted).map(at));
  } else {
    const meaning = meaningOf(parsed.data, sifted);
    problems.push(...meaning.errors.map(at));
    warnings.push(...meaning.warnings.map(at));
  }
  if (problems.length > 0 || !parsed.success)
    throw new ConfigError(name, problems.sort(byPlace), warnings.sort(byPlace));
  return { config: finished(parsed.data, directory), warnings: warnings.sort(byPlace) };
}

function located({ finding, position }: Located): Problem {
  return problemAt(finding, position);
}

function byPlace(a: Problem, b: Problem): number {
  return (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);
}

/** What could be done only after all paths had been reported. */
function finished(config: Config, directory: string | undefined): Config {
  const workers = config.workers
    .filter(worker => !worker.options.disabled)
    .map(worker => finishedWorker(worker, directory));
  const { http, store } = config.wampscope;
  const wampscope = {
    ...config.wampscope,
    http: http && finishedHttp(http, directory),
    store: store && directory !== undefined ? { ...store, directory: resolve(directory, store.directory) } : store,
  };
  return { ...config, workers, wampscope };
}

function finishedHttp(http: HttpConfig, directory: string | undefined): HttpConfig {
  const { bearer, basic } = http.auth ?? {};
  if (!http.auth || directory === undefined) return http;
  const at = (file: string | undefined): string | undefined => file && resolve(directory, file);
  const auth = {
    bearer: bearer && { ...bearer, token_file: at(bearer.token_file) },
    basic: basic && { ...basic, password_file: at(basic.password_file) },
  };
  return { ...http, auth };
}

function finishedWorker(worker: RouterWorkerConfig, directory: string | undefined): RouterWorkerConfig {
  const realms = worker.realms.map(realm => ({
    ...realm,
    roles: realm.roles.map(role => ({ ...role, permissions: lastOfEach(role.permissions) })),
  }));
  const transports = worker.transports.map(transport => {
    const { endpoint } = transport;
    if (endpoint.type !== 'unix' || directory === undefined) return transport;
    return { ...transport, endpoint: { ...endpoint, path: resolve(directory, endpoint.path) } };
  });
  return { ...worker, realms, transports };
}

/** As in Crossbar.io, a permission replaces an earlier one for the same pattern. */
function lastOfEach<Item extends { readonly uri: string; readonly match: string }>(items: readonly Item[]): Item[] {
  return [...new Map(items.map(item => [`${item.match} ${item.uri}`, item])).values()];
}

function readText(file: string): string {
  try {
    // Before opening: a pipe would be waited for.
    const stats = statSync(file);
    if (stats.isDirectory()) throw fileError(file, 'it is a directory', 'name the file in it');
    if (!stats.isFile()) throw fileError(file, 'it is no regular file');
    if (stats.size > LARGEST)
      throw fileError(file, `it has ${stats.size} octets; a configuration has at most ${LARGEST}`);
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    if (error instanceof TypeError) throw fileError(file, 'it is not UTF-8 text', 'save it as UTF-8');
    throw fileError(file, REASONS[(error as NodeJS.ErrnoException).code ?? ''] ?? (error as Error).message);
  }
}

const REASONS: { readonly [code: string]: string | undefined } = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EACCES: 'there is no permission to read it',
  EPERM: 'there is no permission to read it',
};

function fileError(file: string, reason: string, hint?: string): ConfigError {
  const message = `cannot read the configuration: ${reason}`;
  return new ConfigError(file, [{ path: '', message, ...(hint === undefined ? {} : { hint }) }]);
}
