/**
 * What the contract suite may expect of each algorithm: one line an algorithm. For tests only; the suite
 * fails for an algorithm that is not listed.
 */

export interface Traits {
  /** Options that the suite runs it with. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Central: every worker holds the same parameters, bit for bit. */
  readonly replicas: boolean;
  /** Gossip that keeps the mean exactly and agrees in time, also from distinct starts. */
  readonly keepsMean: boolean;
  /** Without others it is plain SGD, with this compressor. */
  plainAlone(compressor: string): boolean;
  /** Rounds until the cost is that of every later period, and rounds of a period whose costs are equal. */
  readonly warmUp: number;
  readonly period: number;
}

const always = () => true;
const never = () => false;
/** Where it compresses what it applies to itself, too, only whole numbers leave SGD as it is. */
const whole = (compressor: string) => compressor === 'none';

const GOSSIP: Traits = {
  options: {},
  replicas: false,
  keepsMean: true,
  plainAlone: always,
  warmUp: 0,
  period: 3,
};
const CENTRAL: Traits = {
  options: {},
  replicas: true,
  keepsMean: false,
  plainAlone: always,
  warmUp: 0,
  period: 3,
};

const TWO_STAGES: Traits = { ...CENTRAL, options: { warmupRounds: 2 }, plainAlone: never, warmUp: 2 };

export const TRAITS: Readonly<Record<string, Traits>> = {
  'd-psgd': GOSSIP,
  'choco-sgd': GOSSIP,
  'choco-gossip': { ...GOSSIP, plainAlone: never },
  d2: { ...GOSSIP, plainAlone: whole },
  'dcd-psgd': { ...GOSSIP, keepsMean: false, plainAlone: whole },
  'ecd-psgd': { ...GOSSIP, keepsMean: false },
  deepsqueeze: { ...GOSSIP, options: { eta: 0.05 } },
  'gradient-tracking': { ...GOSSIP, plainAlone: whole },
  'low-precision-d-psgd': { ...GOSSIP, keepsMean: false, plainAlone: whole },
  'naive-compressed': { ...GOSSIP, keepsMean: false, plainAlone: whole },
  dog: GOSSIP,
  // Numerators keep their sum; the models they stand for keep a mean only where all weights are equal.
  sgp: { ...GOSSIP, keepsMean: false },
  'overlap-sgp': { ...GOSSIP, keepsMean: false },
  'online-push-sum': { ...GOSSIP, keepsMean: false },
  rps: { ...GOSSIP, options: { dropRate: 0 } },
  fedavg: { ...CENTRAL, plainAlone: never },
  fedmom: { ...CENTRAL, plainAlone: never },
  fedprox: { ...CENTRAL, plainAlone: never },
  scaffold: { ...CENTRAL, plainAlone: never },
  'ad-psgd': GOSSIP,
  // The server's model is the newest: workers hold it as it was when they last heard of it.
  'a-psgd': { ...CENTRAL, replicas: false },
  'soft-sync': { ...CENTRAL, replicas: false, plainAlone: never },
  'async-double-squeeze': { ...CENTRAL, replicas: false, plainAlone: whole },
  'async-model-average': { ...GOSSIP, options: { interval: 2 }, warmUp: 2, period: 4 },
  'allreduce-sgd': CENTRAL,
  'ef-sgd': { ...CENTRAL, plainAlone: whole },
  'ef-sign-sgd': { ...CENTRAL, plainAlone: whole },
  qsgd: { ...CENTRAL, plainAlone: whole },
  'sign-sgd': { ...CENTRAL, plainAlone: never },
  'double-squeeze': CENTRAL,
  'one-bit-sgd': CENTRAL,
  saef: CENTRAL,
  'g-top-k-sgd': CENTRAL,
  'power-sgd': CENTRAL,
  'acp-sgd': { ...CENTRAL, period: 2 },
  'one-bit-adam': TWO_STAGES,
  'apm-squeeze': TWO_STAGES,
  'one-bit-lamb': TWO_STAGES,
  // After three rounds of warm-up and one exchange of its own, every other round sends.
  'zero-one-adam': {
    ...CENTRAL,
    options: { warmupRounds: 3, varianceUpdates: 1, localDoubling: 1, longestInterval: 2 },
    plainAlone: never,
    warmUp: 4,
    period: 2,
  },
  'byte-grad': CENTRAL,
  'q-adam': TWO_STAGES,
  'large-batch': { ...CENTRAL, plainAlone: never },
};

export { always, CENTRAL, GOSSIP, never, whole };
