/**
 * Memory of one worker on one device for one recipe: its vectors and its codecs. State vectors come in
 * pairs (the committed one, and the one the next round builds), made when they are first wanted, so a long
 * run allocates nothing; what depends on the number of workers (chunks of a collective) is made anew when
 * that number changes. A worker that rests gives all of it back.
 */
import type { BoundOptimizer } from '../algorithms/algorithm.ts';
import type { Layout } from '../base/layout.ts';
import { findEntry } from '../base/registry.ts';
import { COMPRESSORS } from '../compressors/index.ts';
import type { Vector } from '../compute/compute.ts';
import { packLayout } from '../models/layout.ts';
import type { Program } from '../models/model.ts';
import { OPTIMIZERS } from '../optimizers/index.ts';
import type { Assets } from './assets.ts';
import type { Coding } from './exchange.ts';
import { Losses } from './losses.ts';

const NONE = findEntry('compressor', COMPRESSORS, 'none');

export class WorkerMemory {
  readonly losses: Losses;
  readonly optimizer: BoundOptimizer;
  readonly #assets: Assets;
  readonly #scratch = new Map<string, Vector>();
  readonly #pairs = new Map<string, Vector[]>();
  readonly #codings = new Map<string, Coding>();
  #own: { readonly program: Program; readonly capacity: number } | null = null;

  constructor(assets: Assets) {
    const { compute, layout, algorithm, recipe } = assets;
    this.#assets = assets;
    this.losses = new Losses(compute, algorithm.gradients?.(recipe.algorithm.options) ?? 1);
    const { id, options } = recipe.optimizer;
    const rule = findEntry('optimizer', OPTIMIZERS, id).create(compute, layout, options);
    this.optimizer = { id, options, rule };
  }

  /** Of the gradient that was computed last. */
  get gradient(): Vector {
    return this.scratch('gradient of a batch', this.#assets.layout.length);
  }

  /** For gradients that wait between their layers, which must not keep the one that all workers share. */
  get program(): Program {
    const { capacity } = this.#assets;
    if (this.#own?.capacity !== capacity) {
      this.#own?.program.destroy();
      this.#own = { program: this.#assets.makeProgram(), capacity };
    }
    return this.#own.program;
  }

  scratch(name: string, length: number): Vector {
    let vector = this.#scratch.get(name);
    if (vector === undefined || vector.length !== length) {
      if (vector !== undefined) this.#assets.compute.free(vector);
      vector = this.#assets.compute.vector(length);
      this.#scratch.set(name, vector);
    }
    return vector;
  }

  /** The one of the pair that is not committed. */
  next(name: string, length: number, committed: Vector | number | undefined): Vector {
    // A length that changed (a chunk of another number of workers) is another pair; the committed vector
    // of the old one may still be read in this very round.
    const key = `${length} ${name}`;
    const pair = this.#pairs.get(key) ?? [];
    this.#pairs.set(key, pair);
    const free = pair.find((vector) => vector !== committed);
    if (free !== undefined) return free;
    const made = this.#assets.compute.vector(length);
    pair.push(made);
    return made;
  }

  /** The recipe's compressor over a layout. */
  compressed(layout: Layout): Coding {
    const { compressor, recipe } = this.#assets;
    const shapes = layout.tensors.map(({ length, shape }) => `${length}:${shape.join('x')}`);
    return this.#coding(`${compressor.id} ${shapes.join(' ')}`, () => ({
      codec: compressor.create(this.#assets.compute, layout, recipe.compressor.options),
      wire: compressor.wire,
    }));
  }

  /** Whole numbers. */
  dense(length: number): Coding {
    return this.#coding(`dense ${length}`, () => ({
      codec: NONE.create(this.#assets.compute, packLayout([['part', [length]]]), {}),
      wire: NONE.wire,
    }));
  }

  /** Frees what belonged to another number of workers: every pair and codec that holds nothing committed. */
  tidy(committed: readonly (Vector | number)[]): void {
    for (const [key, pair] of this.#pairs) {
      if (pair.some((vector) => committed.includes(vector))) continue;
      this.#assets.compute.free(...pair);
      this.#pairs.delete(key);
    }
    for (const { codec } of this.#codings.values()) codec.destroy();
    this.#codings.clear();
  }

  /** Frees all but the losses that nobody has read yet: no vector that it gave out is valid any more. */
  release(): void {
    this.tidy([]);
    this.#assets.compute.free(...this.#scratch.values());
    this.#scratch.clear();
    this.#own?.program.destroy();
    this.#own = null;
  }

  destroy(): void {
    this.release();
    this.losses.destroy();
    this.optimizer.rule.destroy();
  }

  #coding(key: string, make: () => Coding): Coding {
    let coding = this.#codings.get(key);
    if (coding === undefined) {
      coding = make();
      this.#codings.set(key, coding);
    }
    return coding;
  }
}
