/**
 * The registry of models. A new model is one file plus one line here; its option schema makes the form,
 * the URL and the command line by itself.
 */
import { gpt } from './gpt.ts';
import { lenet } from './lenet.ts';
import { linear } from './linear.ts';
import { logistic } from './logistic.ts';
import { mlp } from './mlp.ts';
import type { ModelEntry } from './model.ts';
import { resnetMini } from './resnet-mini.ts';

export const MODELS: readonly ModelEntry[] = [mlp, linear, logistic, lenet, resnetMini, gpt];
