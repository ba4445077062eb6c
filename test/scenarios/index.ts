/** Owns the list of all scenarios: every export of every file here. */

import * as authentication from './authentication.js';
import * as pubsub from './pubsub.js';
import * as session from './session.js';
import type { Scenario } from '../helpers/scenario.js';

export const SCENARIOS: readonly Scenario[] = [authentication, pubsub, session].flatMap(file =>
  Object.values<Scenario>(file),
);
