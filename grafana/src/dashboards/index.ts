/** Owns the list of the dashboards. */

import type { DashboardSpec } from '../frame.js';
import { OVERVIEW } from './overview.js';
import { PUBSUB } from './pubsub.js';
import { RPC } from './rpc.js';
import { RUNTIME } from './runtime.js';
import { SESSIONS } from './sessions.js';
import { TRACING } from './tracing.js';

export const DASHBOARDS: readonly DashboardSpec[] = [OVERVIEW, SESSIONS, RPC, PUBSUB, RUNTIME, TRACING];
