/**
 * SGD with error feedback by all-gather: MEM-SGD, top-k SGD, and EF-signSGD.
 *
 *   p_i = e_i + γ d_i,   q_i = C(p_i),   e_i ← p_i − q_i,   x ← x − (1/n) Σ_i q_i
 *
 * with d_i the gradient, or Nesterov-free momentum of it, m_i ← μ m_i + g_i, taken before compression.
 * Stich, Cordonnier, Jaggi: Sparsified SGD with Memory, NeurIPS 2018, arXiv 1809.07599; Karimireddy, Rebjock,
 * Stich, Jaggi: Error Feedback Fixes SignSGD, ICML 2019, arXiv 1901.09847. Residuals are in step units, so
 * x − mean e moves exactly by −γ mean d whatever the schedule of γ.
 *
 * Hierarchical (HiTopKComm, Shi et al. 2020, arXiv 2010.10458): the workers of a tab sum their p, and what
 * goes from tab to tab is compressed, shard by shard; x − (1/n) Σ e then moves by −γ mean d just so.
 */
import type { OptionSchema, Options } from '../base/options.ts';
import { addResidual, keepResidual } from '../compressors/error-feedback.ts';
import { type AlgorithmEntry, type Configuration, held } from './algorithm.ts';
import { allGatherCost, allGatherMean } from './collectives/all-gather.ts';
import { hierarchicalSparseCost, hierarchicalSparseSum } from './collectives/hierarchical.ts';
import { beginResidual, ERROR_FEEDBACK, feedsBack, needsForErrors } from './feedback.ts';
import { needsComplete, needsContraction } from './needs.ts';
import { beginMomentum, OWN_MOMENTUM, pushed } from './own-momentum.ts';
import { impossible, type Refusal } from './refusal.ts';
import { adoptReplicas, stepReplica } from './replicas.ts';

const STEP = 1;

const options: OptionSchema = {
  ...ERROR_FEEDBACK,
  momentum: OWN_MOMENTUM,
};

const COLLECTIVE: OptionSchema = {
  collective: {
    kind: 'choice',
    default: 'all-gather',
    choices: ['all-gather', 'hierarchical'],
    label: 'collective',
    help: 'All-gather: everybody’s message to everybody. Hierarchical: the workers of a tab add up whole steps, and compress what goes to other tabs, each its share of the model.',
  },
};

const isHierarchical = ({ collective }: Options) => collective === 'hierarchical';

const common = {
  lossPolicy: 'view-change',
  reports: 'replica',
  options,
  cost: (given) => (isHierarchical(given.options) ? hierarchicalSparseCost(given) : allGatherCost(given)),
  async enter(node, start) {
    const { x } = await adoptReplicas(node, start, { vectors: [], numbers: {} });
    return { x, ...beginMomentum(node, start), ...beginResidual(node, start) };
  },
  async round(node, state) {
    const { compute } = node;
    const fed = feedsBack(node.options);
    const e = fed ? node.next('e') : node.scratch('left out');
    const x = node.next('x');
    const p = node.scratch('p');
    const mean = node.scratch('mean');
    const { direction, kept } = pushed(node, state, await node.gradient(state.x));
    addResidual(compute, p, [[node.learningRate, direction]], fed ? held(state, 'e') : null);
    if (isHierarchical(node.options)) {
      await hierarchicalSparseSum(node, STEP, p, mean, e);
      compute.linear(mean, [[1 / node.size, mean]]);
    } else {
      const own = await allGatherMean(node, STEP, p, mean);
      if (fed) {
        keepResidual(compute, e, p, (dest, weight, mode) => {
          node.decode(own, dest, weight, mode);
        });
      }
    }
    stepReplica(node, state.x, mean, 1, x);
    return { x, ...kept, ...(fed ? { e } : {}) };
  },
} as const satisfies Partial<AlgorithmEntry>;

export const efSgd: AlgorithmEntry = {
  ...common,
  options: { ...options, ...COLLECTIVE },
  id: 'ef-sgd',
  label: 'EF-SGD',
  description: 'Everybody sends everybody a compressed step; what was left out is added to the next.',
  paper: 'Stich et al., NeurIPS 2018, arXiv 1809.07599 (MEM-SGD, top-k SGD)',
  needs: 'complete graph; a contraction',
  prefers: { topology: { id: 'complete' }, compressor: { id: 'top-k' } },
  refuses: (given) => needsComplete('EF-SGD', given) ?? needsForErrors('EF-SGD', given, needsContraction),
};

function needsMeanSigns({ compressor, compressorOptions }: Configuration): Refusal | null {
  if (compressor === 'one-bit' && compressorOptions.scale === 'l1') return null;
  return impossible(
    'EF-signSGD sends signs with their mean magnitude: choose the compressor one-bit with scale l1, or EF-SGD, which takes any contraction.',
  );
}

export const efSignSgd: AlgorithmEntry = {
  ...common,
  id: 'ef-sign-sgd',
  label: 'EF-signSGD',
  description: 'Signs with their mean magnitude, and error feedback: signSGD made to converge.',
  paper: 'Karimireddy et al., ICML 2019, arXiv 1901.09847',
  needs: 'complete graph; one-bit with mean magnitudes (scale l1)',
  prefers: {
    topology: { id: 'complete' },
    compressor: { id: 'one-bit', options: { scale: 'l1', granularity: 'tensor' } },
  },
  refuses: (given) =>
    needsComplete('EF-signSGD', given) ??
    needsMeanSigns(given) ??
    needsForErrors('EF-signSGD', given, needsContraction),
};
