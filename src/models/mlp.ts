/**
 * `mlp`: fully connected layers with ReLU, tanh or GELU between them, softmax cross-entropy at the end.
 *
 * Rumelhart, Hinton and Williams 1986, in its plainest modern form. No hidden layer at all is
 * multinomial logistic regression. ReLU is fused with the products in both directions; the others keep the
 * value before them and are passes of their own. Weights are [outputs, inputs], as torch keeps them.
 */
import { choiceOption, numbersOption, type Options } from '../base/options.ts';
import type { ActivationKind } from '../compute/activation.ts';
import type { Compute } from '../compute/compute.ts';
import { activate } from './layers/activate.ts';
import { dense } from './layers/dense.ts';
import type { Layer, Value } from './layers/layer.ts';
import { heUniform, packLayout, type Run, runOf, tensorOf } from './layout.ts';
import type { DataShape, Layout, ModelEntry, Program } from './model.ts';
import { crossEntropy, type ProgramLayer, RowProgram } from './row-program.ts';

/** Rows of one forward pass during evaluation; more saves few dispatches and costs memory. */
const EVALUATION_ROWS = 500;

const pathOf = (layer: number) => `layers.${layer}.`;
const weightName = (layer: number) => `${pathOf(layer)}weight`;
const biasName = (layer: number) => `${pathOf(layer)}bias`;

export const mlp: ModelEntry = {
  id: 'mlp',
  label: 'MLP',
  description: 'Fully connected layers with ReLU (or tanh, or GELU) between them.',
  options: {
    hidden: {
      kind: 'numbers',
      label: 'hidden layers',
      help: 'Units of each hidden layer, from input to output; none at all is logistic regression.',
      default: [128],
      min: 1,
      max: 1024,
      integer: true,
      maxLength: 4,
    },
    activation: {
      kind: 'choice',
      label: 'activation',
      help: 'What a hidden unit makes of its sum: relu, tanh, or gelu (in its tanh form).',
      default: 'relu',
      choices: ['relu', 'tanh', 'gelu'],
    },
  },

  layout(options: Options, data: DataShape): Layout {
    const sizes = [data.width, ...numbersOption(options, 'hidden'), data.classes];
    return packLayout(
      sizes
        .slice(1)
        .flatMap((outputs, layer) => [
          [weightName(layer), [outputs, sizes[layer] ?? 0]] as const,
          [biasName(layer), [outputs]] as const,
        ]),
    );
  },

  initialise: heUniform,

  program: (compute, layout, options, batch) => mlpProgram(compute, layout, batch, activationOf(options)),
};

function activationOf(options: Options): ActivationKind {
  const kind = choiceOption(options, 'activation');
  return kind === 'tanh' || kind === 'gelu' ? kind : 'relu';
}

function mlpProgram(compute: Compute, layout: Layout, batch: number, kind: ActivationKind): Program {
  const count = layout.tensors.length / 2;
  const shapes = Array.from({ length: count }, (_, at) => tensorOf(layout, weightName(at)).shape);
  const outputs = shapes.at(-1)?.[0] ?? 0;
  return new RowProgram(compute, layout, batch, {
    width: shapes[0]?.[1] ?? 0,
    outputs,
    evaluationRows: EVALUATION_ROWS,
    loss: crossEntropy(compute, outputs),
    bind(site) {
      const layers: ProgramLayer[] = [];
      let value: Value = { vector: site.features, rectified: false };
      const add = (made: Layer, at: number, run: Run | null) => {
        const offset = (tensor: string) => tensorOf(layout, pathOf(at) + tensor).offset;
        const bound = made.bind({ compute, ...site, wantsInputGradient: layers.length > 0, offset }, value);
        layers.push({ ...bound, run });
        value = bound.output;
      };
      for (const [at, [units = 0, inputs = 0]] of shapes.entries()) {
        const hidden = at + 1 < count;
        const fused = hidden && kind === 'relu' ? 'relu' : 'none';
        add(dense(units, fused)([inputs]), at, runOf(layout, pathOf(at)));
        if (hidden && kind !== 'relu') add(activate(kind)([units]), at, null);
      }
      return { layers, output: value.vector };
    },
  });
}
