/** Owns the list of all scenarios: every export of every file here. */

import type { Scenario } from '../helpers/scenario.js';
import * as authentication from './authentication.js';
import * as identification from './identification.js';
import * as pubsub from './pubsub.js';
import * as receivers from './receivers.js';
import * as registrationPatterns from './registration-patterns.js';
import * as rpc from './rpc.js';
import * as session from './session.js';
import * as sharedRegistration from './shared-registration.js';
import * as subscriptionPatterns from './subscription-patterns.js';

const FILES: readonly { readonly [name: string]: Scenario }[] = [
  authentication,
  identification,
  pubsub,
  receivers,
  registrationPatterns,
  rpc,
  session,
  sharedRegistration,
  subscriptionPatterns,
];

export const SCENARIOS: readonly Scenario[] = FILES.flatMap(file => Object.values(file));
