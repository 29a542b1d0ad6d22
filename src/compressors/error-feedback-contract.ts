/** What must hold of error feedback around any compressor, on either backend. For tests only. */
import { expect } from 'vitest';
import { completeOptions } from '../base/options.ts';
import type { Compute, Vector } from '../compute/compute.ts';
import { randomStream } from '../math/random.ts';
import { packLayout } from '../models/layout.ts';
import type { Codec, CompressorEntry, MessageKey } from './compressor.ts';
import { addResidual, keepResidual } from './error-feedback.ts';
import { difference, SEED } from './testing.ts';

const ROUNDS = 25;
const LAYOUT = packLayout([
  ['a', [13, 37]],
  ['b', [30]],
]);

export interface Feedback {
  readonly input: Vector;
  /** e; null before the first message. */
  readonly residual: Vector | null;
  /** Where v = input + e goes. */
  readonly compensated: Vector;
  /** Where e' = v - C(v) goes. */
  readonly nextResidual: Vector;
}

/** The message C(input + e), as algorithms make it. */
export async function compensate(
  compute: Compute,
  codec: Codec,
  { input, residual, compensated, nextResidual }: Feedback,
  key: MessageKey,
): Promise<Uint8Array> {
  addResidual(compute, compensated, [[1, input]], residual);
  const bytes = await codec.encode(compensated, key);
  keepResidual(compute, nextResidual, compensated, (dest, weight, mode) =>
    codec.decode(bytes, dest, weight, mode),
  );
  return bytes;
}

/**
 * Σ C(v_t) + e_T = Σ input_t, to f32 rounding of what was added; and in every round exactly
 * e' = v - decode(message), with input and residual left as they were.
 */
export async function expectTelescoping(
  compute: Compute,
  entry: CompressorEntry,
  given: Readonly<Record<string, unknown>>,
): Promise<void> {
  const { length } = LAYOUT;
  const stream = randomStream(SEED, 0, 3, 0);
  const [sender, receiver] = [0, 1].map(() =>
    entry.create(compute, LAYOUT, completeOptions(entry.id, entry.options, given)),
  );
  if (sender === undefined || receiver === undefined) throw new Error('There are two codecs.');
  const [input, compensated, decoded] = [0, 1, 2].map(() => compute.vector(length));
  const residuals = [compute.vector(length), compute.vector(length)];
  if (!input || !compensated || !decoded) throw new Error('There are three vectors.');
  const inputs = new Float64Array(length);
  const sent = new Float64Array(length);
  const slack = new Float64Array(length);
  let last = new Float32Array(length);
  for (let round = 0; round < ROUNDS; round++) {
    const values = Float32Array.from({ length }, () => stream.normal());
    const [residual, nextResidual] = round % 2 === 0 ? residuals : [...residuals].reverse();
    if (!residual || !nextResidual) throw new Error('There are two residuals.');
    compute.upload(input, values);
    const feedback = { input, residual: round === 0 ? null : residual, compensated, nextResidual };
    const bytes = await compensate(compute, sender, feedback, { seed: 1, round, seat: 0, tag: 0 });
    expect(receiver.decode(bytes, decoded, 1, 'set')).toEqual({ ok: true });
    expect(difference(await compute.read(input), values)).toBeNull();
    if (round > 0) expect(difference(await compute.read(residual), last)).toBeNull();
    const v = await compute.read(compensated);
    const q = await compute.read(decoded);
    const e = await compute.read(nextResidual);
    // A zero may have either sign.
    expect(e.findIndex((value, k) => value !== Math.fround((v[k] ?? 0) - (q[k] ?? 0)))).toBe(-1);
    for (let k = 0; k < length; k++) {
      inputs[k] = (inputs[k] ?? 0) + (values[k] ?? 0);
      sent[k] = (sent[k] ?? 0) + (q[k] ?? 0);
      slack[k] = (slack[k] ?? 0) + 2 ** -22 * (Math.abs(v[k] ?? 0) + Math.abs(q[k] ?? 0));
    }
    last = e.slice();
  }
  const wrong = last.findIndex(
    (e, k) => !(Math.abs((sent[k] ?? 0) + e - (inputs[k] ?? 0)) <= (slack[k] ?? 0)),
  );
  expect(wrong, `${sent[wrong]} + ${last[wrong]} instead of ${inputs[wrong]}`).toBe(-1);
  sender.destroy();
  receiver.destroy();
  compute.free(input, compensated, decoded, ...residuals);
}
