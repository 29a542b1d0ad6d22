/**
 * No edges: everybody trains alone on its own data. Not a way to learn together, but the baseline that
 * every comparison needs: what would have happened without gossip.
 */
import type { TopologyEntry } from './topology.ts';

export const isolated: TopologyEntry = {
  id: 'isolated',
  label: 'isolated workers',
  description: 'Nobody gossips: everybody trains alone. The baseline to compare with.',
  options: {},
  edges: () => [],
};
