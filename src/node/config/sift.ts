/**
 * Owns what happens before the schema sees a configuration: strange keys are named and taken out, what only
 * Crossbar.io has is named differently, environment variables are filled in. So one typo makes one problem.
 */

import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { CrossbarOnly, CrossbarTable } from './crossbar-only.js';
import type { Environment } from './environment.js';
import { nearest } from './nearest.js';
import { describe, type Finding, keyText, listed, type Path } from './problem.js';
import { about } from './section.js';

export interface Sifted {
  /** What the schema is to parse. */
  readonly value: unknown;
  readonly errors: readonly Finding[];
  readonly warnings: readonly Finding[];
  /** Where a path of `value` is in the text: taking items out moves the others, and misspelt keys were put right. */
  written(path: Path): Path;
  /** Whether what is at this (written) path, or something within it, was taken out with an error. */
  isTakenOut(path: Path): boolean;
}

type Schema = z.core.$ZodType;

const OUT = Symbol('taken out');

export function sift(schema: Schema, value: unknown, environment: Environment): Sifted {
  const sifter = new Sifter(schema, environment);
  const sifted = sifter.sift(schema, value, []);
  return {
    value: sifted,
    errors: sifter.errors,
    warnings: sifter.warnings,
    written: path => sifter.written(sifted, path),
    isTakenOut: path => sifter.isTakenOut(path),
  };
}

class Sifter {
  readonly errors: Finding[] = [];
  readonly warnings: Finding[] = [];
  readonly #root: Schema;
  readonly #environment: Environment;
  readonly #out: Path[] = [];
  /** Per sifted object or list: the key or index that each of its own had in the text. */
  readonly #origins = new WeakMap<object, Map<string | number, string | number>>();

  constructor(root: Schema, environment: Environment) {
    this.#root = root;
    this.#environment = environment;
  }

  sift(wrapped: Schema, value: unknown, path: Path): unknown {
    const schema = bare(wrapped);
    if (schema instanceof z.ZodObject && isObject(value)) return this.#section(schema, value, path);
    if (schema instanceof z.ZodRecord && isObject(value)) return this.#record(schema, value, path);
    if (schema instanceof z.ZodArray && Array.isArray(value)) return this.#list(schema, value, path);
    if (schema instanceof z.ZodDiscriminatedUnion && isObject(value)) return this.#choice(schema, value, path);
    return typeof value === 'string' ? this.#word(schema, value, path) : value;
  }

  written(root: unknown, path: Path): Path {
    let node = root;
    return path.map(step => {
      const origin = isObject(node) || Array.isArray(node) ? this.#origins.get(node)?.get(step) : undefined;
      node = child(node, step);
      return origin ?? step;
    });
  }

  isTakenOut(path: Path): boolean {
    return this.#out.some(out => path.every((step, i) => i >= out.length || out[i] === step));
  }

  #section(schema: z.ZodObject, value: Record<string, unknown>, path: Path): unknown {
    const { what, crossbarOnly = {} } = about.get(schema) ?? { what: 'this section' };
    const sifted: Record<string, unknown> = {};
    const origins = new Map<string | number, string | number>();
    for (const [key, inner] of Object.entries(value)) {
      const here = [...path, key];
      const only = own(crossbarOnly, key);
      if (only) this.#crossbarOnly(only, `"${key}" (${what})`, inner, here);
      else {
        const known = Object.hasOwn(schema.shape, key) ? key : this.#strange(schema, what, crossbarOnly, value, here);
        if (known === undefined) continue;
        const kept = this.sift(schema.shape[known]!, inner, here);
        if (kept === OUT) continue;
        sifted[known] = kept;
        if (known !== key) origins.set(known, key);
      }
    }
    this.#origins.set(sifted, origins);
    return sifted;
  }

  /** Reports a key that nobody knows. Returns the key that it surely stands for, so that its value is checked too. */
  #strange(
    schema: z.ZodObject,
    what: string,
    table: CrossbarTable,
    value: Record<string, unknown>,
    path: Path,
  ): string | undefined {
    const key = String(path.at(-1));
    const ours = Object.keys(schema.shape);
    const meant = nearest(key, [...ours, ...Object.keys(table)]);
    const got = describe(value[key], path);
    const message = `unknown key ${keyText(key)} in ${what} (its value: ${got})`;
    const expected = `one of ${listed(ours)}`;
    const only = meant === undefined ? undefined : own(table, meant);
    if (only) {
      const hint = `did you mean Crossbar.io's "${meant}"? wampscope does not have it: ${only.why}`;
      this.errors.push({ path, message, expected, got, hint });
      return undefined;
    }
    const hint = meant === undefined ? `known here: ${ours.join(', ')}${this.#home(key)}` : `did you mean "${meant}"?`;
    this.errors.push({ path, message, expected, got, hint });
    return meant === undefined || Object.hasOwn(value, meant) ? undefined : meant;
  }

  /** Where a key that stands in the wrong place belongs. */
  #home(key: string): string {
    const homes = new Set<string>();
    for (const section of sectionsOf(this.#root)) {
      if (Object.hasOwn(section.shape, key)) homes.add(about.get(section)?.what ?? '');
    }
    return homes.size === 0 ? '' : `; "${key}" belongs in: ${[...homes].slice(0, 3).join(', ')}`;
  }

  #record(schema: z.ZodRecord, value: Record<string, unknown>, path: Path): unknown {
    const entries = Object.entries(value)
      .map(([key, inner]) => [key, this.sift(schema.valueType, inner, [...path, key])] as const)
      .filter(([, inner]) => inner !== OUT);
    return Object.fromEntries(entries);
  }

  #list(schema: z.ZodArray, value: readonly unknown[], path: Path): unknown {
    const sifted: unknown[] = [];
    const origins = new Map<string | number, string | number>();
    for (const [index, item] of value.entries()) {
      const kept = this.sift(schema.element, item, [...path, index]);
      if (kept === OUT) continue;
      origins.set(sifted.length, index);
      sifted.push(kept);
    }
    this.#origins.set(sifted, origins);
    return sifted;
  }

  #choice(schema: z.ZodDiscriminatedUnion, value: Record<string, unknown>, path: Path): unknown {
    const { what, crossbarOnly = {} } = about.get(schema) ?? { what: 'this' };
    const discriminator = schema.def.discriminator;
    const options = optionsOf(schema);
    const type = value[discriminator];
    const only = typeof type === 'string' ? own(crossbarOnly, type) : undefined;
    if (only) return this.#crossbarOnly(only, `${what} type "${type}"`, undefined, path);
    const option = typeof type === 'string' ? options.get(type) : undefined;
    if (option) return this.sift(option, value, path);

    const here = [...path, discriminator];
    const key = Object.keys(value).find(name => nearest(name, [discriminator]) === discriminator);
    if (type === undefined && key !== undefined) {
      // With its key put right this is a choice again; the message about the key comes from the section.
      const fallback = options.get(String(value[key])) ?? [...options.values()][0]!;
      return this.sift(fallback, value, path);
    }
    const meant =
      typeof type === 'string' ? nearest(type, [...options.keys(), ...Object.keys(crossbarOnly)]) : undefined;
    const expected = `the type of the ${what}: ${options.size > 1 ? 'one of ' : ''}${listed([...options.keys()])}`;
    const got = describe(type, here);
    const message = type === undefined ? `missing; expected ${expected}` : `expected ${expected}; got ${got}`;
    this.#takeOut({ path: here, message, expected, got, hint: this.#typeHint(meant, options, crossbarOnly) });
    const likely = meant === undefined ? undefined : options.get(meant);
    return likely ? this.sift(likely, { ...value, [discriminator]: meant }, path) : this.#silently(path);
  }

  #typeHint(meant: string | undefined, options: ReadonlyMap<string, Schema>, table: CrossbarTable): string | undefined {
    if (meant === undefined) return undefined;
    if (options.has(meant)) return `did you mean "${meant}"?`;
    return `did you mean Crossbar.io's "${meant}"? wampscope does not have it: ${table[meant]?.why}`;
  }

  #word(schema: Schema, value: string, path: Path): unknown {
    const { what, crossbarOnly = {}, substitution } = about.get(schema) ?? { what: '' };
    const only = own(crossbarOnly, value);
    if (only) return this.#crossbarOnly(only, `${what} "${value}"`, undefined, path);
    const found = substitution?.(value, this.#environment) ?? { value };
    if ('value' in found) return found.value;
    const message = `the environment variable ${found.unset} is not set`;
    return this.#takeOut({ path, message, expected: `${found.unset} in the environment` });
  }

  #crossbarOnly({ level, why, unless }: CrossbarOnly, name: string, value: unknown, path: Path): typeof OUT {
    if (unless.some(same => isDeepStrictEqual(same, value))) return OUT;
    if (level === 'ignored') this.warnings.push({ path, message: `Crossbar.io's ${name} is ignored: ${why}` });
    else this.#takeOut({ path, message: `Crossbar.io has ${name}, wampscope does not yet: ${why}` });
    return OUT;
  }

  #takeOut(finding: Finding): typeof OUT {
    this.errors.push(finding);
    return this.#silently(finding.path);
  }

  #silently(path: Path): typeof OUT {
    this.#out.push(path);
    return OUT;
  }
}

/** Every section within a schema, itself included. */
export function* sectionsOf(wrapped: Schema): Generator<z.ZodObject> {
  const schema = bare(wrapped);
  if (schema instanceof z.ZodObject) {
    yield schema;
    for (const inner of Object.values(schema.shape)) yield* sectionsOf(inner);
  } else if (schema instanceof z.ZodRecord) yield* sectionsOf(schema.valueType);
  else if (schema instanceof z.ZodArray) yield* sectionsOf(schema.element);
  else if (schema instanceof z.ZodDiscriminatedUnion) for (const option of schema.options) yield* sectionsOf(option);
}

/** The schema of what is written, without defaults and transformations around it. */
function bare(schema: Schema): Schema {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return bare(schema.unwrap());
  }
  return schema instanceof z.ZodPipe ? bare(schema.in) : schema;
}

function optionsOf(schema: z.ZodDiscriminatedUnion): ReadonlyMap<string, Schema> {
  const options = new Map<string, Schema>();
  for (const option of schema.options) {
    const section = bare(option);
    if (!(section instanceof z.ZodObject)) continue;
    const type = section.shape[schema.def.discriminator];
    if (type instanceof z.ZodLiteral) for (const value of type.values) options.set(String(value), option);
  }
  return options;
}

function own(table: CrossbarTable, key: string): CrossbarOnly | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

/** A JSON object: no list, no date. */
export function isObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function child(node: unknown, step: string | number): unknown {
  if (Array.isArray(node)) return node[Number(step)];
  return isObject(node) && Object.hasOwn(node, step) ? node[step] : undefined;
}

/** The part of a plain value at a path. */
export function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>(child, root);
}
