/** Owns what a configuration is told about itself: problems, where they are, how they read. No secret gets in. */

/** Keys and indexes from the top of the file to a value. */
export type Path = readonly (string | number)[];

export interface Position {
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

/** What is wrong (or, as a warning, worth knowing) before it is known where in the text that is. */
export interface Finding {
  readonly path: Path;
  /** One sentence without its full stop. */
  readonly message: string;
  readonly expected?: string | undefined;
  /** The value as people may see it. */
  readonly got?: string | undefined;
  /** The fix, or what was probably meant. */
  readonly hint?: string | undefined;
}

export interface Problem extends Omit<Finding, 'path'>, Partial<Position> {
  /** `workers[0].realms[1].stats.rated_message_size`; '' is the file itself. */
  readonly path: string;
}

/** A configuration that cannot be used, with everything that is wrong with it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  /** The file, as the user named it. */
  readonly file: string;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];

  constructor(file: string, problems: readonly Problem[], warnings: readonly Problem[] = []) {
    super(problems.map(problem => formatProblem(file, problem)).join('\n'));
    this.file = file;
    this.problems = problems;
    this.warnings = warnings;
  }
}

export function problemAt(finding: Finding, position: Position | undefined): Problem {
  const { path, message, expected, got, hint } = finding;
  return {
    path: pathText(path),
    ...position,
    message,
    ...(expected === undefined ? {} : { expected }),
    ...(got === undefined ? {} : { got }),
    ...(hint === undefined ? {} : { hint }),
  };
}

/** `config.json:12:5: workers[0].type: expected "router", got "ruoter"; did you mean "router"?` */
export function formatProblem(file: string, problem: Problem): string {
  const { path, message, hint } = problem;
  const where = path === '' ? '' : `${path}: `;
  return `${placeText(file, problem)}: ${where}${message}${hint === undefined ? '' : `; ${hint}`}`;
}

export function placeText(file: string, { line, column }: Partial<Position>): string {
  return line === undefined ? file : `${file}:${line}:${column}`;
}

export function pathText(path: Path): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (!/^[\w$-]+$/.test(step)) text += `[${keyText(step)}]`;
    else text += text === '' ? step : `.${step}`;
  }
  return text;
}

/** A key for people. In YAML, `ticket:s3cret` without a space is a key. */
export function keyText(key: string): string {
  const colon = key.indexOf(':');
  return JSON.stringify(colon > 0 && SECRET_WORD.test(key) ? `${key.slice(0, colon + 1)}…` : key);
}

const LONGEST = 60;

/** The value at `path` for people. What could be a secret is only called by its type. */
export function describe(value: unknown, path: Path): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (value instanceof Date) return 'a date';
  if (typeof value === 'object') return 'an object';
  if (isSecret(value, path)) return `a ${typeof value} (not shown)`;
  if (typeof value !== 'string') return String(value);
  return JSON.stringify(value.length > LONGEST ? `${value.slice(0, LONGEST)}…` : value);
}

const SECRET_WORD = /tick|secr|passw|passph|token|cred|priv|salt|api.?key/i;
/** The keys within `auth` that hold no secret. */
const SHOWN_IN_AUTH = new Set<unknown>(['type', 'role', 'default-role', 'authid', 'realm']);

// Typos move secrets to where the schema expects none, so this goes by the words around a value, not by the schema.
function isSecret(value: unknown, path: Path): boolean {
  const last = path.at(-1);
  // A YAML file without a space after its only colon is a string.
  if (path.length === 0) return true;
  if (path.includes('principals') || path.includes('users')) return last !== 'role';
  if (path.includes('auth')) return !SHOWN_IN_AUTH.has(last);
  if (typeof value === 'string' && /\/\/[^/]*@/.test(value)) return true;
  return path.some(step => typeof step === 'string' && SECRET_WORD.test(step));
}

/** `"json", "msgpack" or "cbor"` */
export function listed(words: readonly string[]): string {
  const quoted = words.map(word => JSON.stringify(word));
  const last = quoted.pop() ?? '';
  return quoted.length === 0 ? last : `${quoted.join(', ')} or ${last}`;
}
