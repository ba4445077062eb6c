/** Owns the reading of docker-compose.yml: services with their variables filled in as Docker would. */

import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

/** This file runs compiled, three folders below the root. */
export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');

export interface Mount {
  /** A file or folder of the repository, or the name of a volume. */
  readonly source: string;
  readonly isVolume: boolean;
  /** Where the container sees it. */
  readonly target: string;
}

export interface Port {
  readonly host: string;
  readonly published: number;
  readonly target: number;
}

export interface Service {
  readonly name: string;
  readonly image: string;
  /** Path of the Dockerfile within the repository; '' when the image is not built here. */
  readonly dockerfile: string;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly mounts: readonly Mount[];
  readonly ports: readonly Port[];
  readonly profiles: readonly string[];
  /** The command of the health check, without its leading CMD; empty when there is none. */
  readonly healthcheck: readonly string[];
}

export interface Compose {
  readonly services: ReadonlyMap<string, Service>;
  readonly volumes: readonly string[];
}

interface WrittenService {
  readonly image: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly profiles?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
}

interface Written {
  readonly services: Readonly<Record<string, WrittenService>>;
  readonly volumes?: Readonly<Record<string, unknown>>;
}

/** The file as Docker reads it when `variables` are in its environment. */
export function readCompose(variables: Readonly<Record<string, string>> = {}): Compose {
  const text = readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8');
  const written = fill(parse(text, { merge: true }), variables) as Written;
  const services = Object.entries(written.services).map(([name, service]) => [name, serviceOf(name, service)] as const);
  return { services: new Map(services), volumes: Object.keys(written.volumes ?? {}) };
}

/** Compose specification, "Interpolation": `${NAME:-default}`, `$$` for one dollar sign; what else it knows is refused. */
function fill(value: unknown, variables: Readonly<Record<string, string>>): unknown {
  if (typeof value === 'string') {
    return value.replaceAll(
      /\$(?:(\$)|\{(\w+):-([^}]*)\}|)/g,
      (all, dollar?: string, name?: string, other?: string) => {
        if (dollar) return dollar;
        if (name === undefined)
          throw new Error(`docker-compose.yml: ${all} in "${value}" is not \${NAME:-default} or $$`);
        return variables[name] || other!;
      },
    );
  }
  if (Array.isArray(value)) return value.map(item => fill(item, variables));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fill(item, variables)]));
}

function serviceOf(name: string, written: WrittenService): Service {
  return {
    name,
    image: written.image,
    dockerfile: written.build?.dockerfile ?? '',
    command: written.command ?? [],
    environment: Object.fromEntries(
      Object.entries(written.environment ?? {}).map(([key, text]) => [key, String(text)]),
    ),
    mounts: (written.volumes ?? []).map(mountOf),
    ports: (written.ports ?? []).map(portOf),
    profiles: written.profiles ?? [],
    healthcheck: written.healthcheck?.test.slice(1) ?? [],
  };
}

function mountOf(text: string): Mount {
  const [source, target] = text.split(':');
  const isVolume = !source!.startsWith('.');
  return { source: isVolume ? source! : join(ROOT, source!), isVolume, target: target! };
}

function portOf(text: string): Port {
  const [host, published, target] = text.split(':');
  return { host: host!, published: Number(published), target: Number(target) };
}
