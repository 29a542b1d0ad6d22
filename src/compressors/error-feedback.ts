/**
 * Error feedback: what compression left out of one message is added to what the next one is to say.
 *
 * With input g, residual e and compressor C: v = g + e, send C(v), e' = v - C(v), so that
 * Σ C(v_t) + e_T = Σ g_t + e_0 whatever C is (Seide et al., "1-bit stochastic gradient descent", 2014; Stich
 * et al., arXiv 1809.07599). What is subtracted is the decoded message, the very bits that its receivers
 * apply. In which units input and residual are (gradient, step, momentum) is for the algorithm to say, which
 * calls the first half before it compresses and the second after it. Nothing is kept here: all vectors are
 * handed in, and none that holds a committed state is written, so a round that is given up leaves nothing
 * behind.
 */
import type { Compute, Term, Vector, WriteMode } from '../compute/compute.ts';
import type { DecodeResult } from './compressor.ts';

/** A message that its own sender cannot decode: the numbers in it are no longer finite. */
export class CompensationError extends Error {
  override readonly name = 'CompensationError';
}

/** dest = Σ terms + residual: what is to be said, with what was left out before. No residual is none yet. */
export function addResidual(
  compute: Compute,
  dest: Vector,
  terms: readonly Term[],
  residual: Vector | null,
): void {
  compute.linear(dest, residual === null ? terms : [...terms, [1, residual]]);
}

/**
 * dest = compensated - decoded message: what the message leaves out. `decode` writes the message into a
 * vector, and throws or returns what is wrong with it. @throws {CompensationError}
 */
export function keepResidual(
  compute: Compute,
  dest: Vector,
  compensated: Vector,
  decode: (dest: Vector, weight: number, mode: WriteMode) => DecodeResult | undefined,
): void {
  if (dest === compensated)
    throw new RangeError('The residual needs a vector other than the compensated one.');
  compute.linear(dest, [[1, compensated]]);
  const result = decode(dest, -1, 'add');
  if (result !== undefined && !result.ok) throw new CompensationError(result.message);
}
