/**
 * A-PSGD: asynchronous parallel SGD with a parameter server (AsySG-con).
 *
 *   worker: pull (x, k');  g = ∇F(x; ξ);  push g          server, for every g:  x ← x − γ g,  k ← k + 1
 *
 * or, with momentum at the server,  m ← μ m + γ g,  x ← x − m,  with staleness τ = k − k'. Lian, Huang, Li, Liu: Asynchronous Parallel Stochastic Gradient for Nonconvex
 * Optimization, NeurIPS 2015, arXiv 1506.08272. After K gradients x_K = x_0 − γ Σ g, whoever they are from.
 * Differences from the paper: the answer to a push is the next pull; the server learns, too, as one of the
 * workers. Alone it is plain SGD. The paper has no momentum; this one is that of the server of n-softsync
 * (Zhang, Gupta, Lian, Liu, IJCAI 2016, arXiv 1511.05950) with as many splits as workers and a constant rate,
 * which is this algorithm.
 */
import { numberOption } from '../base/options.ts';
import { type AlgorithmEntry, counted, held, type Node } from './algorithm.ts';
import { gradientServer, type ServerRule } from './gradient-server.ts';

const PLAIN: ServerRule = {
  keeps: { vectors: [], numbers: {} },
  take(node, state, add) {
    const x = node.next('x');
    node.compute.linear(x, [[1, state.x]]);
    add(x, -node.learningRate);
    return { ...state, x, version: counted(state, 'version') + 1 };
  },
};

const WITH_MOMENTUM: ServerRule = {
  keeps: { vectors: ['m'], numbers: {} },
  take(node, state, add) {
    const m = node.next('m');
    const x = node.next('x');
    node.compute.linear(m, [[numberOption(node.options, 'momentum'), held(state, 'm')]]);
    add(m, node.learningRate);
    node.compute.linear(x, [
      [1, state.x],
      [-1, m],
    ]);
    return { ...state, x, m, version: counted(state, 'version') + 1 };
  },
};

const ruleOf = ({ options }: Node) => (numberOption(options, 'momentum') === 0 ? PLAIN : WITH_MOMENTUM);

export const aPsgd: AlgorithmEntry = {
  ...gradientServer('A-PSGD', ruleOf),
  id: 'a-psgd',
  label: 'A-PSGD',
  description: 'A server applies every gradient as it comes, however old; nobody waits.',
  paper: 'Lian et al., NeurIPS 2015, arXiv 1506.08272',
  needs: 'star; whole numbers (none or fp16)',
  options: {
    momentum: {
      kind: 'number',
      default: 0,
      min: 0,
      max: 0.999,
      label: 'momentum μ',
      help: 'Momentum of the server’s steps; 0 is the paper’s. It makes stale gradients count for longer.',
    },
  },
};
