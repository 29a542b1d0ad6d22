/**
 * Regret of online algorithms: the loss suffered on the way, less what one fixed model would have suffered
 * on the same stream.
 *
 *   R = Σ_t Σ_i f_{i,t}(x_{i,t}) − Σ_t Σ_i f_{i,t}(x*)
 *
 * f_{i,t} is the mean loss of the batch that worker i gets in round t, and what it suffers is that of its own
 * model before the step: the training loss of the round. x* is the best fixed model in hindsight of a linear
 * model, found by least squares over the stream; elsewhere the final model that the run reports, an average, stands for it,
 * which suffers no less than the best, so the regret told is then no more than the true one. Zhao et al.,
 * arXiv 1901.09593; He et al., arXiv 1910.04956.
 */
import { BatchSampler } from '../../src/data/deal.ts';
import type { Assets } from '../../src/session/assets.ts';
import type { MetricRow } from '../../src/session/snapshot.ts';
import type { Collected } from './drive.ts';
import { leastSquares, type WeightedRow } from './least-squares.ts';
import { reportedOf } from './reported.ts';

export interface Regret {
  /** Losses suffered by all workers: gradients, up to the last evaluation. */
  readonly losses: number;
  /** Their sum. */
  readonly suffered: number;
  readonly comparator: 'least-squares' | 'average-model';
  /** What the comparator would have suffered on the same batches. */
  readonly comparatorLoss: number;
  readonly regret: number;
  /** Regret for each loss: falls like 1/√T where learning is online. */
  readonly average: number;
}

/** Sum of the weights of each row in the stream, and what was suffered on it. */
interface Stream {
  readonly weights: ReadonlyMap<number, number>;
  readonly losses: number;
  readonly suffered: number;
}

/**
 * What seats 0 to workers − 1 met; null where one of them was not there from the first round to the last
 * evaluation, as nobody knows then which batches it met.
 */
function streamOf({ rows }: Collected, workers: number, assets: Assets): Stream | null {
  const { recipe, algorithm } = assets;
  const steps = algorithm.gradients?.(recipe.algorithm.options) ?? 1;
  const dealt = recipe.seats > 0 ? recipe.seats : workers;
  const weights = new Map<number, number>();
  let [losses, suffered] = [0, 0];
  const ends = new Set<number>();
  if (rows.some(({ seat }) => seat >= workers)) return null;
  for (let seat = 0; seat < workers; seat += 1) {
    const last = rows
      .filter((row) => row.seat === seat)
      .reduce<MetricRow | null>((latest, row) => (row.round >= (latest?.round ?? 0) ? row : latest), null);
    const round = last?.round ?? 0;
    if (last?.batches !== steps * round) return null;
    suffered += last.suffered;
    ends.add(round);
    losses += steps * round;
    const sampler = new BatchSampler(assets.rows(seat, dealt), recipe.batch, recipe.seed, seat);
    for (let step = 0; step < steps * round; step += 1) {
      const batch = sampler.at(step);
      for (const row of batch) weights.set(row, (weights.get(row) ?? 0) + 1 / batch.length);
    }
  }
  if (ends.size !== 1 || losses === 0 || !Number.isFinite(suffered)) return null;
  return { weights, losses, suffered };
}

/** Σ_t Σ_i f_{i,t}(x) of one model. */
async function lossOn(
  { weights }: Stream,
  lossOver: (rows: Uint32Array) => Promise<number>,
): Promise<number> {
  const alike = new Map<number, number[]>();
  for (const [row, weight] of weights) {
    const rows = alike.get(weight);
    if (rows === undefined) alike.set(weight, [row]);
    else rows.push(row);
  }
  let total = 0;
  for (const [weight, rows] of alike) {
    total += weight * rows.length * (await lossOver(Uint32Array.from(rows)));
  }
  return total;
}

/** The least-squares model of the stream, in the layout of `linear`: weights, then a bias if there is one. */
function bestLinear({ weights }: Stream, assets: Assets): Float32Array {
  const biased = assets.layout.tensors.length > 1;
  const rows = [...weights].map(([row, weight]): WeightedRow => {
    const { features, label } = assets.row(row);
    return { x: biased ? [...features, 1] : [...features], y: label, weight };
  });
  return Float32Array.from(leastSquares(rows));
}

/** null for algorithms that are not online, and for runs whose stream is not known. */
export async function regretOf(
  collected: Collected,
  workers: number,
  assets: Assets,
): Promise<Regret | null> {
  if (assets.algorithm.online !== true) return null;
  const stream = streamOf(collected, workers, assets);
  const final = reportedOf(assets.recipe, collected.models);
  if (stream === null || final === null) return null;
  const linear = assets.recipe.model.id === 'linear';
  const { compute, data, layout } = assets;
  const parameters = compute.vector(layout.length);
  compute.upload(parameters, linear ? bestLinear(stream, assets) : final.parameters);
  const comparatorLoss = await lossOn(stream, async (rows) => {
    const { loss } = await assets.program.evaluate(parameters, data, rows);
    return loss;
  });
  compute.free(parameters);
  const { losses, suffered } = stream;
  const regret = suffered - comparatorLoss;
  const comparator = linear ? 'least-squares' : 'average-model';
  return { losses, suffered, comparator, comparatorLoss, regret, average: regret / losses };
}
