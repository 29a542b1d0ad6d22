/**
 * The mean over all workers by way of packets that may be lost: model averaging of RPS over a network's own
 * losses, with a deadline for each of its two phases.
 *
 *   scatter   worker b hears block b from the others; packet k of it is averaged over those it came from
 *   gather    b sends the means to all; who does not hear packet k of them keeps its own numbers there
 *
 * Yu, Tang et al.: Distributed Learning over Unreliable Networks, arXiv 1810.07766; the packet, and not the
 * block, is what is lost here. It needs a compressor whose messages are the numbers one after another.
 */
import type { Vector } from '../../compute/compute.ts';
import { PACKET_PAYLOAD_BYTES } from '../../protocol/frame.ts';
import type { Node } from '../algorithm.ts';
import { partsOf } from './parts.ts';

/** Tags of the two phases. */
export interface Phases {
  readonly scatter: number;
  readonly gather: number;
}

/**
 * Share of the deadline after which a sender that was heard is taken to have sent all: its packets come
 * together. Far below one, or who lacks a last packet would be late for the next phase of the others.
 */
const SILENCE = 0.2;

/**
 * Where a message of so many bytes is cut into packets, counted in its numbers: ascending, from 0 to `length`.
 * Numbers have one size; what pads the last of them is less than that.
 */
export function packetBounds(bytes: number, length: number): readonly number[] {
  const each = PACKET_PAYLOAD_BYTES / Math.round(bytes / length);
  const bounds: number[] = [];
  for (let start = 0; start < length; start += each) bounds.push(start);
  return [...bounds, length];
}

/**
 * Replaces x by what this worker hears of the mean of all. Either phase has `deadline` ms, counted from when
 * this worker began: who had to wait out the first is not too late for the others' second.
 */
export async function lossyMean(
  node: Node,
  x: Vector,
  { scatter, gather }: Phases,
  deadline: number,
): Promise<void> {
  const { compute, rank, size } = node;
  const { slices } = compute;
  const begun = node.now();
  const silence = SILENCE * deadline;
  const blocks = partsOf(node.layout, size);
  const others = Array.from({ length: size }, (_, other) => other).filter((other) => other !== rank);
  await Promise.all(
    blocks.map(async ({ offset, length, layout }, server) => {
      if (server === rank || length === 0) return;
      const block = node.scratch(`block ${server}`, length);
      slices.copy(block, 0, x, offset, length);
      node.cast(server, scatter, await node.compressed(layout).encode(block, scatter, server));
    }),
  );
  const mine = blocks[rank];
  if (mine !== undefined && mine.length > 0) {
    const packer = node.compressed(mine.layout);
    const bounds = packetBounds(packer.bytes, mine.length);
    const wanted = others.map((other) => ({ rank: other, bytes: packer.bytes }));
    const heard = (await node.collect(scatter, wanted, { by: begun + deadline, silence })).filter(
      ({ came }) => came.includes(true),
    );
    const mean = node.scratch('mean', mine.length);
    slices.copy(mean, 0, x, mine.offset, mine.length);
    for (const message of heard) packer.decode(message, mean, 1, 'add');
    const factors = bounds.slice(1).map((_, k) => 1 / (1 + heard.filter(({ came }) => came[k]).length));
    slices.addScaledChunks(mean, mean, bounds, factors, 'set');
    const answer = await packer.encode(mean, gather);
    for (const to of others) node.cast(to, gather, answer);
    packer.decode(answer, mean, 1, 'set');
    slices.copy(x, mine.offset, mean, 0, mine.length);
  }
  const servers = others.flatMap((server) => {
    const block = blocks[server];
    if (block === undefined || block.length === 0) return [];
    const packer = node.compressed(block.layout);
    return [{ rank: server, bytes: packer.bytes, block, packer }];
  });
  const means = await node.collect(gather, servers, { by: begun + 2 * deadline, silence });
  for (const [index, { rank: server, bytes, block, packer }] of servers.entries()) {
    const message = means[index];
    if (message === undefined || !message.came.includes(true)) continue;
    const mean = node.scratch(`block ${server}`, block.length);
    packer.decode(message, mean, 1, 'set');
    const bounds = packetBounds(bytes, block.length);
    for (const [first, end] of runs(message.came)) {
      const [from = 0, to = 0] = [bounds[first], bounds[end]];
      slices.copy(x, block.offset + from, mean, from, to - from);
    }
  }
}

/** Runs of what came: [first, one past the last]. */
function runs(came: readonly boolean[]): readonly (readonly [number, number])[] {
  const found: [number, number][] = [];
  came.forEach((here, k) => {
    const last = found.at(-1);
    if (!here) return;
    if (last?.[1] === k) last[1] = k + 1;
    else found.push([k, k + 1]);
  });
  return found;
}
