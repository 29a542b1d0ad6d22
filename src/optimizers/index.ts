/**
 * The registry of optimizers. A new optimizer is one file plus one line here; its option schema makes the
 * form, the URL and the command line by itself.
 */
import { adam } from './adam.ts';
import { adamw } from './adamw.ts';
import { clars } from './clars.ts';
import { lamb } from './lamb.ts';
import { lars } from './lars.ts';
import { momentum } from './momentum.ts';
import { nesterov } from './nesterov.ts';
import type { OptimizerEntry } from './optimizer.ts';
import { sgd } from './sgd.ts';

export const OPTIMIZERS: readonly OptimizerEntry[] = [
  sgd,
  momentum,
  nesterov,
  adam,
  adamw,
  lars,
  lamb,
  clars,
];
