/**
 * The registry of models. A new model is one file plus one line here; its option schema makes the form,
 * the URL and the command line by itself.
 */
import { mlp } from './mlp.ts';
import type { ModelEntry } from './model.ts';

export const MODELS: readonly ModelEntry[] = [mlp];
