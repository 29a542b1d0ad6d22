/**
 * FedAvg, and two that change one line of it: FedMom adds momentum at the server, FedProx a pull towards
 * the server's model at the clients.
 *
 *   client k:  y ← w,  then H steps, or E epochs of ⌈n_k / batch⌉,  y ← y − γ (g_k(y) + μ (y − w));   w_k = y
 *   server:    Δ = Σ_k (n_k / Σ n) (w − w_k),   v⁺ = w − η Δ,   w ← v⁺ + β (v⁺ − v),   v ← v⁺
 *
 * μ = β = 0 and η = 1 is FedAvg: McMahan et al., AISTATS 2017, arXiv 1602.05629; with another η it is FedOpt with
 * plain SGD at the server (Reddi et al., Adaptive Federated Optimization, ICLR 2021, arXiv 2003.00295, algorithm
 * 1). β > 0 is FedMom with its server rate η: Huo, Yang, Gu, Carin, Huang, 2020, arXiv 2002.02090, with v = w_0
 * at the start, not the zeros of the authors' code. μ > 0 is FedProx, whose paper has no server rate: Li, Sahu,
 * Zaheer, Sanjabi, Talwalkar, Smith, MLSys 2020, arXiv 1812.06127.
 */
import { numberOption, type OptionSchema } from '../base/options.ts';
import { type AlgorithmEntry, counted, held, type Node, type Start, type State } from './algorithm.ts';
import {
  beginFederated,
  clientsOf,
  clientWeights,
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
const NEXT = 2;

const common = {
  lossPolicy: 'view-change',
  reports: 'server',
  current: isCurrent,
  optimizers: 'local',
  needs: 'star (or complete graph); whole numbers',
  prefers: { topology: { id: 'star' }, compressor: { id: 'none' } },
  options: FEDERATED_OPTIONS,
  gradients: localSteps,
  epochs: localEpochs,
  cost: federatedCost,
  enter: begin,
  rests,
  round: (node, state) => federate(node, state, { beta: 0, mu: 0, eta: 1 }),
} as const satisfies Partial<AlgorithmEntry>;

const whole = (name: string, given: Parameters<AlgorithmEntry['refuses']>[0]) =>
  needsStar(name, given) ?? needsWholeNumbers(name, 'Choose none or fp16.', given);

export const fedavg: AlgorithmEntry = {
  ...common,
  id: 'fedavg',
  label: 'FedAvg',
  description: 'Some clients train for a while; a server averages their models.',
  paper: 'McMahan et al., AISTATS 2017, arXiv 1602.05629',
  options: { ...FEDERATED_OPTIONS, ...SERVER_RATE },
  refuses: (given) => whole('FedAvg', given),
  round: (node, state) => federate(node, state, { beta: 0, mu: 0, eta: serverRate(node) }),
};

const BETA: OptionSchema = {
  beta: {
    kind: 'number',
    default: 0.9,
    min: 0,
    max: 0.999,
    label: 'server momentum β',
    help: 'How much of the server’s last step it takes again; 0 is FedAvg.',
  },
};

export const fedmom: AlgorithmEntry = {
  ...common,
  id: 'fedmom',
  label: 'FedMom',
  description: 'FedAvg with momentum at the server.',
  paper: 'Huo et al., 2020, arXiv 2002.02090',
  options: { ...FEDERATED_OPTIONS, ...SERVER_RATE, ...BETA },
  refuses: (given) => whole('FedMom', given),
  round: (node, state) =>
    federate(node, state, { beta: numberOption(node.options, 'beta'), mu: 0, eta: serverRate(node) }),
};

const MU: OptionSchema = {
  mu: {
    kind: 'number',
    default: 0.01,
    min: 0,
    max: 100,
    label: 'pull μ',
    help: 'How strongly clients are held near the server’s model; 0 is FedAvg.',
  },
};

export const fedprox: AlgorithmEntry = {
  ...common,
  id: 'fedprox',
  label: 'FedProx',
  description: 'FedAvg whose clients are held near the server’s model.',
  paper: 'Li et al., MLSys 2020, arXiv 1812.06127',
  options: { ...FEDERATED_OPTIONS, ...MU },
  refuses: (given) => whole('FedProx', given),
  round: (node, state) => federate(node, state, { beta: 0, mu: numberOption(node.options, 'mu'), eta: 1 }),
};

/** v begins where the model is, at w_0 and wherever it is not the server's: who takes over has no momentum yet. */
async function begin(node: Node, start: Start): Promise<State> {
  const state = await beginFederated(node, start, ['v']);
  if (counted(state, 'at') > 0 && node.rank === serverOf(node.graph)) return state;
  const v = node.next('v');
  node.compute.linear(v, [[1, state.x]]);
  return { ...state, v };
}

/** Of the server's momentum, of the clients' pull, and of the server's step. */
interface Factors {
  readonly beta: number;
  readonly mu: number;
  readonly eta: number;
}

async function federate(node: Node, state: State, { beta, mu, eta }: Factors): Promise<State> {
  const { compute, rank, round } = node;
  const clients = clientsOf(node, round);
  const w = state.x;
  const y = node.scratch('y');
  if (clients.includes(rank)) {
    await trainLocally(node, w, y, (at, gradient) => {
      const step = [[1, gradient]] as const;
      return mu === 0 ? step : [...step, [mu, at], [-mu, w]];
    });
  }
  const models = await collect(node, MODEL, clients, y);
  const x = node.next('x');
  const v = node.next('v');
  compute.linear(x, [[1, w]]);
  if (rank === serverOf(node.graph)) {
    // With η = 1, v⁺ = w − Δ is the weighted mean of the clients' models.
    const weights = clientWeights(state, clients);
    compute.linear(v, eta === 1 ? [] : [[1 - eta, w]]);
    for (const model of models) node.decode(model, v, eta * (weights.get(model.rank) ?? 0), 'add');
    compute.linear(x, [
      [1 + beta, v],
      [-beta, held(state, 'v')],
    ]);
  }
  const latest = await distribute(node, NEXT, x);
  // Where there is no server v is the model: who rests holds just that.
  if (rank !== serverOf(node.graph)) compute.linear(v, [[1, x]]);
  return { x, v, at: latest ? round + 1 : counted(state, 'at'), ...rowsIn(state) };
}
