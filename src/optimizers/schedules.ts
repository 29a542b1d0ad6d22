/**
 * Learning-rate schedules: the rate γ_t of a round as a pure function of the round.
 *
 *   peak = base · n if scaled, else base      (linear-scaling rule: Goyal et al., arXiv 1706.02677)
 *   t < W:   γ_t = peak (t + 1) / W           (linear warm-up over W rounds, of every schedule)
 *   constant:   γ_t = peak
 *   step:       γ_t = peak · factor^⌊t / every⌋
 *   cosine:     γ_t = peak (1 + cos(π s)) / 2,  s = (t − W) / (T − W) up to 1   (Loshchilov and Hutter,
 *               arXiv 1608.03983, without restarts)
 *
 * Workers on different machines compute γ_t by themselves and must agree on it to the bit, so that only
 * arithmetic with the same bits in every engine is used.
 */
import { booleanOption, numberOption, type OptionSchema, type Options } from '../base/options.ts';
import { findEntry } from '../base/registry.ts';
import { unitCircle } from '../math/portable.ts';
import { wholePower } from './powers.ts';

const MOST_ROUNDS = 10_000_000;

/** Options of every schedule. */
const COMMON: OptionSchema = {
  warmupRounds: {
    kind: 'number',
    default: 0,
    min: 0,
    max: MOST_ROUNDS,
    integer: true,
    label: 'warm-up rounds',
    help: 'The rate rises evenly to its full value over this many rounds; 0 starts with all of it.',
  },
  linearScaling: {
    kind: 'boolean',
    default: false,
    label: 'linear scaling',
    help: 'Multiplies the rate by the number of workers, whose batches together are that much larger.',
  },
};

export interface ScheduleEntry {
  readonly id: string;
  readonly label: string;
  /** One line for lists. */
  readonly description: string;
  readonly options: OptionSchema;
  /** What the full rate is multiplied by in a round after the warm-up, from 0 to 1. */
  share(round: number, options: Options): number;
}

export const SCHEDULES: readonly ScheduleEntry[] = [
  {
    id: 'constant',
    label: 'constant',
    description: 'The learning rate stays as it is.',
    options: COMMON,
    share: () => 1,
  },
  {
    id: 'step',
    label: 'step',
    description: 'The learning rate falls by a factor every so many rounds.',
    options: {
      every: {
        kind: 'number',
        default: 1000,
        min: 1,
        max: MOST_ROUNDS,
        integer: true,
        label: 'rounds between steps',
        help: 'How many rounds pass before the rate is multiplied by the factor.',
      },
      factor: {
        kind: 'number',
        default: 0.1,
        min: 0,
        max: 1,
        label: 'factor of a step',
        help: 'What the rate is multiplied by.',
      },
      ...COMMON,
    },
    share(round, options) {
      const steps = Math.floor(round / numberOption(options, 'every'));
      return wholePower(numberOption(options, 'factor'), steps);
    },
  },
  {
    id: 'cosine',
    label: 'cosine',
    description: 'The learning rate falls along half a cosine, to zero.',
    options: {
      rounds: {
        kind: 'number',
        default: 1000,
        min: 1,
        max: MOST_ROUNDS,
        integer: true,
        label: 'rounds of the cosine',
        help: 'The round at which the rate reaches zero, warm-up included.',
      },
      ...COMMON,
    },
    share(round, options) {
      const rounds = numberOption(options, 'rounds');
      if (round >= rounds) return 0;
      const warmup = numberOption(options, 'warmupRounds');
      const [cosine] = unitCircle((round - warmup) / (rounds - warmup) / 2);
      return (1 + cosine) / 2;
    },
  },
];

/** A schedule with its complete options. */
export interface ScheduleChoice {
  readonly id: string;
  readonly options: Options;
}

/**
 * The learning rate of a round.
 * @param round t, from 0.
 * @param base the recipe's learning rate.
 * @param workers n, for the linear-scaling rule.
 */
export function learningRate(
  round: number,
  base: number,
  { id, options }: ScheduleChoice,
  workers: number,
): number {
  const peak = booleanOption(options, 'linearScaling') ? base * workers : base;
  const warmup = numberOption(options, 'warmupRounds');
  if (round < warmup) return (peak * (round + 1)) / warmup;
  return peak * findEntry('schedule', SCHEDULES, id).share(round, options);
}
