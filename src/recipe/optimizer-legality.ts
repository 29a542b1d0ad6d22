/**
 * Whether an algorithm takes the recipe's optimizer. Many methods are defined by the step they take, and
 * would silently be something else with another: they are refused, with what to choose instead.
 */
import type { AlgorithmEntry } from '../algorithms/algorithm.ts';
import { ALGORITHMS } from '../algorithms/index.ts';
import { findEntry } from '../base/registry.ts';
import { OPTIMIZERS } from '../optimizers/index.ts';
import type { OptimizerEntry } from '../optimizers/optimizer.ts';
import type { Recipe } from './recipe.ts';

const LAYER_WISE = ['lars', 'lamb', 'clars'];
const ADAMS = ['adam', 'adamw'];
/** From our own runs of the default model: at 0.02 Adam still learns, at the usual rate of SGD it does not. */
const ADAMS_MOST = 0.02;

function takes({ optimizers }: AlgorithmEntry, { id, needsLayerNorms }: OptimizerEntry): boolean {
  if (optimizers === 'local') return needsLayerNorms !== true;
  return optimizers?.includes(id) ?? false;
}

/** Why the algorithm does not take the optimizer, and what to choose instead; or null. */
export function optimizerRefusal({ algorithm, optimizer }: Recipe): string | null {
  const taker = findEntry('algorithm', ALGORITHMS, algorithm.id);
  const entry = findEntry('optimizer', OPTIMIZERS, optimizer.id);
  if (takes(taker, entry)) return null;
  const others = [
    ALGORITHMS.find((other) => other.optimizers === 'local' && takes(other, entry)),
    ALGORITHMS.find((other) => other.optimizers !== 'local' && takes(other, entry)),
  ].flatMap((other) => (other === undefined ? [] : [other.label]));
  const elsewhere =
    others.length === 0 ? '' : `, or an algorithm that takes ${entry.label}, such as ${others.join(' or ')}`;
  const { optimizers } = taker;
  if (optimizers === undefined) {
    if (entry.id !== 'sgd') {
      return `${taker.label} has a step of its own: choose the optimizer sgd${elsewhere}.`;
    }
    if (optimizer.options.weightDecay === 0) return null;
    return `${taker.label} takes no weight decay of an optimizer: set it to 0${elsewhere}.`;
  }
  if (optimizers === 'local') {
    return `${entry.label} weighs layers by the gradients of all workers: choose the algorithm Large batch, which has it, or the optimizer lars.`;
  }
  const taken = `${optimizers.slice(0, -1).join(', ')} or ${optimizers.at(-1)}`;
  const instead = LAYER_WISE.includes(entry.id) ? ', or the algorithm Large batch, which has it' : elsewhere;
  return `${taker.label} does not take the optimizer ${entry.label}: choose ${taken}${instead}.`;
}

/** Why the optimizer, though legal, is likely to disappoint; or null. */
export function optimizerCaution({ optimizer, lr }: Recipe): string | null {
  if (!ADAMS.includes(optimizer.id) || lr <= ADAMS_MOST) return null;
  const { label } = findEntry('optimizer', OPTIMIZERS, optimizer.id);
  return `${label} moves every weight by about the learning rate, and ${lr} is much; try 0.001.`;
}
