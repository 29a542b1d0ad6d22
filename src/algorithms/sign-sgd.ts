/**
 * signSGD and Signum with majority vote: one bit a coordinate in both directions, nothing else.
 *
 *   m_i ← β m_i + (1 − β) g_i,   V = sign(Σ_i sign(m_i)),   x ← x − γ (V + λ x)
 *
 * Bernstein, Wang, Azizzadenesheli, Anandkumar: signSGD, ICML 2018, arXiv 1802.04434; with majority vote:
 * Bernstein, Zhao, Azizzadenesheli, Anandkumar, ICLR 2019, arXiv 1810.05291. β = 0 is signSGD. A bit cannot
 * carry zero: sign(0) = +1, so a tie of an even number of workers counts as +1. Every coordinate moves by
 * exactly γ, so γ is of the size that Adam takes. The vote is counted by the centre of a star, or on the
 * complete graph by every worker for its part.
 */
import { numberOption } from '../base/options.ts';
import { type AlgorithmEntry, held } from './algorithm.ts';
import { twoPassCost, twoPassMean } from './collectives/two-pass.ts';
import { needsCompleteOrStar } from './needs.ts';
import { impossible } from './refusal.ts';
import { adoptReplicas, stepReplica } from './replicas.ts';

const SIGNS = 1;

export const signSgd: AlgorithmEntry = {
  id: 'sign-sgd',
  label: 'signSGD',
  description: 'Workers vote on the sign of every coordinate; with momentum it is Signum.',
  paper: 'Bernstein et al., ICML 2018, arXiv 1802.04434',
  needs: 'complete graph or star; one-bit without a scale',
  lossPolicy: 'view-change',
  reports: 'replica',
  options: {
    momentum: {
      kind: 'number',
      default: 0,
      min: 0,
      max: 0.999,
      label: 'momentum β',
      help: '0 is signSGD; 0.9 is Signum, which votes on the sign of a running mean.',
    },
    weightDecay: {
      kind: 'number',
      default: 0,
      min: 0,
      max: 1,
      label: 'weight decay λ',
      help: 'Share of the parameters that is added to every vote.',
    },
  },
  prefers: { topology: { id: 'complete' }, compressor: { id: 'one-bit', options: { scale: 'none' } } },
  refuses(given) {
    const { compressor, compressorOptions } = given;
    if (compressor !== 'one-bit' || compressorOptions.scale !== 'none') {
      return impossible('signSGD sends bare signs: choose the compressor one-bit with scale none.');
    }
    return needsCompleteOrStar('signSGD', given);
  },
  cost: twoPassCost,

  async enter(node, start) {
    const { x } = await adoptReplicas(node, start, { vectors: [], numbers: {} });
    const m = node.next('m');
    node.compute.linear(m, start.previous === null ? [] : [[1, held(start.previous, 'm')]]);
    return { x, m };
  },

  async round(node, state) {
    const { compute } = node;
    const beta = numberOption(node.options, 'momentum');
    const m = node.next('m');
    const x = node.next('x');
    const vote = node.scratch('vote');
    compute.linear(m, [
      [beta, held(state, 'm')],
      [1 - beta, await node.gradient(state.x)],
    ]);
    // Signs in, the sign of their sum out: the mean of ±1 has the sign of the vote. Alone, its own.
    if (node.size > 1) await twoPassMean(node, SIGNS, m, vote, null);
    else node.decode(await node.compressed().encode(m, SIGNS), vote, 1, 'set');
    const decay = numberOption(node.options, 'weightDecay');
    if (decay > 0)
      compute.linear(vote, [
        [1, vote],
        [decay, state.x],
      ]);
    stepReplica(node, state.x, vote, node.learningRate, x);
    return { x, m };
  },
};
