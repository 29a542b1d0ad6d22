/**
 * Layer-wise rates for large batches: LARS, LAMB and CLARS over the mean of all gradients.
 *
 *   lars:   λ_l = κ ‖x_l‖ / (‖ḡ_l‖ + w ‖x_l‖)
 *   clars:  λ_l = min(0.1, κ ‖x_l‖ / ((1/n) Σ_i ‖g_i,l‖))
 *           both: m_l ← μ m_l + γ λ_l (ḡ_l + w x_l),   x_l ← x_l − m_l
 *   lamb:   u = m̂ / (√v̂ + ε) + w x,   x_l ← x_l − γ clip(‖x_l‖ / ‖u_l‖, 0.01, 10) u_l
 *
 * You, Gitman, Ginsburg, arXiv 1708.03888; You et al., ICLR 2020, arXiv 1904.00962 (with its first version's
 * bias corrections); Huo, Gu, Huang, arXiv 2002.01576. Every worker's gradient is one of CLARS's minibatches,
 * so its norms cost one number a layer. By Jensen's inequality (1/n) Σ ‖g_i‖ ≥ ‖ḡ‖: without w, CLARS is never
 * faster than LARS with the same κ. One worker works the rates out, from one read-back of two numbers a layer,
 * and tells the others; for CLARS every worker first reads its own norms back. In lars and clars biases and
 * norms (tensors with one axis) have λ_l = 1 and no decay; so has, within the cap, a layer whose weights are
 * zero. Differences: CLARS goes on to the end of the run, and its rates are inside the momentum as
 * those of LARS are, where its authors' code multiplies the momentum by them; lamb clips the ratio, as is usual
 * in code, where its paper would clip ‖x_l‖.
 */
import { choiceOption, numberOption } from '../base/options.ts';
import type { Vector } from '../compute/compute.ts';
import { hasMatrix } from '../optimizers/weight-decay.ts';
import { type AlgorithmEntry, counted, held, type Node } from './algorithm.ts';
import { meanOverAll, meanOverAllCost } from './collectives/mean.ts';
import { reported, told, toldCost } from './collectives/told.ts';
import { layerBounds, layerNorms, stepLayers, trustRatios } from './layers.ts';
import { needsCompleteOrStar, needsWholeNumbers } from './needs.ts';
import {
  ADAM_OPTIONS,
  adamDirection,
  addReplicaDecay,
  addReplicas,
  betasOf,
  corrected,
  runningMean,
  runningSquare,
  weightOf,
} from './replica-moments.ts';
import { adoptReplicas, stepReplica } from './replicas.ts';

const GRADIENT = 1;
const NORMS = 2;
const RATES = 3;

/** What κ is in the papers, where the options leave it open. */
const USUAL_TRUST: Readonly<Record<string, number>> = { lars: 0.001, clars: 0.01 };

/** CLARS: no layer's rate is larger. */
const LARGEST = 0.1;

export const largeBatch: AlgorithmEntry = {
  id: 'large-batch',
  label: 'Large batch',
  description: 'Every layer steps in proportion to its weights: LARS, LAMB or CLARS over the mean gradient.',
  paper: 'arXiv 1708.03888 (LARS), 1904.00962 (LAMB), 2002.01576 (CLARS)',
  needs: 'complete graph or star; whole numbers (none or fp16)',
  lossPolicy: 'view-change',
  reports: 'replica',
  options: {
    rule: {
      kind: 'choice',
      default: 'lars',
      choices: ['lars', 'lamb', 'clars'],
      label: 'rule',
      help: 'lars and clars want learning rates of 1 to 30, lamb of about 0.01; clars needs no warm-up of the rate.',
    },
    trust: {
      kind: 'number',
      default: 0,
      min: 1e-6,
      max: 1,
      zero: 'usual',
      label: 'trust coefficient κ',
      help: 'For lars and clars: how far a layer may move, as a share of its size, before the learning rate. Usual: 0.001 and 0.01.',
    },
    momentum: {
      kind: 'number',
      default: 0.9,
      min: 0,
      max: 0.9999,
      label: 'momentum μ',
      help: 'For lars and clars: share of the last step that is taken again.',
    },
    ...ADAM_OPTIONS,
  },
  prefers: { topology: { id: 'complete' }, compressor: { id: 'none' } },
  refuses: (given) =>
    needsCompleteOrStar('Large batch', given) ??
    needsWholeNumbers('Large batch', 'Choose none or fp16, or 1-bit LAMB, which compresses.', given),
  cost(given) {
    const { options, layout } = given;
    const whole = meanOverAllCost(given);
    const scalars = toldCost(given, layout.tensors.length);
    const ways = choiceOption(options, 'rule') === 'clars' ? 2 : 1;
    return { messages: whole.messages + ways * scalars.messages, bytes: whole.bytes + ways * scalars.bytes };
  },
  enter: (node, start) =>
    adoptReplicas(
      node,
      start,
      choiceOption(node.options, 'rule') === 'lamb'
        ? { vectors: ['m', 'v'], numbers: { t: 0 } }
        : { vectors: ['m'], numbers: {} },
    ),

  async round(node, state) {
    const { compute, learningRate, options, layout } = node;
    const rule = choiceOption(options, 'rule');
    const betas = betasOf(options);
    const trust = numberOption(options, 'trust') || (USUAL_TRUST[rule] ?? 0);
    const m = node.next('m');
    const x = node.next('x');
    const mean = node.scratch('mean');
    const gradient = await node.gradient(state.x);
    const norms = rule === 'clars' ? await reportNorms(node, gradient) : null;
    await meanOverAll(node, GRADIENT, gradient, mean);

    if (rule === 'lamb') {
      const t = counted(state, 't') + 1;
      const v = node.next('v');
      const vHat = node.scratch('corrected v');
      const u = node.scratch('direction');
      runningMean(node, m, held(state, 'm'), mean, betas.beta1);
      runningSquare(node, v, held(state, 'v'), mean, betas.beta2);
      corrected(node, vHat, v, weightOf(betas, 'beta2', t));
      adamDirection(node, u, m, vHat, t, betas);
      addReplicaDecay(node, u, state.x, betas.weightDecay);
      const ratios = await told(node, RATES, layout.tensors.length, async () => {
        const [sizes = [], steps = []] = await layerNorms(node, [state.x, u]);
        return trustRatios(sizes, steps, 0.01, 10);
      });
      const rates = ratios.map((ratio) => learningRate * ratio);
      stepLayers(node, state.x, u, rates, x);
      return { x, m, v, t };
    }

    const layerRates = await told(node, RATES, layout.tensors.length, async () => {
      const [sizes = [], gradients = []] = await layerNorms(node, [state.x, mean]);
      return layout.tensors.map((tensor, l) => {
        const size = sizes[l] ?? 0;
        const norm = norms === null ? (gradients[l] ?? 0) : meanOf(norms, l);
        if (!hasMatrix(tensor)) return 1;
        const divider = norm + (rule === 'lars' ? betas.weightDecay * size : 0);
        const rate = size === 0 || divider === 0 ? 1 : (trust * size) / divider;
        return rule === 'clars' ? Math.min(LARGEST, rate) : rate;
      });
    });
    const rates = layerRates.map((rate) => learningRate * rate);
    addReplicaDecay(node, mean, state.x, betas.weightDecay);
    const pull = node.scratch('scaled gradient');
    compute.slices.addScaledChunks(pull, mean, layerBounds(layout), rates, 'set');
    compute.linear(m, [[numberOption(options, 'momentum'), held(state, 'm')]]);
    addReplicas(node, m, m, pull);
    stepReplica(node, state.x, m, 1, x);
    return { x, m };
  },
};

/** The norms of everybody's own gradient, by rank and layer, for the worker that works the rates out. */
async function reportNorms(node: Node, gradient: Vector): Promise<readonly (readonly number[])[] | null> {
  const [own = []] = await layerNorms(node, [gradient]);
  return reported(node, NORMS, own);
}

function meanOf(norms: readonly (readonly number[])[], layer: number): number {
  return norms.reduce((sum, own) => sum + (own[layer] ?? 0), 0) / norms.length;
}
