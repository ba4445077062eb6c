/** Owns the schema of what spans are made of: whose trace context counts, where it goes, which actions are kept. */

import { z } from 'zod';
import { MAX_RULES } from '../../trace/sampling/rules.js';
import { realmName } from './schema-realm.js';
import { flag, listOf, oneOf, section, text, whole } from './section.js';

const RATIO = 'a number from 0 (none) to 1 (all)';
const ratio = z.number({ error: RATIO }).min(0, { error: RATIO }).max(1, { error: RATIO });
const slowThreshold = whole('milliseconds, 0 for never', 0, 86_400_000);
const perSecond = whole('spans a second, 0 for no limit', 0);

const rule = section('sampling rule', {
  uri: text('a URI, or with match "prefix" the beginning of URIs').optional(),
  match: oneOf('exact', 'prefix').optional(),
  realm: realmName().optional(),
  authid: text('the authid of who begins the action').optional(),
  authrole: text('the role of who begins the action').optional(),
  ratio: ratio.optional(),
  slow_threshold: slowThreshold.optional(),
  ttl: whole('seconds', 1, 31_536_000).optional(),
}).transform((written, ctx) => {
  const { uri, match, realm, authid, authrole } = written;
  const fault = (path: string[], message: string): void => {
    ctx.issues.push({ code: 'custom', path, input: written, message });
  };
  if (match !== undefined && uri === undefined) fault(['match'], 'it together with "uri"');
  if ([uri, realm, authid, authrole].every(part => part === undefined)) {
    fault(
      [],
      'a rule of some actions: "uri", "realm", "authid" or "authrole"; for all of them there is sampling itself',
    );
  }
  if (written.ratio === undefined && written.slow_threshold === undefined) {
    fault([], 'a rule that says something: "ratio" or "slow_threshold"');
  }
  return written;
});

/** What is absent here, the environment or the default says. */
export const sampling = section('wampscope telemetry sampling', {
  ratio: ratio.optional(),
  spans_per_second: perSecond.optional(),
  errors: z.boolean({ error: 'true or false' }).optional(),
  slow_threshold: slowThreshold.optional(),
  late_spans_per_second: perSecond.optional(),
  rules: listOf('the rules of sampling', rule)
    .max(MAX_RULES, { error: `at most ${MAX_RULES} rules` })
    .optional(),
});

const forward = oneOf('announced', 'always', 'never');

export const propagation = section('wampscope telemetry propagation', {
  forward: forward.default('announced'),
  realms: z
    .record(realmName(), forward, { error: 'an object: for each realm that differs, announced, always or never' })
    .default({}),
  baggage: flag(false),
});

export const trust = section('wampscope telemetry trust', {
  realm: realmName().optional(),
  authrole: text('the role of a session').optional(),
  mode: oneOf('follow', 'parent', 'link', 'ignore'),
});
