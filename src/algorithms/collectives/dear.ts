/**
 * DeAR: an all-reduce in two halves. The reduce-scatter of a round's gradient belongs to that round, the
 * all-gather to the next one, just before the parameters are used.
 *
 * Zhang, Shi et al., "DeAR: accelerating distributed deep learning with fine-grained all-reduce pipelining",
 * 2023, arXiv 2302.12445. Tensors are fused into buckets, in the order of the forward pass, and every
 * bucket is a ring of its own; all are under way at the same time. The iterates are those of synchronous
 * SGD, up to the order of sums. Difference from the paper: a gradient is one piece here, so a bucket waits
 * neither for its layer's backward pass nor does its layer's forward pass wait for it alone.
 */
import type { Layout, Tensor } from '../../base/layout.ts';
import type { OptionSchema, Options } from '../../base/options.ts';
import type { Vector } from '../../compute/compute.ts';
import type { Configuration, Cost, Costing, Node, Refusal } from '../algorithm.ts';
import {
  allGather,
  finishedPart,
  type Pack,
  type Ring,
  reduceScatter,
  ringCost,
  wholeRing,
} from './ring-all-reduce.ts';

/** Numbers up to which tensors are fused: 256 KiB. The paper's 25 MB are for networks of data centres. */
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
  if (topology === 'star') return `${why}, which a star has not: choose the topology complete or ring.`;
  if (options.collective === 'hierarchical') return `${why}: choose the collective flat.`;
  return null;
}

interface Bucket {
  /** In the model. */
  readonly offset: number;
  readonly layout: Layout;
}

const known = new WeakMap<Layout, readonly Bucket[]>();

/** Tensors fused, in order, as long as they are not larger than a bucket together. */
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
  for (const tensor of tensors) {
    const run = runs.at(-1);
    if (run === undefined || size + tensor.length > most) {
      runs.push([tensor]);
      size = tensor.length;
    } else {
      run.push(tensor);
      size += tensor.length;
    }
  }
  return runs.map((run) => {
    const offset = run[0]?.offset ?? 0;
    const inside = run.map((tensor) => ({ ...tensor, offset: tensor.offset - offset }));
    return { offset, layout: { tensors: inside, length: run.reduce((sum, { length: l }) => sum + l, 0) } };
  });
}

/** A bucket's ring, and where this worker's finished part of it lies among those of all buckets. */
function* rings(node: Node): Generator<Bucket & { ring: Ring; at: number; length: number }> {
  let at = 0;
  for (const [index, bucket] of bucketsOf(node.layout).entries()) {
    const ring = { ...wholeRing(node, bucket.layout), firstStep: index * 2 * node.size };
    const { length } = finishedPart(node, ring);
    yield { ...bucket, ring, at, length };
    at += length;
  }
}

/** Resolves to this worker's parts of Σ_i source_i, as a state vector `name`. */
export async function scatterBuckets(
  node: Node,
  tag: number,
  source: Vector,
  name: string,
  pack: Pack = (layout) => node.compressed(layout),
): Promise<Vector> {
  const { slices } = node.compute;
  const all = [...rings(node)];
  const parts = node.next(
    name,
    all.reduce((sum, { length }) => sum + length, 0),
  );
  await Promise.all(
    all.map(async ({ ring, offset, layout, at, length }, index) => {
      const bucket = node.scratch(`bucket ${index}`, layout.length);
      slices.copy(bucket, 0, source, offset, layout.length);
      slices.copy(parts, at, await reduceScatter(node, tag, bucket, pack, ring), 0, length);
    }),
  );
  return parts;
}

/** mean ← (1/n) Σ_i source_i, from everybody's parts; the same bits everywhere. */
export async function gatherBuckets(
  node: Node,
  tag: number,
  parts: Vector,
  mean: Vector,
  pack: Pack = (layout) => node.compressed(layout),
): Promise<void> {
  const { compute, size } = node;
  const { slices } = compute;
  await Promise.all(
    [...rings(node)].map(async ({ ring, offset, layout, at, length }, index) => {
      const part = node.scratch(`part ${index}`, length);
      slices.copy(part, 0, parts, at, length);
      const bucket = node.scratch(`bucket ${index}`, layout.length);
      await allGather(node, tag, part, bucket, pack, ring);
      slices.copy(mean, offset, bucket, 0, layout.length);
    }),
  );
  compute.linear(mean, [[1 / size, mean]]);
}

/** Of a round that gathers what the one before has scattered. */
export function dearCost(given: Costing): Cost {
  const costs = bucketsOf(given.layout).map(({ layout }) => ringCost({ ...given, layout }, given.graph.n));
  return costs.reduce(
    (sum, { messages, bytes }) => ({ messages: sum.messages + messages, bytes: sum.bytes + bytes }),
    { messages: 0, bytes: 0 },
  );
}
