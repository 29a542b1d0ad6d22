/**
 * Local steps: several steps between two exchanges. McMahan et al., "Communication-efficient learning
 * of deep networks from decentralized data", AISTATS 2017, arXiv 1602.05629; for gossip: Wang and Joshi,
 * "Cooperative SGD", 2018, arXiv 1808.07576. One local step is the algorithm as its paper has it.
 */
import { numberOption, type OptionSchema, type Options } from '../base/options.ts';
import type { Vector } from '../compute/compute.ts';
import type { Node, State } from './algorithm.ts';
import { type OptimizerEntries, stepLocally } from './local-optimizer.ts';

export const LOCAL_STEPS: OptionSchema = {
  localSteps: {
    kind: 'number',
    default: 1,
    min: 1,
    max: 1000,
    integer: true,
    label: 'local steps',
    help: 'Gradient steps that a worker takes by itself between two exchanges; more saves traffic.',
  },
};

/** For `AlgorithmEntry.gradients`. */
export const localSteps = (options: Options): number => numberOption(options, 'localSteps');

/**
 * h ← as many steps of the recipe's optimizer from x as the options say; with plain SGD
 * x − γ g(x; ξ_1) − γ g(·; ξ_2) − … . Returns what the optimizer remembers, for the next state. `h` must not
 * be the state's x.
 */
export function descend(node: Node, state: State, h: Vector): Promise<OptimizerEntries> {
  return stepLocally(node, state, state.x, h, localSteps(node.options));
}
