/** Sketches of parameters between tabs: what makes a consensus distance known without moving models. */
import type { Letter, PostOffice } from '../network/post-office.ts';
import type { PeerId } from '../network/transport.ts';
import { type Frame, NO_SEAT } from '../protocol/frame.ts';
import type { SeatHolder, View } from '../room/view.ts';
import { SKETCH_LENGTH } from './consensus.ts';
import { bytesOfFloats, floatsOfBytes } from './floats.ts';

/** Sends one worker's sketch to every other peer of the view. */
export function sendSketch(
  post: PostOffice,
  view: View,
  holder: SeatHolder,
  round: number,
  sketch: Float32Array,
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
      payload: bytesOfFloats(sketch),
    };
    // Who is gone misses nothing.
    post.send(letter, peer).catch(() => undefined);
  }
}

/** The sketch in a frame, if its sender may speak for that seat and every number is finite. */
export function sketchIn(frame: Frame, peer: PeerId, view: View): Float32Array | null {
  const holder = view.seats.find(({ seat }) => seat === frame.source);
  return holder?.peer === peer ? floatsOfBytes(frame.payload, SKETCH_LENGTH) : null;
}
