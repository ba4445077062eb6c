/** Owns how the schema's complaints become findings: what was expected, what came, and what was probably meant. */

import type { z } from 'zod';
import { nearest } from './nearest.js';
import { describe, type Finding, type Path } from './problem.js';
import { type Sifted, valueAt } from './sift.js';

type Issue = z.core.$ZodIssue;

export function findingsOf(issues: readonly Issue[], sifted: Sifted): Finding[] {
  return issues.map(issue => findingOf(issue, sifted)).filter(({ path }) => !sifted.isTakenOut(path));
}

function findingOf(issue: Issue, sifted: Sifted): Finding {
  const path = issue.path.map(step => (typeof step === 'symbol' ? String(step) : step));
  const value = valueAt(sifted.value, path);
  const written = sifted.written(path);
  if (issue.code === 'invalid_key') {
    const key = JSON.stringify(path.at(-1));
    const expected = issue.issues[0]?.message ?? 'another key';
    return { path: written, message: `expected ${expected}; got ${key}`, expected, got: key };
  }
  const expected = issue.message;
  if (value === undefined) return { path: written, message: `missing; expected ${expected}`, expected, got: 'nothing' };
  const got = describe(value, written);
  return {
    path: written,
    message: `expected ${expected}; got ${got}`,
    expected,
    got,
    hint: hintFor(issue, value, written),
  };
}

function hintFor(issue: Issue, value: unknown, path: Path): string | undefined {
  // What YAML makes of a key with nothing after it.
  if (value === null) return 'write a value, or leave out the key';
  if (typeof value !== 'string') return undefined;
  if (issue.code === 'invalid_value') {
    const meant = nearest(value, issue.values.map(String));
    return meant === undefined ? undefined : `did you mean "${meant}"?`;
  }
  if (issue.code !== 'invalid_type' || describe(value, path) !== JSON.stringify(value)) return undefined;
  const bare = issue.expected === 'boolean' ? /^(?:true|false)$/ : /^-?\d+$/;
  const unquoted = issue.expected === 'boolean' || issue.expected === 'number' || issue.expected === 'int';
  return unquoted && bare.test(value) ? `write ${value} without quotes` : undefined;
}
