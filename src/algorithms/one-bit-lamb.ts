/**
 * 1-bit LAMB: LAMB until its variance has settled, then compressed momentum with layer ratios that follow
 * what is still seen of the variance.
 *
 * Warm-up, dense:  u = m̂ / (√v̂ + ε) + λ x,  c_l = clip(‖x_l‖ / ‖u_l‖, c_min, c_max),  x_l ← x_l − γ c_l u_l,
 *                  c̄_l ← β_c c̄_l + (1 − β_c) c_l
 * then, v̂ and c̄ frozen, s_l = mean_k rms(m_k) / rms(m_l), v' = v̂:
 *   m_i = β1 m + (1 − β1) g_i,   m ← (1/s) two-pass mean of C(s m_i),
 *   ĝ = (m − β1 m_old) / (1 − β1),   v' ← β2 v' + (1 − β2) ĝ²,
 *   f_l = max_k (√v̂_k + ε) / (√v'_k + ε), eased by λ, clipped, and changed by at most a share a round,
 *   x_l ← x_l − γ c̄_l f_l u_l
 *
 * Li, Awan, Tang, Rajbhandari, He: 1-bit LAMB, HiPC 2022, arXiv 2104.06069. One worker works the layers'
 * numbers out, reading back one to three numbers a layer each round, and tells the others. Differences from the
 * authors' code: moments are corrected for their start at zero, and c̄ for the same reason begins with the first
 * ratio; with `biasCorrection` off neither is, and c̄ begins at 0. ε is 1e-5, not 1e-8; coordinates without
 * momentum at the end of the warm-up are left alone (see `frozen-adam.ts`); each part and block has a scale of
 * its own, where the code has one for the whole; s is at most 10⁶.
 */
import { numberOption, type OptionSchema } from '../base/options.ts';
import type { Vector } from '../compute/compute.ts';
import { type AlgorithmEntry, counted, held, type Node, type State } from './algorithm.ts';
import { meanOverAll } from './collectives/mean.ts';
import { told, toldCost } from './collectives/told.ts';
import { beginResiduals, residualsIn, twoPassCost, twoPassMean } from './collectives/two-pass.ts';
import { ERROR_FEEDBACK, needsForErrors } from './feedback.ts';
import { dense, freeze, maskBy } from './frozen-adam.ts';
import { layerBounds, layerNorms, stepLayers, trustRatios } from './layers.ts';
import { needsBoundedError, needsCompleteOrStar } from './needs.ts';
import {
  adamDirection,
  addReplicaDecay,
  betasOf,
  corrected,
  FROZEN_ADAM_OPTIONS,
  runningMean,
  runningSquare,
  weightOf,
} from './replica-moments.ts';
import { adoptReplicas } from './replicas.ts';
import { afterWarmUpStep, WARM_UP, WARM_UP_NUMBERS, warmUpIn } from './warm-up.ts';

const GRADIENT = 1;
const MOMENTUM = 2;
const RATIOS = 3;
const SCALES = 4;
const FACTORS = 5;

const options: OptionSchema = {
  ...WARM_UP,
  ...ERROR_FEEDBACK,
  ...FROZEN_ADAM_OPTIONS,
  minRatio: {
    kind: 'number',
    default: 0.01,
    min: 0,
    max: 1,
    label: 'smallest ratio c',
    help: 'In the warm-up a layer takes at least this multiple of Adam’s step.',
  },
  maxRatio: {
    kind: 'number',
    default: 10,
    min: 1,
    max: 1000,
    label: 'largest ratio c',
    help: 'In the warm-up a layer takes at most this multiple of Adam’s step.',
  },
  ratioBeta: {
    kind: 'number',
    default: 0.9,
    min: 0,
    max: 0.9999,
    label: 'β of the ratios',
    help: 'Share of the running mean of a layer’s ratio that is kept each round of the warm-up.',
  },
  minFactor: {
    kind: 'number',
    default: 0.5,
    min: 0,
    max: 1,
    label: 'smallest factor f',
    help: 'After the warm-up a layer’s ratio is at least this multiple of the frozen one.',
  },
  maxFactor: {
    kind: 'number',
    default: 4,
    min: 1,
    max: 1000,
    label: 'largest factor f',
    help: 'After the warm-up a layer’s ratio is at most this multiple of the frozen one.',
  },
  factorChange: {
    kind: 'number',
    default: 0.1,
    min: 0,
    max: 1,
    label: 'change of f a round',
    help: 'By what share of itself a layer’s factor may change in one round.',
  },
};

/** One number for each layer, by name: 'c', 'f' or 's' and the layer's. */
const named = (letter: string, values: readonly number[]) =>
  Object.fromEntries(values.map((value, l) => [`${letter} ${l}`, value]));

const perLayer = ({ layout }: Node, state: State, letter: string) =>
  layout.tensors.map((_, l) => counted(state, `${letter} ${l}`));

export const oneBitLamb: AlgorithmEntry = {
  id: 'one-bit-lamb',
  label: '1-bit LAMB',
  description: 'LAMB at first; then one-bit momentum, with layer rates that follow the variance.',
  paper: 'Li et al., HiPC 2022, arXiv 2104.06069',
  needs: 'complete graph or star; any compressor whose error is bounded',
  lossPolicy: 'view-change',
  reports: 'replica',
  options,
  prefers: { topology: { id: 'complete' }, compressor: { id: 'one-bit', options: { scale: 'l2' } } },
  refuses: (given) =>
    needsCompleteOrStar('1-bit LAMB', given) ?? needsForErrors('1-bit LAMB', given, needsBoundedError),
  cost(given) {
    const passes = twoPassCost(given);
    const factors = toldCost(given, given.layout.tensors.length);
    return { messages: passes.messages + factors.messages, bytes: passes.bytes + factors.bytes };
  },
  async enter(node, start) {
    const ones = node.layout.tensors.map(() => 1);
    // A mean ratio of 0: none yet.
    const none = ones.map(() => 0);
    const numbers = { ...WARM_UP_NUMBERS, ...named('c', none), ...named('f', ones), ...named('s', ones) };
    const replicas = await adoptReplicas(node, start, { vectors: ['m', 'v', 'vNow'], numbers });
    return { ...replicas, ...beginResiduals(node, start) };
  },
  round: (node, state) =>
    counted(state, 'frozen') === 1 ? compressedRound(node, state) : warmUpRound(node, state),
};

async function warmUpRound(node: Node, state: State): Promise<State> {
  const { compute, layout, learningRate, options: given } = node;
  const betas = betasOf(given);
  const layers = layout.tensors.length;
  const t = counted(state, 't') + 1;
  const m = node.next('m');
  const v = node.next('v');
  const x = node.next('x');
  const mean = node.scratch('mean');
  const vHat = node.scratch('corrected v');
  const u = node.scratch('direction');
  await meanOverAll(node, GRADIENT, await node.gradient(state.x), mean, dense(node));
  runningMean(node, m, held(state, 'm'), mean, betas.beta1);
  runningSquare(node, v, held(state, 'v'), mean, betas.beta2);
  corrected(node, vHat, v, weightOf(betas, 'beta2', t));
  adamDirection(node, u, m, vHat, t, betas);
  addReplicaDecay(node, u, state.x, betas.weightDecay);
  const ratios = await told(node, RATIOS, layers, async () => {
    const [sizes = [], steps = []] = await layerNorms(node, [state.x, u]);
    return trustRatios(sizes, steps, numberOption(given, 'minRatio'), numberOption(given, 'maxRatio'));
  });
  const rates = ratios.map((ratio) => learningRate * ratio);
  stepLayers(node, state.x, u, rates, x);

  const keep = numberOption(given, 'ratioBeta');
  const means = perLayer(node, state, 'c').map((before, l) => {
    const ratio = ratios[l] ?? 1;
    // A ratio of exactly one is that of a layer that has no size yet.
    if (ratio === 1) return before;
    return before === 0 && betas.corrects ? ratio : keep * before + (1 - keep) * ratio;
  });
  const stage = await afterWarmUpStep(node, state, t, v, betas);
  const rest = { ...named('f', perLayer(node, state, 'f')), ...residualsIn(state) };
  if (stage.frozen !== 1) {
    const scales = named('s', perLayer(node, state, 's'));
    return { x, m, v, vNow: held(state, 'vNow'), ...stage, ...named('c', means), ...scales, ...rest };
  }
  freeze(node, m, vHat, v);
  const vNow = node.next('vNow');
  compute.linear(vNow, [[1, v]]);
  const scales = await told(node, SCALES, layers, () => evenScales(node, m));
  return { x, m, v, vNow, ...stage, ...named('c', means), ...named('s', scales), ...rest };
}

/** s_l = mean_k rms(m_k) / rms(m_l): what brings all layers' momentum to one size; 1 where there is none. */
async function evenScales(node: Node, m: Vector): Promise<readonly number[]> {
  const [norms = []] = await layerNorms(node, [m]);
  const sizes = node.layout.tensors.map(({ length }, l) => (norms[l] ?? 0) / Math.sqrt(Math.max(1, length)));
  const mean = sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
  return sizes.map((size) => {
    // A layer with next to no momentum would get a scale beyond f32; it has no say in the others' either.
    const scale = size === 0 ? 1 : mean / size;
    return Math.min(1e6, scale);
  });
}

async function compressedRound(node: Node, state: State): Promise<State> {
  const { compute, layout, learningRate, options: given } = node;
  const betas = betasOf(given);
  const t = counted(state, 't') + 1;
  const bounds = layerBounds(layout);
  const v = held(state, 'v');
  const m = node.next('m');
  const x = node.next('x');
  const own = node.scratch('own momentum');
  const scales = perLayer(node, state, 's');
  runningMean(node, own, held(state, 'm'), await node.gradient(state.x), betas.beta1);
  compute.slices.addScaledChunks(own, own, bounds, scales, 'set');
  const residuals = await twoPassMean(node, MOMENTUM, own, m, residualsIn(state));
  const inverse = scales.map((scale) => 1 / scale);
  compute.slices.addScaledChunks(m, m, bounds, inverse, 'set');
  maskBy(node, v, m);

  // ĝ, as all can see it from the momentum they share.
  const seen = node.scratch('gradient seen');
  compute.linear(seen, [[betas.beta1, held(state, 'm')]]);
  compute.linear(seen, [
    [1, m],
    [-1, seen],
  ]);
  compute.linear(seen, [[1 / (1 - betas.beta1), seen]]);
  const vNow = node.next('vNow');
  runningSquare(node, vNow, held(state, 'vNow'), seen, betas.beta2);

  const plain = node.scratch('direction');
  const u = node.scratch('decayed direction');
  adamDirection(node, plain, m, v, t, betas);
  compute.linear(u, [[1, plain]]);
  addReplicaDecay(node, u, state.x, betas.weightDecay);
  const before = perLayer(node, state, 'f');
  const factors = await told(node, FACTORS, layout.tensors.length, async () => {
    const largest = node.scratch('largest ratios', layout.tensors.length);
    compute.optimization.maximumRatio(v, vNow, bounds, betas.epsilon, largest, 0);
    const [ratios, [plains = [], steps = []]] = await Promise.all([
      compute.read(largest),
      betas.weightDecay > 0 ? layerNorms(node, [plain, u]) : [],
    ]);
    return before.map((last, l) => factorOf(node, ratios[l] ?? 1, last, plains[l] ?? 0, steps[l] ?? 0));
  });
  const ratios = perLayer(node, state, 'c');
  const rates = factors.map((factor, l) => learningRate * (ratios[l] || 1) * factor);
  stepLayers(node, state.x, u, rates, x);
  const numbers = {
    ...warmUpIn(state),
    t,
    ...named('c', ratios),
    ...named('f', factors),
    ...named('s', scales),
  };
  return { x, m, v, vNow, ...numbers, ...residuals };
}

/** f_l of one layer, from max (√v̂ + ε) / (√v' + ε), its last value, and ‖u_l‖ without and with decay. */
function factorOf(
  { options: given }: Node,
  ratio: number,
  last: number,
  plain: number,
  step: number,
): number {
  const share = step === 0 ? 1 : Math.min(1, plain / step);
  const eased = ratio * share + 1 - share;
  const least = numberOption(given, 'minFactor');
  const most = numberOption(given, 'maxFactor');
  const change = numberOption(given, 'factorChange');
  const clipped = Math.min(most, Math.max(least, eased));
  return Math.min(last * (1 + change), Math.max(last * (1 - change), clipped));
}
