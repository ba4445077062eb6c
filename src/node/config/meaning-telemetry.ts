/** Owns whether the telemetry section fits the rest of a configuration: the realms and roles that it names are there. */

import { nearest } from './nearest.js';
import { type Finding, listed, type Path } from './problem.js';
import type { Config } from './schema.js';

export function telemetryFindings(config: Config): Finding[] {
  const { trust, sampling, propagation } = config.wampscope.telemetry;
  const realms = config.workers.flatMap(worker => worker.realms);
  const names = realms.map(realm => realm.name);
  const roles = [...new Set(realms.flatMap(realm => realm.roles.map(role => role.name)))];
  const path: Path = ['wampscope', 'telemetry'];
  const findings: Finding[] = [];
  const need = (known: readonly string[], name: string | undefined, at: Path, message: string): void => {
    if (name === undefined || known.includes(name)) return;
    findings.push({ path: at, message, expected: listed(known), got: JSON.stringify(name), hint: hintOf(name, known) });
  };
  const noRealm = 'no worker has a realm of this name';
  const noRole = 'no realm has this role';
  for (const [i, rule] of trust.entries()) {
    need(names, rule.realm, [...path, 'trust', i, 'realm'], noRealm);
    need(roles, rule.authrole, [...path, 'trust', i, 'authrole'], noRole);
  }
  for (const [i, rule] of (sampling.rules ?? []).entries()) {
    need(names, rule.realm, [...path, 'sampling', 'rules', i, 'realm'], noRealm);
    need(roles, rule.authrole, [...path, 'sampling', 'rules', i, 'authrole'], noRole);
  }
  for (const name of Object.keys(propagation.realms)) {
    if (names.includes(name)) continue;
    const message = `unknown key ${JSON.stringify(name)} in realms: ${noRealm}`;
    const here = [...path, 'propagation', 'realms', name];
    findings.push({ path: here, message, expected: listed(names), hint: hintOf(name, names) });
  }
  return findings;
}

function hintOf(name: string, known: readonly string[]): string {
  const meant = nearest(name, known);
  return meant === undefined ? `there are ${listed(known)}` : `did you mean "${meant}"?`;
}
