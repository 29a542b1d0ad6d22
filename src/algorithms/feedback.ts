/**
 * Error feedback as a choice: `errorFeedback`, on unless a recipe says otherwise.
 *
 * Switched off, nothing of what compression leaves out is kept: no residual is in the state, and every message
 * is the compressed input and nothing else. It is what papers compare error feedback with (Karimireddy et al.,
 * arXiv 1901.09847; Tang et al., arXiv 1905.05957; Vogels et al., arXiv 1905.13727). With an unbiased
 * compressor the errors average out all the same; with any other it is a negative control.
 */
import { booleanOption, type OptionSchema, type Options } from '../base/options.ts';
import type { Vector } from '../compute/compute.ts';
import { type Configuration, held, type Node, type Start } from './algorithm.ts';
import { type Refusal, unsound } from './refusal.ts';

export const ERROR_FEEDBACK: OptionSchema = {
  errorFeedback: {
    kind: 'boolean',
    default: true,
    label: 'error feedback',
    help: 'Adds what compression leaves out of one message to the next. Off, it is forgotten: with a biased compressor that is a negative control, to see why it is needed.',
  },
};

/** Whether this worker keeps what compression leaves out. */
export const feedsBack = (options: Options): boolean => booleanOption(options, 'errorFeedback');

/** What errors need that are fed back; or, where they are not, a compressor without bias. */
export function needsForErrors(
  name: string,
  given: Configuration,
  fedBack: (name: string, given: Configuration) => Refusal | null,
): Refusal | null {
  const { compressor, compressorClass } = given;
  if (feedsBack(given.options)) return fedBack(name, given);
  if (compressorClass === 'lossless' || compressorClass === 'unbiased' || compressor === 'fp16') return null;
  return needsFeedback(name, compressor, given);
}

/** Where `what` leaves something out: error feedback. */
export function needsFeedback(name: string, what: string, given: Configuration): Refusal | null {
  if (feedsBack(given.options)) return null;
  const why = `${name} without error feedback forgets what ${what} leaves out, time and again. Choose errorFeedback on.`;
  return unsound(given, 'no-feedback', why);
}

/** A worker's own residual at the start of a view: zeros, or its own from before; none if errors are not fed back. */
export function beginResidual(
  node: Node,
  { previous }: Pick<Start, 'previous'>,
  name = 'e',
): Readonly<Record<string, Vector>> {
  if (!feedsBack(node.options)) return {};
  const residual = node.next(name);
  node.compute.linear(residual, previous === null ? [] : [[1, held(previous, name)]]);
  return { [name]: residual };
}
