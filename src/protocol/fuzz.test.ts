/**
 * A million mutated frames, from one seed: whatever the bytes, a part or a named error, a frame or a
 * named error; never an exception, and never more memory than the caps.
 */
import { expect, it } from 'vitest';
import { PURPOSE, randomStream } from '../math/random.ts';
import { Assembler } from './assembler.ts';
import { decodePart, encodeFrames } from './codec.ts';
import { decodeControl } from './control.ts';
import { type Frame, HEADER_BYTES, MAX_PART_BYTES } from './frame.ts';

const FRAMES = 1_000_000;

/** Well-formed parts to start from: small messages of every type, and the parts of larger ones. */
function seeds(): Uint8Array[] {
  const frame: Frame = {
    type: 'algorithm',
    view: '0123456789abcdef',
    round: 1,
    step: 0,
    tag: 0,
    codec: 1,
    sequence: 1,
    source: 0,
    destination: 1,
    payload: Uint8Array.from({ length: 48 }, (_, i) => i),
  };
  const control = new TextEncoder().encode('{"kind":"command","number":1,"command":{"kind":"step"}}');
  return [
    frame,
    { ...frame, type: 'resync' as const, payload: new Uint8Array(0) },
    { ...frame, type: 'sketch' as const },
    { ...frame, type: 'packet' as const },
    { ...frame, type: 'control' as const, codec: 0, payload: control },
    { ...frame, sequence: 2, payload: new Uint8Array(2 * MAX_PART_BYTES + 7) },
    { ...frame, sequence: 3, payload: new Uint8Array(40 * MAX_PART_BYTES + 7) },
  ].flatMap((message) => encodeFrames(message));
}

it('survives a million mutated frames', () => {
  const stream = randomStream(20_240_601, PURPOSE.simulation, 0, 0);
  const originals = seeds();
  const limits = { openMessages: 8, openBytes: 24 * MAX_PART_BYTES };
  const assembler = new Assembler(limits);
  const seen = new Map<string, number>();
  const count = (name: string) => seen.set(name, (seen.get(name) ?? 0) + 1);
  // One buffer is reused for mutants, so that the test itself does not copy 60 GB; what the assembler
  // keeps are views into it, which is all the same to the sizes and orders it watches.
  const buffer = new Uint8Array(HEADER_BYTES + MAX_PART_BYTES + 64);
  let inFile = 0;

  for (let trial = 0; trial < FRAMES; trial++) {
    // Mostly the next part in order, so that messages also get finished; else any.
    inFile = stream.integer(4) > 0 ? (inFile + 1) % originals.length : stream.integer(originals.length);
    const original = originals[inFile] ?? new Uint8Array();
    let length = original.length;
    buffer.set(original.subarray(0, HEADER_BYTES + 64));
    const mutations = stream.integer(4);
    for (let m = 0; m < mutations; m++) {
      const at = stream.integer(
        stream.integer(5) > 0 ? HEADER_BYTES : Math.max(1, Math.min(length, HEADER_BYTES + 64)),
      );
      switch (stream.integer(5)) {
        case 0:
          buffer[at] = stream.u32();
          break;
        case 1:
          buffer[at] = (buffer[at] ?? 0) ^ (1 << stream.integer(8));
          break;
        case 2:
          buffer[at] = stream.integer(2) * 0xff;
          break;
        case 3:
          buffer.copyWithin(at, stream.integer(HEADER_BYTES), HEADER_BYTES);
          break;
        default:
          length = stream.integer(3) > 0 ? stream.integer(HEADER_BYTES + 64) : length + stream.integer(3) - 1;
      }
    }
    const result = decodePart(buffer.subarray(0, Math.max(0, length)));
    if (!result.ok) {
      count(result.error.name);
      continue;
    }
    const assembled = assembler.push(result.part);
    expect(assembler.heldBytes <= limits.openBytes && assembler.openCount <= limits.openMessages).toBe(true);
    if (!assembled.ok) count(assembled.error.name);
    else if (assembled.frame === null) count('unfinished');
    else {
      count(assembled.frame.payload.length > MAX_PART_BYTES ? 'long frame' : 'frame');
      if (assembled.frame.type === 'control')
        count(decodeControl(assembled.frame.payload).ok ? 'message' : 'control');
    }
  }

  // The fuzzer reaches every branch: a mutator that finds nothing would prove nothing.
  const reached = [...seen.keys()].sort();
  expect(reached).toEqual(
    [
      'control',
      'duplicate',
      'frame',
      'inconsistent',
      'length',
      'long frame',
      'magic',
      'message',
      'order',
      'overflow',
      'parts',
      'reserved',
      'too-large',
      'type',
      'unfinished',
      'version',
    ].sort(),
  );
}, 60_000);
