/** Sketches of parameters between tabs: what makes a consensus distance known without moving models. */
import type { Letter, PostOffice } from '../network/post-office.ts';
import type { PeerId } from '../network/transport.ts';
import { type Frame, NO_SEAT } from '../protocol/frame.ts';
import type { SeatHolder, View } from '../room/view.ts';
import { SKETCH_LENGTH } from './consensus.ts';
import { bytesOfFloats, floatsOfBytes } from './floats.ts';

/** Sends one worker's sketch, and its weight in the mean, to every other peer of the view. */
export function sendSketch(
  post: PostOffice,
  view: View,
  holder: SeatHolder,
  round: number,
  sketch: Float32Array,
  weight: number,
): void {
  const peers = new Set(view.seats.map(({ peer }) => peer));
  peers.delete(post.self);
  for (const peer of peers) {
    const letter: Letter = {
      type: 'sketch',
      view: view.id,
      round,
      step: 0,
      tag: 0,
      codec: 0,
      source: holder.seat,
      destination: NO_SEAT,
      payload: bytesOfFloats(Float32Array.of(...sketch, weight)),
    };
    // Who is gone misses nothing.
    post.send(letter, peer).catch(() => undefined);
  }
}

/** The sketch in a frame, if its sender may speak for that seat, every number is finite and the weight positive. */
export function sketchIn(
  frame: Frame,
  peer: PeerId,
  view: View,
): { readonly sketch: Float32Array; readonly weight: number } | null {
  const holder = view.seats.find(({ seat }) => seat === frame.source);
  const numbers = holder?.peer === peer ? floatsOfBytes(frame.payload, SKETCH_LENGTH + 1) : null;
  const weight = numbers?.[SKETCH_LENGTH] ?? 0;
  return numbers === null || !(weight > 0) ? null : { sketch: numbers.subarray(0, SKETCH_LENGTH), weight };
}
