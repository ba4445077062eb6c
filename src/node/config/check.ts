/** Owns what `wampscope check` says of a configuration file. */

import { type LoadOptions, loadConfig } from './load.js';
import { ConfigError, type Problem, placeText } from './problem.js';
import type { Config } from './schema.js';

export interface CheckOptions extends LoadOptions {
  /** With the colours of a terminal. Default: without. */
  readonly color?: boolean | undefined;
}

export interface Check {
  /** 0: the node would start. 1: it would not. */
  readonly exitCode: 0 | 1;
  /** Ends with a newline. */
  readonly output: string;
}

const RED = 31;
const GREEN = 32;
const YELLOW = 33;
const DIM = 2;

export function check(file: string, { color = false, ...options }: CheckOptions = {}): Check {
  const paint: Paint = color ? (code, text) => `\u001b[${code}m${text}\u001b[0m` : (_, text) => text;
  try {
    const { config, warnings } = loadConfig(file, options);
    const summary = `${file}: ${paint(GREEN, 'good')}: ${contents(config)}${tail([], warnings)}`;
    return { exitCode: 0, output: report(file, [], warnings, summary, paint) };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { exitCode: 1, output: reportError(error, paint) };
  }
}

/** The same for an error at start. */
export function describeError(error: ConfigError, { color = false }: Pick<CheckOptions, 'color'> = {}): string {
  return reportError(error, color ? (code, text) => `\u001b[${code}m${text}\u001b[0m` : (_, text) => text);
}

type Paint = (code: number, text: string) => string;

function reportError({ file, problems, warnings }: ConfigError, paint: Paint): string {
  const summary = `${file}: ${paint(RED, 'refused')}${tail(problems, warnings)}`;
  return report(file, problems, warnings, summary, paint);
}

function report(
  file: string,
  problems: readonly Problem[],
  warnings: readonly Problem[],
  summary: string,
  paint: Paint,
): string {
  const blocks = [
    ...problems.map(problem => block(file, paint(RED, 'error'), problem, paint)),
    ...warnings.map(warning => block(file, paint(YELLOW, 'warning'), warning, paint)),
  ];
  return `${[...blocks, summary].join('\n\n')}\n`;
}

function block(file: string, kind: string, problem: Problem, paint: Paint): string {
  const lines = [
    `${kind} ${paint(DIM, placeText(file, problem))}`,
    ...(problem.path === '' ? [] : [`  ${problem.path}`]),
    `  ${problem.message}`,
    ...(problem.hint === undefined ? [] : [`  ${problem.hint}`]),
  ];
  return lines.join('\n');
}

function contents({ workers, wampscope }: Config): string {
  const realms = workers.flatMap(worker => worker.realms.map(realm => realm.name));
  if (wampscope.management) realms.push(wampscope.management.realm);
  const transports = workers.reduce((sum, worker) => sum + worker.transports.length, 0);
  return `${counted(realms.length, 'realm')} (${realms.join(', ')}), ${counted(transports, 'transport')}`;
}

function tail(problems: readonly Problem[], warnings: readonly Problem[]): string {
  const parts = [
    ...(problems.length > 0 ? [counted(problems.length, 'error')] : []),
    ...(warnings.length > 0 ? [counted(warnings.length, 'warning')] : []),
  ];
  return parts.length === 0 ? '' : `; ${parts.join(', ')}`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
