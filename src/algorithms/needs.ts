/**
 * Needs that many algorithms share, each as a refusal that says why a configuration is refused and what
 * to choose instead, or null. What mathematics forbids can be allowed, what could not run cannot. Where the number of workers is not known yet, the graph is not judged.
 */
import type { Configuration } from './algorithm.ts';
import { impossible, type Refusal, unsound } from './refusal.ts';

/** Whole numbers on the wire: `none`, or `fp16` whose rounding is far below the gradient noise. */
export function needsWholeNumbers(name: string, instead: string, given: Configuration): Refusal | null {
  const { compressor, compressorClass } = given;
  if (compressorClass === 'lossless' || compressor === 'fp16') return null;
  const why = `${name} sends whole vectors, and with ${compressor} its error would never shrink. ${instead}`;
  return unsound(given, 'whole-numbers', why);
}

/** A contraction: its error is at most a share of what is sent, so error feedback can catch up. */
export function needsContraction(name: string, given: Configuration): Refusal | null {
  const { compressor, compressorClass } = given;
  if (compressorClass === 'lossless' || compressorClass === 'contraction' || compressor === 'fp16') {
    return null;
  }
  const why = `${name} needs a compressor that is a contraction, which ${compressor} as it is set is not. Choose one-bit, top-k or none.`;
  return unsound(given, 'contraction', why);
}

/** A contraction, or an unbiased compressor, whose messages the algorithm scales down to one. */
export function needsContractible(name: string, given: Configuration): Refusal | null {
  return given.compressorClass === 'unbiased' ? null : needsContraction(name, given);
}

/** E C(v) = v: nothing else lets the errors average out without a residual. */
export function needsUnbiased(name: string, given: Configuration): Refusal | null {
  const { compressor, compressorClass } = given;
  if (compressorClass === 'lossless' || compressorClass === 'unbiased') return null;
  const why = `${name} needs an unbiased compressor, which ${compressor} is not. Choose qsgd, uniform or none.`;
  return unsound(given, 'unbiased', why);
}

/** Averages keep the mean: rows and columns of the mixing matrix sum to one. */
export function needsDoublyStochastic(name: string, given: Configuration): Refusal | null {
  const { topology, graph } = given;
  if (graph === null || graph.doublyStochastic) return null;
  const why =
    `${name} averages, and on ${topology} averages drift: some workers are heard more than others. ` +
    (graph.directed
      ? 'Choose an undirected graph, or SGP, which corrects for it.'
      : 'Choose Metropolis weights (topology.weights=metropolis).');
  return unsound(given, 'doubly-stochastic', why);
}

/** The same undirected graph every round: what is held of a neighbour must stay true. */
export function needsFixedSymmetric(name: string, given: Configuration): Refusal | null {
  const { topology, graph } = given;
  if (graph === null || (!graph.dynamic && !graph.directed)) return needsDoublyStochastic(name, given);
  const why = graph.directed ? 'has one-way edges' : 'changes every round';
  return impossible(
    `${name} keeps account of every neighbour, and ${topology} ${why}. Choose a fixed undirected graph.`,
  );
}

/** Everybody reaches everybody. */
export function needsComplete(name: string, { topology, graph }: Configuration): Refusal | null {
  if (topology === 'complete' || graph?.isComplete === true) return null;
  return impossible(`${name} exchanges parts with everybody: choose the topology complete.`);
}

/** All-reduce algorithms: everybody to everybody in parts, or through the centre of a star. */
export function needsCompleteOrStar(name: string, given: Configuration): Refusal | null {
  if (given.topology === 'star' || needsComplete(name, given) === null) return null;
  return impossible(
    `${name} averages over all workers: choose the topology complete (in parts) or star (a server).`,
  );
}

/** A mean over all workers: in parts around a ring or on the complete graph, or at the centre of a star. */
export function needsAllReduce(name: string, given: Configuration): Refusal | null {
  if (given.topology === 'ring' || needsCompleteOrStar(name, given) === null) return null;
  return impossible(
    `${name} averages over all workers: choose the topology complete or ring (in parts), or star (a server).`,
  );
}

/** Error feedback in two passes: any compressor whose error stays bounded, the scaled signs among them. */
export function needsBoundedError(name: string, given: Configuration): Refusal | null {
  const { compressor, compressorOptions } = given;
  if (compressor === 'one-bit' && compressorOptions.scale === 'l2') return null;
  if (compressor === 'ternary' || compressor === 'min-max-8') return null;
  if (needsContraction(name, { ...given, allow: [] }) === null) return null;
  const why =
    `${name} feeds errors back, which must stay bounded; those of ${compressor} as it is set may grow. ` +
    'Choose one-bit with a scale, ternary, min-max-8, top-k or none.';
  return unsound(given, 'bounded-error', why);
}

/** Errors that may be forgotten: none, or small ones of many levels, or such as average away. */
export function needsFineSteps(name: string, instead: string, given: Configuration): Refusal | null {
  const { compressor, compressorClass } = given;
  if (compressor === 'min-max-8' || compressor === 'fp16') return null;
  if (compressorClass === 'lossless' || compressorClass === 'unbiased') return null;
  const why =
    `${name} forgets what compression leaves out, and ${compressor} leaves out too much. ` +
    `Choose min-max-8, uniform or none, or ${instead}, which feeds errors back.`;
  return unsound(given, 'fine-steps', why);
}

/** Neighbours that hear each other. */
export function needsUndirected(name: string, { topology, graph }: Configuration): Refusal | null {
  if (graph === null || !graph.directed) return null;
  return impossible(
    `${name} needs answers, and on ${topology} some are heard by whom they do not hear. Choose an undirected graph.`,
  );
}

/** A server that everybody else talks to, and nobody else does. */
export function needsStar(name: string, { topology, graph }: Configuration): Refusal | null {
  if (topology === 'star' || (graph !== null && (graph.n === 1 || graph.isStar !== null))) return null;
  return impossible(`${name} has a server, the centre of a star: choose the topology star.`);
}
