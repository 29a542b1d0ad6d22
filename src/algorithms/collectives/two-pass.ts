/**
 * Two-pass compressed mean: everybody compresses what it has for the worker that looks after a part of
 * the vector; that worker averages what came, compresses again, and sends the result to all.
 *
 *   u_i = v_i + e_i,  q_i = C(u_i),  e_i ← u_i − q_i                    (worker, for every part)
 *   w = (1/n) Σ_i q_i + E,  r = C(w),  E ← w − r                        (owner of a part)
 *
 * The scheme of DoubleSqueeze (Tang et al., ICML 2019, arXiv 1905.05957) spread over the workers, as 1-bit
 * Adam does it (Tang et al., ICML 2021, arXiv 2102.02888). On the complete graph worker j owns part j; on a
 * star the centre owns the whole. All workers decode the same bytes, so all hold the same result. Without
 * residuals it is the scheme of ByteGrad. Differences: no padding, every part has scales of its own.
 *
 * In every coordinate, whatever C is:  r + mean_i e_i' + E' = mean_i v_i + mean_i e_i + E.
 */
import { addResidual, keepResidual } from '../../compressors/error-feedback.ts';
import type { Vector } from '../../compute/compute.ts';
import { type Cost, type Costing, held, type Node, type Start, type State } from '../algorithm.ts';
import { feedsBack } from '../feedback.ts';
import { type Part, partsOf } from './parts.ts';

/** What compression has left out so far: `e` of this worker, `E` of the part it owns, if it owns one. */
export interface Residuals {
  readonly e: Vector;
  readonly E?: Vector;
  /** Where E's part begins in the whole. */
  readonly offset: number;
}

const UP = 0;
const DOWN = 1;

interface Share {
  readonly part: Part;
  readonly owner: number;
}

/** Who looks after what: everybody after its part, or the centre of a star after the whole. */
function sharesOf({ layout, graph, size }: Pick<Node, 'layout' | 'graph' | 'size'>): readonly Share[] {
  const centre = graph.isComplete ? null : graph.isStar;
  if (centre !== null) return [{ part: { offset: 0, length: layout.length, layout }, owner: centre }];
  return partsOf(layout, size).flatMap((part, owner) => (part.length > 0 ? [{ part, owner }] : []));
}

/** A state's residuals; null if it holds none, as errors are not fed back. */
export function residualsIn(state: State): Residuals | null {
  if (state.e === undefined) return null;
  const { offset } = state;
  const E = state.E === undefined ? {} : { E: held(state, 'E') };
  return { e: held(state, 'e'), ...E, offset: typeof offset === 'number' ? offset : 0 };
}

/**
 * Residuals at the start of a view: zeros, or a worker's own from before. What an owner kept of its part
 * goes into its own e, n-fold, so that mean e + E stays what it was although the parts are other ones.
 * None where the algorithm's options switch error feedback off.
 */
export function beginResiduals(node: Node, { previous }: Start): Residuals | null {
  if (!feedsBack(node.options)) return null;
  const { compute, size } = node;
  const e = node.next('e');
  const before = previous === null ? null : residualsIn(previous);
  compute.linear(e, before === null ? [] : [[1, before.e]]);
  if (before?.E !== undefined) {
    compute.slices.add(e, before.offset, before.E, 0, before.E.length, size);
  }
  const own = sharesOf(node).find(({ owner }) => owner === node.rank);
  if (own === undefined || size === 1) return { e, offset: 0 };
  const E = node.next('E', own.part.length);
  compute.linear(E, []);
  return { e, E, offset: own.part.offset };
}

/**
 * The mean over all workers of `input` with everything compressed, the same bits on every worker, and the
 * residuals that go with it; without residuals, errors are forgotten. `mean` must not be `input`.
 */
export async function twoPassMean(
  node: Node,
  tag: number,
  input: Vector,
  mean: Vector,
  residuals: Residuals | null,
): Promise<Residuals | null> {
  const { compute, rank, size } = node;
  const { slices } = compute;
  if (size === 1) {
    // Nobody to send to: nothing is compressed, and what was left out before goes in now.
    addResidual(compute, mean, [[1, input]], residuals?.e ?? null);
    if (residuals === null) return null;
    const e = node.next('e');
    compute.linear(e, []);
    return { e, offset: 0 };
  }
  const shares = sharesOf(node);
  const own = shares.findIndex(({ owner }) => owner === rank);
  const u = node.scratch('compensated');
  addResidual(compute, u, [[1, input]], residuals?.e ?? null);

  const messages = await Promise.all(
    shares.map(({ part }, index) => {
      const piece = node.scratch(`piece ${index}`, part.length);
      slices.copy(piece, 0, u, part.offset, part.length);
      return node.compressed(part.layout).encode(piece, tag, index);
    }),
  );
  for (const [index, { owner }] of shares.entries()) {
    const message = messages[index];
    if (message !== undefined && owner !== rank) node.send(owner, tag, message, UP);
  }
  const e = residuals === null ? null : node.next('e');
  if (e !== null) {
    keepResidual(compute, e, u, (dest, weight) => {
      for (const [index, { part }] of shares.entries()) {
        const message = messages[index];
        if (message === undefined) continue;
        const decoded = node.scratch(`piece ${index}`, part.length);
        node.compressed(part.layout).decode(message, decoded, 1, 'set');
        slices.add(dest, part.offset, decoded, 0, part.length, weight);
      }
    });
  }

  const share = shares[own];
  const ownMessage = messages[own];
  const everybodyElse = Array.from({ length: size }, (_, other) => other).filter((other) => other !== rank);
  let E: Vector | null = null;
  if (share !== undefined && ownMessage !== undefined) {
    const { part } = share;
    const packer = node.compressed(part.layout);
    const received = await node.gather(tag, everybodyElse, UP);
    const w = node.scratch('averaged', part.length);
    compute.linear(w, []);
    for (let from = 0; from < size; from += 1) {
      const message = from === rank ? ownMessage : received.find((each) => each.rank === from);
      if (message !== undefined) packer.decode(message, w, 1, 'add');
    }
    addResidual(compute, w, [[1 / size, w]], residuals?.E ?? null);
    const answer = await packer.encode(w, tag, shares.length);
    for (const to of everybodyElse) node.send(to, tag, answer, DOWN);
    const result = node.scratch(`piece ${own}`, part.length);
    packer.decode(answer, result, 1, 'set');
    slices.copy(mean, part.offset, result, 0, part.length);
    if (residuals !== null) {
      E = node.next('E', part.length);
      keepResidual(compute, E, w, (dest, weight, mode) => {
        packer.decode(answer, dest, weight, mode);
      });
    }
  }
  const others = shares.filter(({ owner }) => owner !== rank);
  const answers = await node.gather(
    tag,
    others.map(({ owner }) => owner),
    DOWN,
  );
  for (const [index, { part }] of others.entries()) {
    const answer = answers[index];
    if (answer === undefined) continue;
    const result = node.scratch('answer', part.length);
    node.compressed(part.layout).decode(answer, result, 1, 'set');
    slices.copy(mean, part.offset, result, 0, part.length);
  }
  if (e === null) return null;
  return { e, ...(E === null ? {} : { E }), offset: share?.part.offset ?? 0 };
}

export function twoPassCost({ layout, graph, compressed }: Costing): Cost {
  const { n } = graph;
  const shares = sharesOf({ layout, graph, size: n });
  if (n < 2) return { messages: 0, bytes: 0 };
  const once = shares.reduce((bytes, { part }) => bytes + compressed(part.layout), 0);
  return { messages: 2 * (n - 1) * shares.length, bytes: 2 * (n - 1) * once };
}
