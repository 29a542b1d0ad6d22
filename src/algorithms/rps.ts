/**
 * RPS: model averaging over an unreliable network, where lost messages are simply done without.
 *
 *   h_i = x_i − γ g_i(x_i), cut into n blocks; worker b averages block b over those whose message came
 *   (itself among them) and sends the mean to all; who does not get it keeps its own h for that block.
 *
 * Yu, Tang et al.: Distributed Learning over Unreliable Networks, ICML 2019, arXiv 1810.07766. On the
 * reliable lane losses are drawn from the seed, the same for all workers, so that a run can be repeated: who
 * would have lost a message does not wait for it. On the lossy lane everything is sent, the network loses
 * what it loses, and each phase has a deadline (`collectives/lossy-mean.ts`). Models are averaged, not
 * gradients: with gradients, models drift apart without bound. `average=gradients` shows it, as the paper does:
 * the same two phases over g, who does not get a block steps along its own g there, and nothing mixes models.
 */
import { choiceOption, numberOption, type Options } from '../base/options.ts';
import type { Vector } from '../compute/compute.ts';
import type { AlgorithmEntry, Configuration, Node } from './algorithm.ts';
import { lossyMean } from './collectives/lossy-mean.ts';
import { partsOf } from './collectives/parts.ts';
import { beginOptimizer, stepLocally } from './local-optimizer.ts';
import { needsComplete, needsWholeNumbers } from './needs.ts';
import { impossible, type Refusal, unsound } from './refusal.ts';

const SCATTER = 1;
const GATHER = 2;

/** Which messages of a phase are lost, as lost[from][to]; one's own never is. */
function losses(node: Node, phase: number): readonly (readonly boolean[])[] {
  const rate = numberOption(node.options, 'dropRate');
  const random = node.commonRandom(phase);
  return Array.from({ length: node.size }, (_, from) =>
    Array.from({ length: node.size }, (_unused, to) => {
      const lost = random.uniform() < rate;
      return from !== to && lost;
    }),
  );
}

/** Both phases with messages that arrive, but for those that the draws call lost. */
async function meanOfWhatIsDrawn(node: Node, x: Vector): Promise<void> {
  const { compute, rank, size } = node;
  const { slices } = compute;
  const blocks = partsOf(node.layout, size);
  const scattered = losses(node, SCATTER);
  const gathered = losses(node, GATHER);
  await Promise.all(
    blocks.map(async ({ offset, length, layout }, server) => {
      if (server === rank || length === 0 || scattered[rank]?.[server] === true) return;
      const block = node.scratch(`block ${server}`, length);
      slices.copy(block, 0, x, offset, length);
      node.send(server, SCATTER, await node.compressed(layout).encode(block, SCATTER, server));
    }),
  );
  const others = Array.from({ length: size }, (_, other) => other).filter((other) => other !== rank);
  const mine = blocks[rank];
  if (mine !== undefined && mine.length > 0) {
    const packer = node.compressed(mine.layout);
    const senders = others.filter((from) => scattered[from]?.[rank] !== true);
    const heard = await node.gather(SCATTER, senders);
    const mean = node.scratch('mean', mine.length);
    slices.copy(mean, 0, x, mine.offset, mine.length);
    for (const message of heard) packer.decode(message, mean, 1, 'add');
    compute.linear(mean, [[1 / (heard.length + 1), mean]]);
    const answer = await packer.encode(mean, GATHER);
    for (const to of others) if (gathered[rank]?.[to] !== true) node.send(to, GATHER, answer);
    packer.decode(answer, mean, 1, 'set');
    slices.copy(x, mine.offset, mean, 0, mine.length);
  }
  const servers = others.filter(
    (server) => (blocks[server]?.length ?? 0) > 0 && gathered[server]?.[rank] !== true,
  );
  for (const message of await node.gather(GATHER, servers)) {
    const block = blocks[message.rank];
    if (block === undefined) continue;
    const mean = node.scratch(`block ${message.rank}`, block.length);
    node.compressed(block.layout).decode(message, mean, 1, 'set');
    slices.copy(x, block.offset, mean, 0, block.length);
  }
}

export const rps: AlgorithmEntry = {
  id: 'rps',
  label: 'RPS',
  description: 'Model averaging that does without whatever the network loses.',
  paper: 'Yu et al., ICML 2019, arXiv 1810.07766',
  needs: 'complete graph; whole numbers',
  lossPolicy: 'tolerates',
  reports: 'average',
  startsApart: true,
  optimizers: 'local',
  prefers: { topology: { id: 'complete' }, compressor: { id: 'none' } },
  options: {
    dropRate: {
      kind: 'number',
      default: 0.1,
      min: 0,
      max: 1,
      label: 'messages lost',
      help: 'Share of messages that are lost on their way, drawn from the seed; of the reliable lane, since over the lossy one the network decides.',
    },
    average: {
      kind: 'choice',
      default: 'models',
      choices: ['models', 'gradients'],
      label: 'average of',
      help: 'models: each worker steps, then models are averaged. gradients: gradients are averaged, then each worker steps; where messages are lost, models drift apart, which is a negative control.',
    },
    lane: {
      kind: 'choice',
      default: 'reliable',
      choices: ['reliable', 'lossy'],
      label: 'lane',
      help: 'reliable: losses are drawn, so a run can be repeated. lossy: packets that nobody sends again, so the network loses and delays as it does, and no two runs are alike except under the virtual clock.',
    },
    deadline: {
      kind: 'number',
      default: 500,
      min: 1,
      max: 60_000,
      label: 'deadline',
      help: 'Milliseconds that each of the two phases of a round has, on the lossy lane; a worker does without what comes later. Shorter for fast rounds, longer for slow workers and links.',
    },
  },
  refuses: (given) =>
    needsComplete('RPS', given) ??
    needsPackets(given) ??
    needsWholeNumbers('RPS', 'Choose none or fp16.', given) ??
    needsModels(given),
  // On the reliable lane what is lost is never sent: this is the mean over draws.
  cost({ graph: { n }, layout, compressed, packets, options }) {
    const blocks = partsOf(layout, n).filter(({ length }) => length > 0);
    if (isLossy(options)) {
      const costs = blocks.map((block) => packets(block.layout));
      const sent = (of: 'messages' | 'bytes') => 2 * (n - 1) * costs.reduce((sum, cost) => sum + cost[of], 0);
      return { messages: sent('messages'), bytes: sent('bytes') };
    }
    const all = 2 * (n - 1) * blocks.reduce((bytes, block) => bytes + compressed(block.layout), 0);
    const arrive = 1 - numberOption(options, 'dropRate');
    return { messages: arrive * 2 * (n - 1) * blocks.length, bytes: arrive * all };
  },
  enter: async (node, { x, previous }) => ({ x, ...beginOptimizer(node, previous) }),

  async round(node, state) {
    const x = node.next('x');
    if (averagesModels(node.options)) {
      const remembered = await stepLocally(node, state, state.x, x);
      await average(node, x);
      return { x, ...remembered };
    }
    const gradient = node.scratch('averaged gradient');
    node.compute.linear(gradient, [[1, await node.gradient(state.x)]]);
    await average(node, gradient);
    return { x, ...(await stepLocally(node, state, state.x, x, 1, async () => gradient)) };
  },
};

const averagesModels = (options: Options) => choiceOption(options, 'average') === 'models';
const isLossy = (options: Options) => choiceOption(options, 'lane') === 'lossy';

/** Replaces a vector by what this worker gets of the mean of all workers'. */
async function average(node: Node, vector: Vector): Promise<void> {
  if (node.size === 1) return;
  if (!isLossy(node.options)) return meanOfWhatIsDrawn(node, vector);
  const phases = { scatter: SCATTER, gather: GATHER };
  return lossyMean(node, vector, phases, numberOption(node.options, 'deadline'));
}

/** What arrives of a message in packets must be numbers, whatever is missing. */
function needsPackets({ options, compressor, compressorClass }: Configuration): Refusal | null {
  if (!isLossy(options) || compressorClass === 'lossless' || compressor === 'fp16') return null;
  return impossible(
    `RPS over the lossy lane needs messages of which any packet can be read by itself, which those of ${compressor} cannot. Choose none or fp16.`,
  );
}

function needsModels(given: Configuration): Refusal | null {
  const { options } = given;
  if (averagesModels(options) || (!isLossy(options) && numberOption(options, 'dropRate') === 0)) return null;
  const why =
    'Where messages are lost, averaging gradients lets models drift apart: what one worker adds another has not ' +
    'heard of, and nothing brings them together again. Choose the average of models.';
  return unsound(given, 'gradient-averaging', why);
}
