/** Owns what the schema cannot see: whether the parts of a configuration fit together, and what is worth a warning. */

import { isUri } from '../../wire/uris.js';
import { isLocal, type ListenerConfig, listenersOf, managesAnonymously } from './listeners.js';
import { httpFindings } from './meaning-http.js';
import { nearest } from './nearest.js';
import { type Finding, listed, type Path, pathText } from './problem.js';
import type { AuthConfig, Config, ManagementConfig, RealmConfig, RoleConfig, RouterWorkerConfig } from './schema.js';
import { type Sifted, valueAt } from './sift.js';

export interface Meaning {
  readonly errors: readonly Finding[];
  readonly warnings: readonly Finding[];
}

/** `sifted` is what `config` was parsed from; the paths of the findings are as written. */
export function meaningOf(config: Config, sifted: Sifted): Meaning {
  const examiner = new Examiner(config, sifted);
  examiner.run();
  const written = (finding: Finding): Finding => ({ ...finding, path: sifted.written(finding.path) });
  return { errors: examiner.errors.map(written), warnings: examiner.warnings.map(written) };
}

class Examiner {
  readonly errors: Finding[] = [];
  readonly warnings: Finding[] = [];
  readonly #config: Config;
  readonly #sifted: Sifted;
  readonly #listeners: readonly ListenerConfig[];

  constructor(config: Config, sifted: Sifted) {
    this.#config = config;
    this.#sifted = sifted;
    this.#listeners = listenersOf(config).filter(({ worker }) => !worker.options.disabled);
  }

  run(): void {
    this.#workers();
    this.#realms();
    this.#addresses();
    for (const listener of this.#listeners) this.#services(listener);
    this.#management();
    const { http } = this.#config.wampscope;
    if (!http) return;
    const { errors, warnings } = httpFindings(http);
    // An "auth" that was taken out with an error of its own is not missing.
    if (!this.#sifted.isTakenOut(['wampscope', 'http', 'auth'])) this.errors.push(...errors);
    this.warnings.push(...warnings);
  }

  #workers(): void {
    const { workers } = this.#config;
    if (workers.every(({ options }) => options.disabled) && !this.#sifted.isTakenOut(['workers'])) {
      this.errors.push({ path: ['workers'], message: 'no worker of type "router": there is nothing to run' });
    }
    this.#unique(
      'worker id',
      workers.map((worker, w) => [worker.id, ['workers', w, 'id']]),
    );
    for (const [w, worker] of workers.entries()) {
      const path = ['workers', w];
      const realms = worker.realms.length;
      if (
        realms === 0 &&
        worker.transports.length > 0 &&
        !this.#sifted.isTakenOut(this.#sifted.written([...path, 'realms']))
      ) {
        this.errors.push({
          path: [...path, 'transports'],
          message: 'transports without realms: whoever connects has nothing to join',
          hint: 'give the worker "realms"',
        });
      }
      if (realms > 0 && worker.transports.length === 0) {
        this.warnings.push({ path: [...path, 'realms'], message: 'realms without transports: nobody can join' });
      }
    }
  }

  #realms(): void {
    const { workers, wampscope } = this.#config;
    const names: [string, Path][] = [];
    for (const [w, worker] of workers.entries()) {
      for (const [r, realm] of worker.realms.entries()) {
        const path = ['workers', w, 'realms', r];
        names.push([realm.name, [...path, 'name']]);
        this.#roles(realm.roles, [...path, 'roles']);
        if (realm.roles.length === 0) {
          this.warnings.push({ path: [...path, 'roles'], message: 'a realm without roles: nobody can join' });
        }
      }
    }
    if (wampscope.management) {
      names.push([wampscope.management.realm, ['wampscope', 'management', 'realm']]);
      this.#roles(wampscope.management.roles, ['wampscope', 'management', 'roles']);
    }
    this.#unique('realm name', names);
  }

  #roles(roles: readonly RoleConfig[], path: Path): void {
    this.#unique(
      'role name',
      roles.map((role, i) => [role.name, [...path, i, 'name']]),
    );
    for (const [i, role] of roles.entries()) {
      const here = [...path, i];
      const written = valueAt(this.#sifted.value, here) as
        | { permissions?: unknown; 'allow-by-default'?: unknown }
        | undefined;
      if (written?.permissions !== undefined && written['allow-by-default'] === true) {
        const message = 'has no effect beside "permissions", as in Crossbar.io';
        this.warnings.push({ path: [...here, 'allow-by-default'], message });
      }
      if (written?.permissions !== undefined) this.#permissions(role, [...here, 'permissions']);
    }
  }

  #permissions(role: RoleConfig, path: Path): void {
    const last = new Map(role.permissions.map(({ uri, match }, p) => [`${match} ${uri}`, p]));
    for (const [p, { uri, match }] of role.permissions.entries()) {
      const here = [...path, p, 'uri'];
      const later = last.get(`${match} ${uri}`)!;
      if (later !== p) {
        const message = `given again at ${pathText(this.#sifted.written([...path, later]))}, which replaces this one`;
        this.warnings.push({ path: here, message });
      }
      if (uri.includes('*')) {
        const message = `beside "match" the star of "${uri}" is a star, not a pattern, as in Crossbar.io`;
        this.warnings.push({ path: here, message, hint: 'remove the star, or "match"' });
      } else if (match === 'exact' && !isUri(uri, 'loose')) {
        const message = `"${uri}" matches no URI exactly, so this permission has no effect`;
        this.warnings.push({ path: here, message, hint: 'did you mean "match": "prefix"?' });
      }
    }
  }

  /** What listens where, and whether two want the same. */
  #addresses(): void {
    const taken: { host: string; port: number; path: Path }[] = [];
    const claim = (host: string, port: number, path: Path): void => {
      const earlier = taken.find(other => port !== 0 && other.port === port && overlaps(other.host, host));
      if (earlier) this.errors.push(this.#repeated(`port ${port} of ${host}`, earlier.path, path));
      else taken.push({ host, port, path });
    };
    const sockets: [string, Path][] = [];
    for (const { endpoint, path } of this.#listeners) {
      const here = [...path, 'endpoint'];
      if (endpoint.type === 'unix') {
        sockets.push([endpoint.path, [...here, 'path']]);
        continue;
      }
      claim(endpoint.interface, endpoint.port, [...here, 'port']);
      if (valueAt(this.#sifted.value, [...here, 'interface']) !== undefined) continue;
      this.warnings.push({
        path: here,
        message: `without "interface" wampscope listens on ${endpoint.interface}, Crossbar.io on every interface`,
        hint: `write "interface": "${endpoint.interface}", or "${endpoint.version === 6 ? '::' : '0.0.0.0'}" to be reached from outside`,
      });
    }
    this.#unique('path of a Unix socket', sockets);
    const { http } = this.#config.wampscope;
    if (http) claim(http.interface, http.port, ['wampscope', 'http', 'port']);
  }

  #services({ path, worker, webSockets, anyPath, rawSocket }: ListenerConfig): void {
    const services = [...webSockets.values(), anyPath, rawSocket].filter(service => service !== undefined);
    for (const service of services) this.#auth(service.auth, [...service.path, 'auth'], worker);
    const universal = valueAt(this.#sifted.value, path) as { websocket?: object; web?: { paths?: object } } | undefined;
    for (const name of Object.keys(universal?.websocket ?? {})) {
      if (Object.hasOwn(universal?.web?.paths ?? {}, name)) {
        this.errors.push(
          this.#repeated(`path "${name}"`, [...path, 'web', 'paths', name], [...path, 'websocket', name]),
        );
      }
    }
  }

  /** A role that no realm in reach defines lets nobody in. */
  #auth(auth: AuthConfig, path: Path, worker: RouterWorkerConfig): void {
    const known = [...worker.realms, this.#config.wampscope.management].flatMap(realm => namesOf(realm));
    const implicit = valueAt(this.#sifted.value, path) === undefined;
    if (
      Object.values(auth).every(method => method === undefined) &&
      !this.#sifted.isTakenOut(this.#sifted.written(path))
    ) {
      const message = 'no method of authentication: nobody could join';
      this.errors.push({
        path,
        message,
        hint: 'give "anonymous" or "ticket", or leave out "auth" to let everybody in',
      });
    }
    const need = (role: string, at: Path): void => {
      // Without any realm there is one error already.
      if (worker.realms.length === 0 || known.includes(role)) return;
      if (implicit) {
        const message = `without "auth" everybody joins as "${role}", but no realm of this worker has that role`;
        this.warnings.push({ path: path.slice(0, -1), message });
        return;
      }
      const defined = known.length === 0 ? 'there are none' : `there are ${known.join(', ')}`;
      const meant = nearest(role, known);
      const message =
        role === 'trusted'
          ? 'Crossbar.io has the role "trusted" built in, wampscope keeps it for itself'
          : `no realm of this worker has the role "${role}"`;
      const another = `use a role of the realms: ${defined}`;
      const hint = meant === undefined ? another : `did you mean "${meant}"?`;
      this.errors.push({ path: at, message, expected: listed(known), got: JSON.stringify(role), hint });
    };
    if (auth.anonymous) need(auth.anonymous.role, [...path, 'anonymous', 'role']);
    for (const [name, { role }] of Object.entries(auth.ticket?.principals ?? {})) {
      need(role, [...path, 'ticket', 'principals', name, 'role']);
    }
  }

  #management(): void {
    const { management } = this.#config.wampscope;
    if (!management) return;
    const path = ['wampscope', 'management'];
    const granted = new Set(this.#listeners.flatMap(listener => rolesOf(listener)));
    if (!management.roles.some(role => granted.has(role.name))) {
      const message = 'nobody can join the management realm: no transport gives a role that it has';
      this.warnings.push({
        path,
        message,
        hint: `its roles are ${management.roles.map(role => role.name).join(', ')}`,
      });
    }
    this.#managedRealms(management);
    const hint = 'give "wampscope.management" its own "roles", for those who authenticate';
    const byDefault = valueAt(this.#sifted.value, [...path, 'roles']) === undefined;
    for (const { endpoint, path: at, webSockets, anyPath } of this.#listeners) {
      if (byDefault && !isLocal(endpoint)) {
        const message = 'the management realm is open to anonymous, so every transport must listen on loopback only';
        const got = endpoint.type === 'tcp' ? JSON.stringify(endpoint.interface) : undefined;
        this.errors.push({ path: [...at, 'endpoint', 'interface'], message, expected: '127.0.0.1 or ::1', got, hint });
      }
      for (const { options, auth, path: service } of [...webSockets.values(), anyPath].filter(
        one => one !== undefined,
      )) {
        if (!options.allowed_origins.includes('*') || !managesAnonymously(this.#config, auth)) continue;
        const message =
          'the management realm is open to anonymous, and with "*" any web page that a browser here shows can join it';
        this.warnings.push({ path: [...service, 'options', 'allowed_origins'], message, hint });
      }
    }
  }

  /** Realms that the management section names must be there. */
  #managedRealms({ also_in, readers, roles }: ManagementConfig): void {
    const path = ['wampscope', 'management'];
    const known = this.#config.workers.flatMap(worker => worker.realms.map(realm => realm.name));
    const named = [
      ...also_in.map((name, i) => [name, [...path, 'also_in', i]] as const),
      ...Object.entries(readers).flatMap(([role, names]) =>
        names.map((name, i) => [name, [...path, 'readers', role, i]] as const),
      ),
    ];
    const names = roles.map(role => role.name);
    for (const role of Object.keys(readers).filter(name => !names.includes(name))) {
      const hint = `did you mean "${nearest(role, names)}"?`;
      const message = `unknown key ${JSON.stringify(role)} in readers: the management realm has no such role`;
      this.errors.push({ path: [...path, 'readers', role], message, expected: listed(names), hint });
    }
    for (const [name, at] of named) {
      if (known.includes(name)) continue;
      const message = 'no worker has a realm of this name';
      this.errors.push({ path: at, message, expected: listed(known), got: JSON.stringify(name) });
    }
  }

  #unique(what: string, named: readonly (readonly [string, Path])[]): void {
    const first = new Map<string, Path>();
    for (const [name, path] of named) {
      const earlier = first.get(name);
      if (earlier) this.errors.push(this.#repeated(`${what} "${name}"`, earlier, path));
      else first.set(name, path);
    }
  }

  #repeated(what: string, earlier: Path, path: Path): Finding {
    const place = pathText(this.#sifted.written(earlier));
    return { path, message: `the ${what} is taken by ${place}`, hint: 'choose another' };
  }
}

function namesOf(realm: Pick<RealmConfig, 'roles'> | undefined): string[] {
  return realm?.roles.map(role => role.name) ?? [];
}

function rolesOf({ webSockets, anyPath, rawSocket }: ListenerConfig): string[] {
  return [...webSockets.values(), anyPath, rawSocket].flatMap(service => {
    const { anonymous, ticket } = service?.auth ?? {};
    return [...(anonymous ? [anonymous.role] : []), ...Object.values(ticket?.principals ?? {}).map(({ role }) => role)];
  });
}

const EVERY_INTERFACE = new Set(['0.0.0.0', '::']);

function overlaps(a: string, b: string): boolean {
  return a === b || EVERY_INTERFACE.has(a) || EVERY_INTERFACE.has(b);
}
