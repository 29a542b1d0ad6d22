/**
 * A-PSGD: asynchronous parallel SGD with a parameter server (AsySG-con).
 *
 *   worker: pull (x, k');  g = ∇F(x; ξ);  push g          server, for every g:  x ← x − γ g,  k ← k + 1
 *
 * with staleness τ = k − k'. Lian, Huang, Li, Liu: Asynchronous Parallel Stochastic Gradient for Nonconvex
 * Optimization, NeurIPS 2015, arXiv 1506.08272. After K gradients x_K = x_0 − γ Σ g, whoever they are from.
 * Differences from the paper: the answer to a push is the next pull; the server learns, too, as one of the
 * workers. Alone it is plain SGD.
 */
import { type AlgorithmEntry, counted } from './algorithm.ts';
import { gradientServer, type ServerRule } from './gradient-server.ts';

const RULE: ServerRule = {
  keeps: { vectors: [], numbers: {} },
  take(node, state, add) {
    const x = node.next('x');
    node.compute.linear(x, [[1, state.x]]);
    add(x, -node.learningRate);
    return { ...state, x, version: counted(state, 'version') + 1 };
  },
};

export const aPsgd: AlgorithmEntry = {
  ...gradientServer('A-PSGD', () => RULE),
  id: 'a-psgd',
  label: 'A-PSGD',
  description: 'A server applies every gradient as it comes, however old; nobody waits.',
  paper: 'Lian et al., NeurIPS 2015, arXiv 1506.08272',
  needs: 'star; whole numbers (none or fp16)',
  options: {},
};
