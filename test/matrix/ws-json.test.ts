/** Owns the matrix's row ws+json: every scenario over this link. */

import { linkNamed } from '../helpers/links.js';
import { runScenarios } from '../helpers/scenario.js';
import { SCENARIOS } from '../scenarios/index.js';

runScenarios(linkNamed('ws+json'), SCENARIOS);
