/**
 * DeepSqueeze: gossip of compressed models with error feedback, and no state for any neighbour.
 *
 *   h_i = x_i − γ g_i(x_i),   v_i = h_i + e_i,   c_i = C(v_i),   e_i ← v_i − c_i
 *   x_i ← h_i + η Σ_j (W_ij − I_ij) c_j          (its own c_i with weight W_ii − 1)
 *
 * Tang, Lian, Qiu, Yuan, Zhang, Zhang, Liu: DeepSqueeze: Decentralization Meets Error-Compensated
 * Compression, 2019, arXiv 1907.07346. The columns of W − I sum to zero and all receivers of c_j add the
 * same c_j, so the average moves exactly along the mean gradient with any compressor. What is compressed
 * is the model itself: with one bit the noise is as large as the model, and η must be small.
 */
import { numberOption } from '../base/options.ts';
import { addResidual, keepResidual } from '../compressors/error-feedback.ts';
import { type AlgorithmEntry, held } from './algorithm.ts';
import { shareCost } from './costs.ts';
import { beginResidual, ERROR_FEEDBACK, feedsBack, needsForErrors } from './feedback.ts';
import { beginOptimizer } from './local-optimizer.ts';
import { descend, LOCAL_STEPS, localSteps } from './local-steps.ts';
import { needsContraction, needsDoublyStochastic } from './needs.ts';

const MODEL = 1;

export const deepsqueeze: AlgorithmEntry = {
  id: 'deepsqueeze',
  label: 'DeepSqueeze',
  description: 'Neighbours exchange compressed models; what was left out is added to the next.',
  paper: 'Tang et al., 2019, arXiv 1907.07346',
  needs: 'a doubly stochastic mixing matrix, which may change every round; a contraction',
  lossPolicy: 'view-change',
  reports: 'average',
  startsApart: true,
  optimizers: 'local',
  options: {
    eta: {
      kind: 'number',
      default: 0.3,
      min: 0,
      max: 1,
      label: 'consensus step size η',
      help: 'How far to move towards the neighbours each round. With one bit, stay below 0.1.',
    },
    ...LOCAL_STEPS,
    ...ERROR_FEEDBACK,
  },
  gradients: localSteps,
  refuses: (given) =>
    needsForErrors('DeepSqueeze', given, needsContraction) ?? needsDoublyStochastic('DeepSqueeze', given),
  cost: shareCost,

  async enter(node, { x, previous }) {
    // The residual is the worker's own: a change of members does not touch it.
    return { x, ...beginResidual(node, { previous }), ...beginOptimizer(node, previous) };
  },

  async round(node, state) {
    const { compute } = node;
    const eta = numberOption(node.options, 'eta');
    const fed = feedsBack(node.options);
    const x = node.next('x');
    const h = node.scratch('h');
    const v = node.scratch('v');
    const remembered = await descend(node, state, h);
    addResidual(compute, v, [[1, h]], fed ? held(state, 'e') : null);
    const own = await node.share(MODEL, v);
    const left = fed ? { e: node.next('e') } : {};
    if (left.e !== undefined) {
      keepResidual(compute, left.e, v, (dest, weight, mode) => {
        node.decode(own, dest, weight, mode);
      });
    }
    compute.linear(x, [[1, h]]);
    node.decode(own, x, eta * (node.selfWeight - 1), 'add');
    for (const message of await node.gather(MODEL)) node.decode(message, x, eta * message.weight, 'add');
    return { x, ...left, ...remembered };
  },
};
