/** Owns the schema of a realm: its roles and permissions, its options, its statistics. */

import { z } from 'zod';
import { isUri, isUriPrefix } from '../../wire/uris.js';
import { CROSSBAR_KEYS, CROSSBAR_VALUES } from './crossbar-only.js';
import { about, flag, listOf, oneOf, section, text, whole } from './section.js';

const allow = section('permission allow', {
  call: flag(false),
  register: flag(false),
  publish: flag(false),
  subscribe: flag(false),
});

const disclose = section('permission disclose', { caller: flag(false), publisher: flag(false) });

const permission = section(
  'permission',
  {
    uri: z.string({ error: 'a URI, or the beginning of URIs ("" with match "prefix" is every URI)' }),
    match: oneOf('exact', 'prefix').register(about, { what: 'match', crossbarOnly: CROSSBAR_VALUES.match }).optional(),
    allow: allow.prefault({}),
    disclose: disclose.prefault({}),
    // Decisions are always remembered, so the value says nothing new.
    cache: flag(false),
  },
  CROSSBAR_KEYS.permission,
).transform((written, ctx) => {
  const { uri, match } =
    written.match === undefined ? unstarred(written.uri) : { uri: written.uri, match: written.match };
  const expected = match === undefined ? WILDCARD : uriFault(uri);
  if (expected !== undefined) {
    ctx.issues.push({ code: 'custom', path: ['uri'], input: written.uri, message: expected });
  }
  return { ...written, uri, match: match ?? 'exact' };
});

const WILDCARD =
  'a URI, or a prefix with one star at its end; patterns with empty or starred parts are something ' +
  'that Crossbar.io has and wampscope does not yet';

/** Without `match`, Crossbar.io reads stars: one at the end is a prefix, any other a wildcard. */
function unstarred(uri: string): { uri: string; match: 'exact' | 'prefix' | undefined } {
  const star = uri.indexOf('*');
  if (star < 0) return { uri, match: 'exact' };
  return star === uri.length - 1 ? { uri: uri.slice(0, -1), match: 'prefix' } : { uri, match: undefined };
}

function uriFault(uri: string): string | undefined {
  // Crossbar.io takes an empty part in the middle for a wildcard, whatever `match` says.
  if (uri.includes('..') || uri.startsWith('.')) return WILDCARD;
  // A last part that is empty makes a URI that matches nothing: worth a warning, and Crossbar.io lets it pass.
  return isUriPrefix(uri, 'loose') ? undefined : 'a URI: parts without spaces and #, separated by dots';
}

const EVERYTHING = {
  uri: '',
  match: 'prefix' as const,
  allow: { call: true, register: true, publish: true, subscribe: true },
  disclose: { caller: false, publisher: false },
  cache: false,
};

export const role = section(
  'role',
  {
    name: text('the name of the role: a string without spaces, such as anonymous', /^\S+$/).refine(
      name => name !== 'trusted',
      { error: 'another name: "trusted" is built in, and may do anything' },
    ),
    id: text('the id of the role').optional(),
    permissions: listOf('the permissions of the role', permission).optional(),
    'allow-by-default': flag(false),
  },
  CROSSBAR_KEYS.role,
).transform(({ name, id, permissions, 'allow-by-default': allowed }) => ({
  name,
  id,
  // As in Crossbar.io, permissions win, and without either the role may do nothing.
  permissions: permissions ?? (allowed ? [EVERYTHING] : []),
}));

const LARGEST_RATED = 2 ** 30;

const stats = section('realm stats', {
  rated_message_size: z
    .int({ error: powerOfTwo })
    .refine(size => size > 0 && size <= LARGEST_RATED && Number.isInteger(Math.log2(size)), { error: powerOfTwo })
    .default(512),
  trigger_after_rated_messages: whole('rated messages, 0 for never', 0).default(0),
  trigger_after_duration: whole('seconds, 0 for never', 0, 2_000_000).default(0),
  trigger_on_join: flag(true),
  trigger_on_leave: flag(true),
});

function powerOfTwo({ input }: { readonly input?: unknown }): string {
  const size = typeof input === 'number' && input > 0 && input < LARGEST_RATED ? input : 384;
  const lower = 2 ** Math.floor(Math.log2(Math.max(size, 1)));
  return `bytes: a power of two, such as ${lower} or ${lower * 2}`;
}

const options = section(
  'realm options',
  {
    uri_check: oneOf('loose', 'strict').default('loose'),
    enable_meta_api: flag(true),
    request_ids: oneOf('strict', 'lenient').default('strict'),
    on_leave: oneOf('id', 'full').default('id'),
  },
  CROSSBAR_KEYS.realmOptions,
);

export function realmName() {
  const error = 'the name of the realm: a URI, such as realm1 or com.example.realm';
  return z.string({ error }).refine(name => isUri(name, 'loose'), { error });
}

export const realm = section(
  'realm',
  {
    name: realmName(),
    id: text('the id of the realm').optional(),
    roles: listOf('the roles of the realm', role),
    options: options.prefault({}),
    stats: stats.optional(),
  },
  CROSSBAR_KEYS.realm,
);
