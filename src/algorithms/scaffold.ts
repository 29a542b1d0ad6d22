/**
 * SCAFFOLD: federated averaging whose clients correct their gradients for what is peculiar to their data.
 *
 *   client k:  y ← w,  then H steps  y ← y − γ (g_k(y) − c_k + c);   c_k⁺ = c_k − c + (w − y) / (H γ)
 *   server:    w ← w + η (mean_k y_k − w),   c ← c + (1 / n) Σ_k (c_k⁺ − c_k)
 *
 * Karimireddy, Kale, Mohri, Reddi, Stich, Suresh: SCAFFOLD, ICML 2020, arXiv 1910.06378, option II of its
 * algorithm 1, with its global rate η (1 by default) and clients of equal weight. A comparator for FedMom and FedProx. Two
 * vectors travel each way. With local epochs H is each client's own. Differences from the paper: after a view change control variates begin at zero.
 */
import { type AlgorithmEntry, counted, held } from './algorithm.ts';
import {
  beginFederated,
  clientsOf,
  collect,
  distribute,
  FEDERATED_OPTIONS,
  federatedCost,
  isCurrent,
  localEpochs,
  needsStar,
  rests,
  rowsIn,
  SERVER_RATE,
  serverRate,
  trainLocally,
} from './federated.ts';
import { localSteps } from './local-steps.ts';
import { needsWholeNumbers } from './needs.ts';
import { serverOf } from './reported.ts';

const MODEL = 1;
const VARIATE = 2;
const NEXT_MODEL = 4;
const NEXT_VARIATE = 5;

export const scaffold: AlgorithmEntry = {
  id: 'scaffold',
  label: 'SCAFFOLD',
  description: 'FedAvg whose clients correct for what is peculiar to their data.',
  paper: 'Karimireddy et al., ICML 2020, arXiv 1910.06378',
  needs: 'star (or complete graph); whole numbers, twice',
  lossPolicy: 'view-change',
  reports: 'server',
  current: isCurrent,
  prefers: { topology: { id: 'star' }, compressor: { id: 'none' } },
  options: { ...FEDERATED_OPTIONS, ...SERVER_RATE },
  gradients: localSteps,
  epochs: localEpochs,
  rests,
  refuses: (given) =>
    needsStar('SCAFFOLD', given) ?? needsWholeNumbers('SCAFFOLD', 'Choose none or fp16.', given),
  cost(given) {
    const { messages, bytes } = federatedCost(given);
    return { messages: 2 * messages, bytes: 2 * bytes };
  },

  async enter(node, start) {
    const state = await beginFederated(node, start, []);
    const c = node.next('c');
    const own = node.next('own');
    node.compute.linear(c, []);
    node.compute.linear(own, []);
    return { ...state, c, own };
  },

  async round(node, state) {
    const { compute, rank, round, size } = node;
    const clients = clientsOf(node, round);
    const w = state.x;
    const before = held(state, 'own');
    const common = held(state, 'c');
    const y = node.scratch('y');
    const own = node.next('own');
    const change = node.scratch('change');
    compute.linear(own, [[1, before]]);
    compute.linear(change, []);
    if (clients.includes(rank) && node.learningRate > 0) {
      await trainLocally(node, w, y, (_at, gradient) => [
        [1, gradient],
        [-1, before],
        [1, common],
      ]);
      const scale = 1 / (node.gradients * node.learningRate);
      compute.linear(change, [
        [-1, common],
        [scale, w],
        [-scale, y],
      ]);
      compute.linear(own, [
        [1, before],
        [1, change],
      ]);
    } else compute.linear(y, [[1, w]]);
    const models = await collect(node, MODEL, clients, y);
    const changes = await collect(node, VARIATE, clients, change);
    const x = node.next('x');
    const c = node.next('c');
    compute.linear(c, [[1, common]]);
    compute.linear(x, [[1, w]]);
    if (rank === serverOf(node.graph)) {
      const eta = serverRate(node);
      compute.linear(x, eta === 1 ? [] : [[1 - eta, w]]);
      for (const model of models) node.decode(model, x, eta / clients.length, 'add');
      for (const each of changes) node.decode(each, c, 1 / size, 'add');
    }
    const latest = await distribute(node, NEXT_MODEL, x);
    await distribute(node, NEXT_VARIATE, c);
    return { x, c, own, at: latest ? round + 1 : counted(state, 'at'), ...rowsIn(state) };
  },
};
