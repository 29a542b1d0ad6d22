/** The topologies there are, one line each, in the order of the form. */
import { complete } from './complete.ts';
import { isolated } from './isolated.ts';
import { ring } from './ring.ts';
import type { TopologyEntry } from './topology.ts';

export const TOPOLOGIES: readonly TopologyEntry[] = [ring, complete, isolated];
