/**
 * What the kernel tests share: the same operation run on the WebGPU implementation and on the TypeScript
 * one, with seeded inputs. Not part of the lab.
 */
import { sketchHash } from '../../math/sketch-hash.ts';
import type { Compute, Vector, Words } from '../compute.ts';

/** Uniform in [-1, 1), the same for the same seed. */
export function noise(length: number, seed: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => sketchHash(seed, i) / 2 ** 31 - 1);
}

/** Whole numbers in [0, below). */
export function integers(length: number, below: number, seed: number): Uint32Array {
  return Uint32Array.from({ length }, (_, i) => sketchHash(seed, i) % below);
}

export function bitsOf(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length);
}

export function floatsOf(words: Uint32Array): Float32Array {
  return new Float32Array(words.buffer, words.byteOffset, words.length);
}

export function vectorOf(compute: Compute, data: Float32Array): Vector {
  const vector = compute.vector(data.length);
  compute.upload(vector, data);
  return vector;
}

export function wordsOf(compute: Compute, data: Uint32Array): Words {
  const words = compute.words(data.length);
  compute.uploadWords(words, data);
  return words;
}

/** Largest |a - b| relative to max(1, largest |b|); infinite where one of them is not a number. */
export function distance(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  let scale = 1;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs((a[i] ?? Number.NaN) - (b[i] ?? Number.NaN));
    if (Number.isNaN(difference)) return Number.POSITIVE_INFINITY;
    worst = Math.max(worst, difference);
    scale = Math.max(scale, Math.abs(b[i] ?? 0));
  }
  return worst / scale;
}

/** Where two arrays of words first differ; -1 if nowhere. Much quicker than a deep comparison. */
export function firstDifference(a: Uint32Array, b: Uint32Array): number {
  if (a.length !== b.length) return Math.min(a.length, b.length);
  return a.findIndex((word, i) => word !== b[i]);
}
