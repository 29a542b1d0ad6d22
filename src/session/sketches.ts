/**
 * Sketches of parameters between tabs: what makes a consensus distance known without moving models.
 *
 * If every tab had every sketch, they would cost the square of the members. So one peer gathers those of a
 * round and tells all others how far each worker is from the mean: a number for each seat, never longer than
 * one sketch. Who gathers changes from round to round by a rule that all know, so the work goes around, and
 * one that is gone, silent or wrong spoils only its own rounds.
 */
import { sketchHash } from '../math/sketch-hash.ts';
import type { Letter, PostOffice } from '../network/post-office.ts';
import type { PeerId } from '../network/transport.ts';
import { type Frame, NO_SEAT } from '../protocol/frame.ts';
import { bySeniority } from '../room/seats.ts';
import type { SeatHolder, View } from '../room/view.ts';
import { type ConsensusResult, rootMeanSquare, SKETCH_LENGTH, SKETCH_SEED } from './consensus.ts';
import { bytesOfFloats, floatsOfBytes } from './floats.ts';

/** What a sketch frame holds, by its `step`. */
const STEP = { sketch: 0, distances: 1 } as const;

/** Who gathers the sketches of a round. */
export function gathererOf(view: Pick<View, 'seats'>, round: number): PeerId | undefined {
  const peers = bySeniority(view);
  return peers[sketchHash(SKETCH_SEED, round) % peers.length];
}

function letterOf(view: View, round: number, step: number, source: number, numbers: Float32Array): Letter {
  return {
    ...{ type: 'sketch', view: view.id, round, step, tag: 0, codec: 0 },
    ...{ source, destination: NO_SEAT, payload: bytesOfFloats(numbers) },
  };
}

/** Sends one worker's sketch, and its weight in the mean, to whoever gathers those of this round, unless that is this peer. */
export function sendSketch(
  post: PostOffice,
  view: View,
  holder: SeatHolder,
  round: number,
  sketch: Float32Array,
  weight: number,
): void {
  const to = gathererOf(view, round);
  if (to === undefined || to === post.self) return;
  const numbers = Float32Array.of(...sketch, weight);
  // Who is gone misses nothing.
  post.send(letterOf(view, round, STEP.sketch, holder.seat, numbers), to).catch(() => undefined);
}

/** Tells every other peer of the view what came of the sketches that this peer gathered. */
export function sendDistances(post: PostOffice, view: View, { round, distances }: ConsensusResult): void {
  const numbers = Float32Array.from(view.seats, ({ seat }) => distances[seat] ?? 0);
  const letter = letterOf(view, round, STEP.distances, NO_SEAT, numbers);
  for (const peer of bySeniority(view)) {
    if (peer !== post.self) post.send(letter, peer).catch(() => undefined);
  }
}

/** The sketch in a frame, if its sender may speak for that seat, every number is finite and the weight positive. */
export function sketchIn(
  frame: Frame,
  peer: PeerId,
  view: View,
): { readonly sketch: Float32Array; readonly weight: number } | null {
  if (frame.step !== STEP.sketch) return null;
  const holder = view.seats.find(({ seat }) => seat === frame.source);
  const numbers = holder?.peer === peer ? floatsOfBytes(frame.payload, SKETCH_LENGTH + 1) : null;
  const weight = numbers?.[SKETCH_LENGTH] ?? 0;
  return numbers === null || !(weight > 0) ? null : { sketch: numbers.subarray(0, SKETCH_LENGTH), weight };
}

/** What the gatherer of a round says came of it; null from anybody else, or if the numbers cannot be distances. */
export function distancesIn(frame: Frame, peer: PeerId, view: View): ConsensusResult | null {
  const { round, step } = frame;
  if (step !== STEP.distances || frame.view !== view.id || gathererOf(view, round) !== peer) return null;
  const numbers = floatsOfBytes(frame.payload, view.seats.length);
  if (numbers === null || numbers.some((distance) => distance < 0)) return null;
  return {
    round,
    value: rootMeanSquare(numbers),
    exact: false,
    distances: Object.fromEntries(view.seats.map(({ seat }, index) => [seat, numbers[index] ?? 0])),
    mean: null,
  };
}
