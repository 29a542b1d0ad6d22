/** The registry of algorithms: one file and one line here make a new one. */

import { aPsgd } from './a-psgd.ts';
import { acpSgd } from './acp-sgd.ts';
import { adPsgd } from './ad-psgd.ts';
import type { AlgorithmEntry } from './algorithm.ts';
import { allreduceSgd } from './allreduce-sgd.ts';
import { asyncDoubleSqueeze } from './async-double-squeeze.ts';
import { asyncModelAverage } from './async-model-average.ts';
import { byteGrad } from './byte-grad.ts';
import { chocoGossip, chocoSgd } from './choco-sgd.ts';
import { dPsgd } from './d-psgd.ts';
import { d2 } from './d2.ts';
import { dcdPsgd, lowPrecisionDPsgd } from './dcd-psgd.ts';
import { deepsqueeze } from './deepsqueeze.ts';
import { dog } from './dog.ts';
import { doubleSqueeze, oneBitSgd } from './double-squeeze.ts';
import { ecdPsgd } from './ecd-psgd.ts';
import { efSgd, efSignSgd } from './ef-sgd.ts';
import { fedavg, fedmom, fedprox } from './fedavg.ts';
import { gTopKSgd } from './g-top-k-sgd.ts';
import { gradientTracking } from './gradient-tracking.ts';
import { largeBatch } from './large-batch.ts';
import { naiveCompressed } from './naive-compressed.ts';
import { apmSqueeze, oneBitAdam } from './one-bit-adam.ts';
import { oneBitLamb } from './one-bit-lamb.ts';
import { powerSgd } from './power-sgd.ts';
import { qAdam } from './q-adam.ts';
import { qsgd } from './qsgd.ts';
import { rps } from './rps.ts';
import { saef } from './saef.ts';
import { scaffold } from './scaffold.ts';
import { onlinePushSum, overlapSgp, sgp } from './sgp.ts';
import { signSgd } from './sign-sgd.ts';
import { softSync } from './soft-sync.ts';
import { zeroOneAdam } from './zero-one-adam.ts';

export const ALGORITHMS: readonly AlgorithmEntry[] = [
  // Gossip: every worker keeps a model of its own and talks to its neighbours.
  dPsgd,
  chocoSgd,
  chocoGossip,
  d2,
  dcdPsgd,
  ecdPsgd,
  deepsqueeze,
  gradientTracking,
  lowPrecisionDPsgd,
  naiveCompressed,
  dog,
  // Asynchronous: every worker at its own speed.
  adPsgd,
  aPsgd,
  softSync,
  asyncDoubleSqueeze,
  asyncModelAverage,
  // Directed and lossy.
  sgp,
  overlapSgp,
  onlinePushSum,
  rps,
  // Federated: a server and its clients.
  fedavg,
  fedmom,
  fedprox,
  scaffold,
  // Central: all workers hold one model.
  allreduceSgd,
  efSgd,
  efSignSgd,
  qsgd,
  signSgd,
  doubleSqueeze,
  oneBitSgd,
  saef,
  gTopKSgd,
  powerSgd,
  acpSgd,
  oneBitAdam,
  apmSqueeze,
  oneBitLamb,
  zeroOneAdam,
  byteGrad,
  qAdam,
  largeBatch,
];
