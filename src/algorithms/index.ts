/** The registry of algorithms: one file and one line here make a new one. */
import type { AlgorithmEntry } from './algorithm.ts';
import { chocoSgd } from './choco-sgd.ts';
import { dPsgd } from './d-psgd.ts';

export const ALGORITHMS: readonly AlgorithmEntry[] = [dPsgd, chocoSgd];
