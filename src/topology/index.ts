/** The topologies there are, one line each, in the order of the form. */
import { bipartiteExponential } from './bipartite-exponential.ts';
import { complete } from './complete.ts';
import { directedRandom } from './directed-random.ts';
import { drawn } from './drawn.ts';
import { erdosRenyi } from './erdos-renyi.ts';
import { exponential } from './exponential.ts';
import { hypercube } from './hypercube.ts';
import { isolated } from './isolated.ts';
import { onePeerExponential } from './one-peer-exponential.ts';
import { path } from './path.ts';
import { randomMatching } from './random-matching.ts';
import { ring } from './ring.ts';
import { shiftOne } from './shift-one.ts';
import { smallWorld } from './small-world.ts';
import { star } from './star.ts';
import type { TopologyEntry } from './topology.ts';
import { torus } from './torus.ts';
import { withWeights } from './weights.ts';

const GRAPHS = [
  ring,
  path,
  torus,
  hypercube,
  star,
  complete,
  bipartiteExponential,
  erdosRenyi,
  smallWorld,
  randomMatching,
  shiftOne,
  exponential,
  onePeerExponential,
  directedRandom,
  drawn,
].map(withWeights);

/** Without edges there is nothing to weigh. */
export const TOPOLOGIES: readonly TopologyEntry[] = [...GRAPHS, isolated];
