/**
 * DeAR: an all-reduce in two halves, each behind something else that takes time. A bucket's reduce-scatter
 * begins as soon as the backward pass has left its layers; its all-gather, and its step, come in the next
 * round, just before the forward pass reads its layers, while earlier ones are already at work.
 *
 * Zhang, Shi et al., "DeAR: accelerating distributed deep learning with fine-grained all-reduce pipelining",
 * 2023, arXiv 2302.12445. Layers are fused into buckets, in the order of the forward pass, and every bucket
 * is a ring of its own. The iterates are those of synchronous SGD, up to the order of sums. Differences
 * from the paper: the size of buckets is fixed, not tuned; a recipe that clips gradients by their norm
 * scatters nothing before the backward pass has ended, since only then the norm is known.
 */

import type { Layout, Tensor } from '../../base/layout.ts';
import type { OptionSchema, Options } from '../../base/options.ts';
import { heeded } from '../../base/promises.ts';
import type { Vector } from '../../compute/compute.ts';
import type { Configuration, Cost, Costing, Node } from '../algorithm.ts';
import { impossible, type Refusal } from '../refusal.ts';
import type { Part } from './parts.ts';
import {
  allGather,
  finishedPart,
  type Pack,
  type Ring,
  reduceScatter,
  ringCost,
  wholeRing,
} from './ring-all-reduce.ts';

/** Numbers up to which layers are fused: 256 KiB. The paper's 25 MB are for networks of data centres. */
const BUCKET = 65_536;
/** Most buckets of a model: their messages are told apart by the 16 bits of a step. */
const MAX_BUCKETS = 64;

export const SCHEDULE: OptionSchema = {
  schedule: {
    kind: 'choice',
    default: 'plain',
    choices: ['plain', 'dear'],
    label: 'schedule',
    help: 'DeAR puts the second half of a round’s all-reduce, and its step, off to the beginning of the next; a model saved in mid-run is the one before the round under way.',
  },
};

export const isDear = ({ schedule }: Options): boolean => schedule === 'dear';

/** What the choice of `SCHEDULE` needs of graph and collective. */
export function needsOfSchedule(name: string, { options, topology }: Configuration): Refusal | null {
  if (!isDear(options)) return null;
  const why = `${name} with DeAR’s schedule cuts a ring all-reduce in two`;
  if (topology === 'star') {
    return impossible(`${why}, which a star has not: choose the topology complete or ring.`);
  }
  if (options.collective === 'hierarchical') return impossible(`${why}: choose the collective flat.`);
  return null;
}

/** A run of whole layers. */
export type Bucket = Omit<Part, 'length'>;

const known = new WeakMap<Layout, readonly Bucket[]>();

/** Layers fused, in order, as long as they are not larger than a bucket together. */
export function bucketsOf(layout: Layout): readonly Bucket[] {
  let buckets = known.get(layout);
  if (buckets === undefined) {
    buckets = fused(layout);
    known.set(layout, buckets);
  }
  return buckets;
}

function fused({ tensors, length }: Layout): readonly Bucket[] {
  const most = Math.max(BUCKET, Math.ceil((2 * length) / MAX_BUCKETS));
  const runs: Tensor[][] = [];
  let size = 0;
  for (const layer of layersOf(tensors)) {
    const run = runs.at(-1);
    const more = lengthOf(layer);
    if (run === undefined || size + more > most) {
      runs.push(layer);
      size = more;
    } else {
      run.push(...layer);
      size += more;
    }
  }
  return runs.map((run) => {
    const offset = run[0]?.offset ?? 0;
    const inside = run.map((tensor) => ({ ...tensor, offset: tensor.offset - offset }));
    return { offset, layout: { tensors: inside, length: lengthOf(run) } };
  });
}

/** Tensors in a row whose names differ in the last word only: a layer's weight and bias. */
function layersOf(tensors: readonly Tensor[]): Tensor[][] {
  const layers: Tensor[][] = [];
  let path: string | null = null;
  for (const tensor of tensors) {
    const own = tensor.name.slice(0, tensor.name.lastIndexOf('.') + 1);
    if (own === path) layers.at(-1)?.push(tensor);
    else layers.push([tensor]);
    path = own;
  }
  return layers;
}

const lengthOf = (tensors: readonly Tensor[]) => tensors.reduce((sum, { length }) => sum + length, 0);

/** A bucket at one worker: its ring, and where the finished part of it lies among those of all buckets. */
interface Share extends Bucket {
  readonly index: number;
  readonly ring: Ring;
  readonly at: number;
  readonly length: number;
}

function sharesOf(node: Node): readonly Share[] {
  let at = 0;
  return bucketsOf(node.layout).map((bucket, index) => {
    const ring = { ...wholeRing(node, bucket.layout), firstStep: index * 2 * node.size };
    const { length } = finishedPart(node, ring);
    const share = { ...bucket, index, ring, at, length };
    at += length;
    return share;
  });
}

/** The first half, a bucket at a time. */
export interface Scattering {
  /** To be told of every entry of the gradient once: the bucket that is whole with these sets out. */
  ready(gradient: Vector, begin: number, end: number): void;
  /** Resolves to this worker's parts of Σ_i gradient_i, as a state vector. */
  parts(): Promise<Vector>;
}

/** @param name of the state vector. */
export function scatterBuckets(node: Node, tag: number, name: string): Scattering {
  const { slices } = node.compute;
  const shares = sharesOf(node);
  const lacking = shares.map(({ layout }) => layout.length);
  const total = shares.reduce((sum, { length }) => sum + length, 0);
  const scattered: Promise<void>[] = [];
  const scatter = async ({ index, offset, layout, at, length, ring }: Share, gradient: Vector) => {
    const bucket = node.scratch(`bucket ${index}`, layout.length);
    slices.copy(bucket, 0, gradient, offset, layout.length);
    const part = await reduceScatter(node, tag, bucket, byRecipe(node), ring);
    slices.copy(node.next(name, total), at, part, 0, length);
  };
  return {
    ready(gradient, begin, end) {
      for (const share of shares) {
        const { index, offset, layout } = share;
        const covered = Math.min(end, offset + layout.length) - Math.max(begin, offset);
        if (covered <= 0) continue;
        const left = (lacking[index] ?? 0) - covered;
        lacking[index] = left;
        if (left === 0) scattered.push(heeded(scatter(share, gradient)));
      }
    },
    async parts() {
      await Promise.all(scattered);
      return node.next(name, total);
    },
  };
}

/** The second half, a bucket at a time. */
export interface Gathering {
  /** Resolves when all buckets that these entries are of have come, and have been used. */
  come(begin: number, end: number): Promise<unknown>;
}

/**
 * Gathers one bucket after another, the next while the ones before are at work; `use` is told the mean of
 * each, (1/n) Σ_i gradient_i, the same bits everywhere.
 */
export function gatherBuckets(
  node: Node,
  tag: number,
  parts: Vector,
  use: (bucket: Bucket, mean: Vector) => void,
): Gathering {
  const { compute, size } = node;
  const gather = async (share: Share) => {
    const { index, layout, at, length, ring } = share;
    const part = node.scratch(`part ${index}`, length);
    compute.slices.copy(part, 0, parts, at, length);
    const mean = node.scratch(`mean ${index}`, layout.length);
    await allGather(node, tag, part, mean, byRecipe(node), ring);
    compute.linear(mean, [[1 / size, mean]]);
    use(share, mean);
  };
  let last: Promise<void> = Promise.resolve();
  const gathered = sharesOf(node).map((share) => {
    last = heeded(last.then(() => gather(share)));
    return { ...share, done: last };
  });
  return {
    come: (begin, end) =>
      Promise.all(
        gathered
          .filter(({ offset, layout }) => offset < end && begin < offset + layout.length)
          .map(({ done }) => done),
      ),
  };
}

/** By the recipe's compressor. */
const byRecipe =
  (node: Node): Pack =>
  (layout) =>
    node.compressed(layout);

/** Of a round that gathers what the one before has scattered. */
export function dearCost(given: Costing): Cost {
  const costs = bucketsOf(given.layout).map(({ layout }) => ringCost({ ...given, layout }, given.graph.n));
  return costs.reduce(
    (sum, { messages, bytes }) => ({ messages: sum.messages + messages, bytes: sum.bytes + bytes }),
    { messages: 0, bytes: 0 },
  );
}
