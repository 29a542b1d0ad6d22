/**
 * Runs of the experiment command end at the parameters that the algorithms' equations give, every worker's,
 * recomputed in double precision from the file and the recipe's numbers alone.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  errorFeedback,
  frozenAdam,
  layerWise,
  nesterovPasses,
  saef,
  sgd,
  twoPasses,
  vote,
} from './recompute-central.ts';
import {
  choco,
  d2,
  dcd,
  deepsqueeze,
  dPsgd,
  ecd,
  epochs,
  federated,
  gradientTracking,
  ownMomentum,
  pushSum,
  rps,
  scaffold,
} from './recompute-gossip.ts';
import { blocks, experiment, plainRun, tableRows, tableText, weightsIn } from './recompute-rig.ts';
import {
  farthest,
  minMax8,
  none,
  oneBit,
  oneBitColumns,
  type Problem,
  type Recomputed,
  topK,
} from './recompute-vectors.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const rows = tableRows(38, [1.5, -2, 0.5, 0.8, -0.3, 1.1, -0.9, 0.2]);
const problem: Problem = { rows: blocks(rows, 5), d: 8, rounds: 50, lr: 0.05 };
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'murmuration-recompute-'));
  await writeFile(path.join(folder, 'table.csv'), tableText(rows));
});
afterAll(() => rm(folder, { recursive: true }));

const EDGES = [
  [0, 1],
  [1, 2],
  [2, 3],
  [3, 4],
  [4, 0],
  [0, 2],
  [3, 1],
  [0, 3],
] as const;
const oneWay = `--topology drawn --set topology.edges=${EDGES.map(([a, b]) => `${a}>${b}`).join(',')}`;
const ring = '--topology ring';
const l1 = '--compressor one-bit --set compressor.scale=l1';
const l2 = '--compressor one-bit --set compressor.scale=l2';
const bytes = '--compressor min-max-8';
const own = (optimizer: string) => `--optimizer ${optimizer} --set optimizer.momentum=0.6`;
const forgets = '--set algorithm.errorFeedback=off --allow no-feedback';
const passes = '--set algorithm.localEpochs=3 --batch 7 --seed 4';
const falling = '--schedule cosine --set schedule.rounds=50';
const layers = (rule: string) =>
  `${[`rule=${rule}`, 'momentum=0.8', 'trust=0.5', 'weightDecay=0.1']
    .map((setting) => `--set algorithm.${setting}`)
    .join(' ')} ${falling}`;
/** A byte that is rounded to the other side is one step in 255: fed back or forgotten, but seen. */
const COARSE = 1e-3;
/** D² keeps its rounding errors: they add up to a drift. */
const DRIFT = 1e-4;

const RUNS: readonly (readonly [string, Recomputed, number?])[] = [
  [`d-psgd ${ring}`, dPsgd('cta')],
  [`d-psgd ${ring} --set algorithm.order=atc`, dPsgd('atc')],
  [`dog ${ring}`, dPsgd('cta')],
  [`d2 ${ring}`, d2(), DRIFT],
  [`d2 ${ring} --set algorithm.momentum=0.6`, d2(ownMomentum('mean', 0.6)), DRIFT],
  [`gradient-tracking ${ring}`, gradientTracking],
  [`naive-compressed ${ring} ${l1}`, dPsgd('cta', oneBit('l1'))],
  [`dcd-psgd ${ring} --compressor none`, dcd(none)],
  [`dcd-psgd ${ring} ${l1}`, dcd(oneBit('l1'))],
  [`dcd-psgd ${ring} ${l1} ${own('momentum')}`, dcd(oneBit('l1'), ownMomentum('heavy-ball', 0.6))],
  [`dcd-psgd ${ring} --compressor none ${own('nesterov')}`, dcd(none, ownMomentum('nesterov', 0.6))],
  [`ecd-psgd ${ring} --compressor none ${own('momentum')}`, ecd(none, ownMomentum('heavy-ball', 0.6))],
  [`low-precision-d-psgd ${ring} ${bytes}`, dcd(minMax8), COARSE],
  [`ecd-psgd ${ring} --compressor none`, ecd(none)],
  [`choco-sgd ${ring} --compressor none --set algorithm.eta=0.3`, choco(0.3, none)],
  [`choco-sgd ${ring} ${l1} --set algorithm.eta=0.3`, choco(0.3, oneBit('l1'))],
  [`choco-sgd ${ring} ${l1} --set algorithm.order=delayed`, choco(0.5, oneBit('l1'), 'delayed')],
  [`choco-sgd ${ring} --compressor top-k --set compressor.k=3 --set algorithm.eta=0.3`, choco(0.3, topK(3))],
  [`deepsqueeze ${ring} ${l1} --set algorithm.eta=0.1`, deepsqueeze(0.1, oneBit('l1'))],
  [`sgp ${oneWay}`, pushSum(EDGES)],
  [`online-push-sum ${oneWay}`, pushSum(EDGES)],
  [`overlap-sgp ${oneWay} --set algorithm.delay=2`, pushSum(EDGES, 2)],
  ['rps --set algorithm.dropRate=0', rps],
  ['fedavg --set algorithm.localSteps=3', federated({ work: 3 })],
  ['fedmom --set algorithm.localSteps=3 --set algorithm.beta=0.8', federated({ work: 3, beta: 0.8 })],
  ['fedprox --set algorithm.localSteps=3 --set algorithm.mu=0.5', federated({ work: 3, mu: 0.5 })],
  ['scaffold --set algorithm.localSteps=3', scaffold(3)],
  ['fedavg --set algorithm.serverRate=0.6', federated({ work: 5, eta: 0.6 })],
  [
    'fedmom --set algorithm.serverRate=1.3 --set algorithm.beta=0.5',
    federated({ work: 5, eta: 1.3, beta: 0.5 }),
  ],
  ['scaffold --set algorithm.serverRate=0.5', scaffold(5, 0.5)],
  // Clients of eight rows take two steps an epoch, those of seven one.
  [`fedavg ${passes}`, federated({ work: epochs(3, 7, 4) })],
  [`fedmom ${passes} --set algorithm.beta=0.5`, federated({ work: epochs(3, 7, 4), beta: 0.5 })],
  [`fedprox ${passes} --set algorithm.mu=0.5`, federated({ work: epochs(3, 7, 4), mu: 0.5 })],
  [`scaffold ${passes}`, scaffold(epochs(3, 7, 4))],
  ['fedavg --set algorithm.localEpochs=3', federated({ work: 3 })],
  ['allreduce-sgd', sgd()],
  ['allreduce-sgd --optimizer momentum --set optimizer.momentum=0.8', sgd(0.8)],
  ['qsgd --compressor none', sgd()],
  // A matrix of one row has no smaller factors, and is sent whole.
  ['power-sgd --set algorithm.rank=1', sgd()],
  ['acp-sgd --set algorithm.rank=1', sgd()],
  ['ef-sgd --compressor top-k --set compressor.k=2', errorFeedback(topK(2))],
  ['ef-sign-sgd', errorFeedback(oneBit('l1'))],
  ['sign-sgd', vote(0)],
  ['sign-sgd --set algorithm.momentum=0.9', vote(0.9)],
  [`double-squeeze ${l2}`, twoPasses(oneBit('l2'), false)],
  [`double-squeeze --topology star ${l2}`, twoPasses(oneBit('l2'), true)],
  ['one-bit-sgd --topology star', twoPasses(oneBitColumns, true)],
  [`saef --topology star ${l1}`, saef(oneBit('l1'), true)],
  [`saef --topology star ${l1} --set algorithm.momentum=0.6`, saef(oneBit('l1'), true, 0.6)],
  [
    `double-squeeze --topology star ${l2} --set algorithm.momentum=0.6 ${falling}`,
    nesterovPasses(oneBit('l2'), true, 0.6),
  ],
  [`double-squeeze ${l2} --set algorithm.momentum=0.6 ${falling}`, nesterovPasses(oneBit('l2'), false, 0.6)],
  ['saef --compressor top-k --set compressor.k=1', saef(topK(1), false)],
  [`byte-grad ${bytes}`, twoPasses(minMax8, false, false), COARSE],
  ['one-bit-adam --set algorithm.warmupRounds=10', frozenAdam(oneBit('l2'), 10, true)],
  [
    'one-bit-adam --set algorithm.warmupRounds=10 --set algorithm.biasCorrection=false --set algorithm.epsilon=1e-8',
    frozenAdam(oneBit('l2'), 10, true, false, 1e-8),
  ],
  ['apm-squeeze --set algorithm.warmupRounds=10', frozenAdam(oneBit('l2'), 10, true)],
  [`large-batch ${layers('lars')}`, layerWise('lars', 0.8, 0.5, 0.1)],
  [`large-batch --topology star ${layers('clars')}`, layerWise('clars', 0.8, 0.5, 0.1)],
  // Errors that are not fed back.
  [`ef-sgd --compressor top-k --set compressor.k=2 ${forgets}`, errorFeedback(topK(2), false)],
  [`ef-sign-sgd ${forgets}`, errorFeedback(oneBit('l1'), false)],
  [`double-squeeze ${l2} ${forgets}`, twoPasses(oneBit('l2'), false, false)],
  [`one-bit-sgd --topology star ${forgets}`, twoPasses(oneBitColumns, true, false)],
  [`saef --topology star ${l1} ${forgets}`, saef(oneBit('l1'), true, 0, false)],
  [`one-bit-adam --set algorithm.warmupRounds=10 ${forgets}`, frozenAdam(oneBit('l2'), 10, false)],
  [`deepsqueeze ${ring} ${l1} --set algorithm.eta=0.1 ${forgets}`, deepsqueeze(0.1, oneBit('l1'), false)],
  ['q-adam --set algorithm.warmupRounds=10', frozenAdam(minMax8, 10, false), COARSE],
];

describe('recomputed from the equations', () => {
  it.each(RUNS.map(([flags, ...rest], run) => ({ flags, run, rest })))(
    '$flags',
    async ({ flags, run: index, rest: [recompute, tolerance = 1e-5] }) => {
      const out = path.join(folder, `run-${index}`);
      const plain = plainRun(path.join(folder, 'table.csv'), problem.rounds, problem.lr);
      const run = await experiment([
        ...plain,
        ...['--eval-every', '50', '--out', out, '--force', '--algorithm', ...flags.split(' ')],
      ]);
      expect(run.said.join('\n')).toMatch(/50 rounds/);
      expect(run.code).toBe(0);
      const models = recompute(problem);
      expect(models).toHaveLength(5);
      for (const [seat, model] of models.entries()) {
        expect(farthest(await weightsIn(out, String(seat)), model)).toBeLessThan(tolerance);
      }
      expect(farthest(models[0] ?? [], [0, 0, 0, 0, 0, 0, 0, 0])).toBeGreaterThan(0.1);
    },
  );
});
