/** Owns the list of all scenarios: every export of every file here. */

import type { Scenario } from '../helpers/scenario.js';
import * as authentication from './authentication.js';
import * as canceling from './canceling.js';
import * as faults from './faults.js';
import * as identification from './identification.js';
import * as ids from './ids.js';
import * as ordering from './ordering.js';
import * as payload from './payload.js';
import * as permissions from './permissions.js';
import * as progress from './progress.js';
import * as pubsub from './pubsub.js';
import * as receivers from './receivers.js';
import * as registrationMeta from './registration-meta.js';
import * as registrationPatterns from './registration-patterns.js';
import * as rpc from './rpc.js';
import * as session from './session.js';
import * as sessionEvents from './session-events.js';
import * as sessionMeta from './session-meta.js';
import * as sharedRegistration from './shared-registration.js';
import * as stats from './stats.js';
import * as statsCycles from './stats-cycles.js';
import * as subscriptionMeta from './subscription-meta.js';
import * as subscriptionPatterns from './subscription-patterns.js';
import * as timeout from './timeout.js';

const FILES: readonly { readonly [name: string]: Scenario }[] = [
  authentication,
  canceling,
  faults,
  identification,
  ids,
  ordering,
  payload,
  permissions,
  progress,
  pubsub,
  receivers,
  registrationMeta,
  registrationPatterns,
  rpc,
  session,
  sessionEvents,
  sessionMeta,
  sharedRegistration,
  stats,
  statsCycles,
  subscriptionMeta,
  subscriptionPatterns,
  timeout,
];

export const SCENARIOS: readonly Scenario[] = FILES.flatMap(file => Object.values(file));
