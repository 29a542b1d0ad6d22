/**
 * n-softsync: asynchronous SGD whose server averages several gradients a step, each weighed by its age.
 *
 *   on a gradient g of age τ:   S ← S + a g,   a = γ where τ = 0, else γ / τ
 *   after c = ⌊λ / n_s⌋ of them:   m ← μ m + S / c,   x ← x − m,   S ← 0
 *
 * with λ workers and n_s splits. Zhang, Gupta, Lian, Liu: Staleness-aware Async-SGD for Distributed Deep
 * Learning, IJCAI 2016, arXiv 1511.05950. Staleness counts the server's steps, not gradients, and is about
 * n_s where all are equally fast. n_s = 1 is nearly synchronous, n_s = λ steps at every gradient; with
 * constant a that is Downpour. Differences from the paper: the server learns, too, as one of the workers; the
 * model is sent back after every push, also if it has not changed.
 */
import { booleanOption, numberOption } from '../base/options.ts';
import { type AlgorithmEntry, counted, held, type Node } from './algorithm.ts';
import { gradientServer, type ServerRule } from './gradient-server.ts';

/** Gradients to a step of the server. */
function gradientsOfStep(splits: number, workers: number): number {
  return Math.max(1, Math.floor(workers / splits));
}

const ruleOf = (node: Node): ServerRule => ({
  keeps: { vectors: ['S', 'm'], numbers: { gathered: 0 } },
  take(_, state, add, staleness) {
    const { compute, options, learningRate } = node;
    const aware = booleanOption(options, 'stalenessAware');
    const S = node.next('S');
    compute.linear(S, [[1, held(state, 'S')]]);
    add(S, aware && staleness > 0 ? learningRate / staleness : learningRate);
    const gathered = counted(state, 'gathered') + 1;
    const needed = gradientsOfStep(numberOption(options, 'splits'), node.size);
    if (gathered < needed) return { ...state, S, gathered };
    const m = node.next('m');
    const x = node.next('x');
    compute.linear(m, [
      [numberOption(options, 'momentum'), held(state, 'm')],
      [1 / gathered, S],
    ]);
    compute.linear(x, [
      [1, state.x],
      [-1, m],
    ]);
    compute.linear(S, []);
    return { ...state, x, S, m, gathered: 0, version: counted(state, 'version') + 1 };
  },
});

export const softSync: AlgorithmEntry = {
  ...gradientServer('n-softsync', ruleOf),
  id: 'soft-sync',
  label: 'n-softsync',
  description: 'A server steps after a share of all gradients, and trusts old ones less.',
  paper: 'Zhang et al., IJCAI 2016, arXiv 1511.05950',
  needs: 'star; whole numbers (none or fp16)',
  options: {
    splits: {
      kind: 'number',
      default: 1,
      min: 1,
      max: 256,
      integer: true,
      label: 'splits n_s',
      help: 'The server steps after every ⌊workers / splits⌋ gradients; more splits are faster, and gradients staler.',
    },
    stalenessAware: {
      kind: 'boolean',
      default: true,
      label: 'staleness-aware',
      help: 'Divides the learning rate of a gradient by its staleness. Without it many splits diverge.',
    },
    momentum: {
      kind: 'number',
      default: 0.9,
      min: 0,
      max: 0.999,
      label: 'momentum μ',
      help: 'Momentum of the server’s steps: the learning rate acts 1 / (1 − μ) times as strongly in the long run.',
    },
  },
  caution: ({ options, graph }) =>
    graph === null || numberOption(options, 'splits') <= graph.n
      ? null
      : `More splits than the ${graph.n} workers make no difference: the server steps at every gradient.`,
};
