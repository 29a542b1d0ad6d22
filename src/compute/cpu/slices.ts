/**
 * Runs and chunks of vectors on the TypeScript backend; see `Slices`. Sums run in double precision in a
 * fixed order and are rounded once, when stored.
 */
import { checkBounds } from '../chunks.ts';
import type { ChunkBounds, Vector, WriteMode } from '../compute.ts';
import { checkFactors, type NormKind, type Slices } from '../slices.ts';
import type { Access } from './access.ts';
import type { Numbers } from './handles.ts';

export class CpuSlices implements Slices {
  readonly #access: Access;

  constructor(access: Access) {
    this.#access = access;
  }

  copy(dest: Vector, destOffset: number, source: Vector, sourceOffset: number, length: number): void {
    const to = this.#access.vector(dest, length, destOffset);
    const from = this.#access.vector(source, length, sourceOffset);
    apart(to, from);
    to.set(from.subarray(sourceOffset, sourceOffset + length), destOffset);
  }

  add(
    dest: Vector,
    destOffset: number,
    source: Vector,
    sourceOffset: number,
    length: number,
    weight: number,
  ): void {
    const to = this.#access.vector(dest, length, destOffset);
    const from = this.#access.vector(source, length, sourceOffset);
    apart(to, from);
    const w = this.#access.round(weight);
    for (let k = 0; k < length; k++) {
      to[destOffset + k] = (to[destOffset + k] as number) + w * (from[sourceOffset + k] as number);
    }
  }

  chunkNorms(source: Vector, bounds: ChunkBounds, kind: NormKind, out: Vector, index: number): void {
    const from = this.#access.vector(source);
    checkBounds(bounds, from.length);
    const to = this.#access.vector(out, bounds.length - 1, index);
    apart(to, from);
    const sum = kind === 'sum-abs' ? sumOfMagnitudes : sumOfSquares;
    for (let c = 0; c + 1 < bounds.length; c++) {
      to[index + c] = sum(from, bounds[c] as number, bounds[c + 1] as number);
    }
  }

  addScaledChunks(
    dest: Vector,
    source: Vector,
    bounds: ChunkBounds,
    factors: readonly number[],
    mode: WriteMode,
  ): void {
    const to = this.#access.vector(dest);
    const from = this.#access.sameLength(source, to.length);
    checkBounds(bounds, to.length);
    checkFactors({ bounds, factors });
    factors.forEach((given, c) => {
      const factor = this.#access.round(given);
      const end = bounds[c + 1] as number;
      let k = bounds[c] as number;
      if (mode === 'set') for (; k < end; k++) to[k] = factor * (from[k] as number);
      else for (; k < end; k++) to[k] = (to[k] as number) + factor * (from[k] as number);
    });
  }
}

/** @throws {RangeError} if a result would overwrite what is read. */
export function apart(result: Numbers, ...operands: readonly Numbers[]): void {
  if (operands.includes(result)) throw new RangeError('The result must be another vector than the operands.');
}

function sumOfMagnitudes(values: Numbers, start: number, end: number): number {
  let sum = 0;
  for (let k = start; k < end; k++) sum += Math.abs(values[k] as number);
  return sum;
}

function sumOfSquares(values: Numbers, start: number, end: number): number {
  let sum = 0;
  for (let k = start; k < end; k++) sum += (values[k] as number) ** 2;
  return sum;
}
