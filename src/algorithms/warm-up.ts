/**
 * The end of a warm-up: after how many rounds an algorithm of two stages freezes its second moment.
 *
 * Either after a number of rounds, or automatically, when v has settled: ‖v̂_t‖1 ≥ 0.96 ‖v̂_{t−Δ}‖1 with
 * Δ = 1 / (1 − β2), the rule of 1-bit Adam (Tang et al., ICML 2021, arXiv 2102.02888, section 7.1). Only the
 * first worker measures; all judge by the number that it tells, so that replicas never disagree. Stages
 * are counted in steps taken, not in rounds of the run: they survive a view change. Differences from the
 * paper: v̂ is corrected for its start at zero, which would make the ratio large at first for no other
 * reason (v itself is judged where nothing is corrected), and it is looked at ten times in Δ steps, not at each.
 */
import { numberOption, type OptionSchema } from '../base/options.ts';
import type { Vector } from '../compute/compute.ts';
import { counted, type Node, type State } from './algorithm.ts';
import { told } from './collectives/told.ts';
import { type Betas, weightOf } from './replica-moments.ts';

/** Tag of the measurement. */
const SETTLED = 100;

/** Share of its size Δ steps ago that v̂ must still have. */
const RATIO = 0.96;

/** Looks at v̂ in Δ steps. */
const LOOKS = 10;

export const WARM_UP: OptionSchema = {
  warmupRounds: {
    kind: 'number',
    default: 100,
    min: 1,
    max: 10_000_000,
    integer: true,
    zero: 'automatic',
    label: 'warm-up rounds',
    help: 'Rounds of uncompressed Adam before the variance is frozen and compression begins: 15 to 25 % of the run, or automatic, when the variance has settled.',
  },
};

/** Numbers of the state: steps taken, whether v is frozen, and the last ten norms of v̂. */
export const WARM_UP_NUMBERS: Readonly<Record<string, number>> = {
  t: 0,
  frozen: 0,
  ...Object.fromEntries(Array.from({ length: LOOKS }, (_, index) => [`norm ${index}`, 0])),
};

/** Whether v is frozen, and the norms to decide it by: part of the next state. */
export function warmUpIn(state: State): Record<string, number> {
  return Object.fromEntries(Object.keys(WARM_UP_NUMBERS).map((name) => [name, counted(state, name)]));
}

/** The same after step t, which made the (uncorrected) second moment `v`; the last step of the warm-up sets `frozen`. */
export async function afterWarmUpStep(
  node: Node,
  state: State,
  t: number,
  v: Vector,
  betas: Betas,
): Promise<Record<string, number>> {
  const before = { ...warmUpIn(state), t };
  const rounds = numberOption(node.options, 'warmupRounds');
  if (rounds > 0) return { ...before, frozen: t >= rounds ? 1 : 0 };
  const every = Math.max(1, Math.round(1 / (1 - betas.beta2) / LOOKS));
  if (t % every !== 0) return before;
  const [norm = 0] = await told(node, SETTLED, 1, async () => {
    const out = node.scratch('norm of v', 1);
    node.compute.slices.chunkNorms(v, [0, v.length], 'sum-abs', out, 0);
    const [sum = 0] = await node.compute.read(out);
    return [sum / weightOf(betas, 'beta2', t)];
  });
  const look = t / every;
  const slot = `norm ${look % LOOKS}`;
  const settled = look > LOOKS && norm >= RATIO * counted(state, slot);
  return { ...before, [slot]: norm, frozen: settled ? 1 : 0 };
}
