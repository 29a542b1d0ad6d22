/**
 * What must hold exactly for algorithms over low-rank factors, on either backend: who calls this gives it a
 * device. Rounds are recomputed on the host in double precision, from the papers' equations.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Layout } from '../base/layout.ts';
import type { Compute } from '../compute/compute.ts';
import { costOf } from '../recipe/legality.ts';
import { buildRecipe, type RecipeParts } from '../recipe/schema.ts';
import { distancesToMean } from '../session/consensus.ts';
import { Flock, syntheticDigits } from './flock.ts';

const RATE = 0.05;
const F32 = 2e-6;
const host = syntheticDigits();

const recipeOf = (id: string, options: Record<string, unknown> = {}, parts: RecipeParts = {}) =>
  buildRecipe({
    model: { id: 'mlp', options: { hidden: [8] } },
    batch: 8,
    lr: RATE,
    seed: 5,
    topology: { id: 'complete', options: {} },
    algorithm: { id, options },
    ...parts,
  });

const mean = (vectors: readonly ArrayLike<number>[]) =>
  distancesToMean(vectors.map((vector) => Float32Array.from(vector))).mean;

function largest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let difference = 0;
  for (let k = 0; k < a.length; k += 1) {
    // Not Math.max alone: it would let a NaN through as a failure of another kind.
    const one = Math.abs((a[k] ?? Number.NaN) - (b[k] ?? Number.NaN));
    difference = Number.isNaN(one) ? Number.POSITIVE_INFINITY : Math.max(difference, one);
  }
  return difference;
}

async function expectReplicas(flock: Flock, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const [first, ...others] = await flock.read(name);
    for (const other of others) expect(other).toEqual(first);
  }
}

/** A matrix by columns, each an array; rows × columns of it by its caller. */
type Columns = Float64Array[];

/** The textbook's Gram–Schmidt. */
function gramSchmidt(columns: readonly ArrayLike<number>[]): Columns {
  const done: Columns = [];
  for (const given of columns) {
    const column = Float64Array.from(given);
    for (const unit of done) {
      const part = unit.reduce((sum, value, i) => sum + value * (column[i] ?? 0), 0);
      unit.forEach((value, i) => {
        column[i] = (column[i] ?? 0) - part * value;
      });
    }
    const norm = Math.hypot(...column);
    done.push(column.map((value) => value / norm));
  }
  return done;
}

interface Matrix {
  readonly offset: number;
  readonly rows: number;
  readonly width: number;
}

/** Tensors of two axes; all of them are worth factors of the ranks below. */
function matricesOf({ tensors }: Layout): readonly Matrix[] {
  return tensors
    .filter(({ shape }) => shape.length > 1)
    .map(({ offset, length, shape }) => ({ offset, rows: shape[0] ?? 0, width: length / (shape[0] ?? 1) }));
}

/** M c for every column c, or Mᵀ c. */
function times(model: ArrayLike<number>, matrix: Matrix, columns: Columns, transposed: boolean): Columns {
  const { offset, rows, width } = matrix;
  return columns.map((column) => {
    const result = new Float64Array(transposed ? width : rows);
    for (let i = 0; i < rows; i += 1) {
      for (let j = 0; j < width; j += 1) {
        const value = model[offset + i * width + j] ?? 0;
        if (transposed) result[j] = (result[j] ?? 0) + value * (column[i] ?? 0);
        else result[i] = (result[i] ?? 0) + value * (column[j] ?? 0);
      }
    }
    return result;
  });
}

/** dest ← P Qᵀ where the matrix lies. */
function outer(dest: Float64Array, { offset, rows, width }: Matrix, P: Columns, Q: Columns): void {
  for (let i = 0; i < rows; i += 1) {
    for (let j = 0; j < width; j += 1) {
      dest[offset + i * width + j] = P.reduce(
        (sum, column, c) => sum + (column[i] ?? 0) * (Q[c]?.[j] ?? 0),
        0,
      );
    }
  }
}

const meanColumns = (all: readonly Columns[]): Columns =>
  (all[0] ?? []).map((_, c) => mean(all.map((columns) => columns[c] ?? [])));

/** Factors as the state holds them: all columns of the first matrix, of the second, ... */
function columnsOf(factors: Float32Array, sizes: readonly number[], rank: number): readonly Columns[] {
  let at = 0;
  return sizes.map((size) =>
    Array.from({ length: rank }, () => {
      const column = Float64Array.from(factors.subarray(at, at + size));
      at += size;
      return column;
    }),
  );
}

async function inputs(flock: Flock): Promise<Float64Array[]> {
  const residuals = await flock.read('E');
  return (await flock.gradients()).map((gradient, i) =>
    Float64Array.from(gradient, (value, k) => value + (residuals[i]?.[k] ?? 0)),
  );
}

export function describeLowRank(backend: string, makeCompute: () => Promise<Compute>): void {
  describe(`algorithms over low-rank factors on ${backend}`, () => {
    let compute: Compute;
    beforeAll(async () => {
      compute = await makeCompute();
    });
    afterAll(() => compute.destroy());

    it.each([
      ['power-sgd', 'complete', {}],
      ['power-sgd', 'star', { rank: 1 }],
      ['power-sgd', 'ring', { rank: 3, collective: 'flat' }],
      ['power-sgd', 'complete', { collective: 'hierarchical' }],
      ['acp-sgd', 'complete', {}],
      ['acp-sgd', 'star', { rank: 2 }],
      ['acp-sgd', 'complete', { rank: 1, collective: 'hierarchical' }],
    ])(
      '%s on %s with %o: what is applied and what is owed is what came in',
      async (id, topology, options) => {
        const recipe = recipeOf(id, options, { topology: { id: topology, options: {} } });
        const flock = await Flock.make(compute, recipe, host, 5);
        for (let round = 0; round < 4; round += 1) {
          const x = mean(await flock.read());
          const came = mean(await inputs(flock));
          await flock.step();
          const owed = mean(await flock.read('E'));
          const expected = x.map((value, k) => value - RATE * ((came[k] ?? 0) - (owed[k] ?? 0)));
          expect(largest(mean(await flock.read()), expected)).toBeLessThan(F32);
          expect(largest(owed, new Float64Array(owed.length))).toBeGreaterThan(1e-4);
          await expectReplicas(flock, id === 'acp-sgd' ? ['x', 'P', 'Q'] : ['x', 'Q']);
        }
        flock.destroy();
      },
    );

    it('PowerSGD does what its equations say', async () => {
      const rank = 2;
      const flock = await Flock.make(compute, recipeOf('power-sgd', { rank }), host, 3);
      const { layout } = flock.assets;
      const matrices = matricesOf(layout);
      for (let round = 0; round < 3; round += 1) {
        const [x = new Float32Array()] = await flock.read();
        const [Q = new Float32Array()] = await flock.read('Q');
        const M = await inputs(flock);
        const estimate = mean(M);
        const factors: Columns[] = [];
        for (const [index, matrix] of matrices.entries()) {
          const old = columnsOf(
            Q,
            matrices.map(({ width }) => width),
            rank,
          )[index];
          const start = gramSchmidt(old ?? []);
          const P = gramSchmidt(meanColumns(M.map((each) => times(each, matrix, start, false))));
          const next = meanColumns(M.map((each) => times(each, matrix, P, true)));
          outer(estimate, matrix, P, next);
          factors.push(next);
        }
        await flock.step();
        const expected = x.map((value, k) => value - RATE * (estimate[k] ?? 0));
        for (const after of await flock.read()) expect(largest(after, expected)).toBeLessThan(F32);
        const [after = new Float32Array()] = await flock.read('Q');
        expect(
          largest(
            after,
            factors.flatMap((columns) => columns.flatMap((column) => [...column])),
          ),
        ).toBeLessThan(2e-5);
        for (const [i, E] of (await flock.read('E')).entries()) {
          const left = Float64Array.from(M[i] ?? [], (value, k) => value - (estimate[k] ?? 0));
          for (const { offset, length, shape } of layout.tensors) {
            if (shape.length < 2) left.fill(0, offset, offset + length);
          }
          expect(largest(E, left)).toBeLessThan(2e-5);
        }
      }
      flock.destroy();
    });

    it('ACP-SGD does what its equations say, in turns', async () => {
      const rank = 2;
      const flock = await Flock.make(compute, recipeOf('acp-sgd', { rank }), host, 3);
      const { layout } = flock.assets;
      const matrices = matricesOf(layout);
      for (let round = 0; round < 4; round += 1) {
        const even = round % 2 === 0;
        const [x = new Float32Array()] = await flock.read();
        const [last = new Float32Array()] = await flock.read(even ? 'Q' : 'P');
        const M = await inputs(flock);
        const estimate = mean(M);
        const left = M.map((each) => Float64Array.from(each));
        for (const each of left) {
          for (const { offset, length, shape } of layout.tensors) {
            if (shape.length < 2) each.fill(0, offset, offset + length);
          }
        }
        for (const [index, matrix] of matrices.entries()) {
          const sizes = matrices.map(({ rows, width }) => (even ? width : rows));
          const fixed = gramSchmidt(columnsOf(last, sizes, rank)[index] ?? []);
          const own = M.map((each) => times(each, matrix, fixed, !even));
          const product = new Float64Array(layout.length);
          for (const [i, each] of left.entries()) {
            if (even) outer(product, matrix, own[i] ?? [], fixed);
            else outer(product, matrix, fixed, own[i] ?? []);
            for (let k = matrix.offset; k < matrix.offset + matrix.rows * matrix.width; k += 1) {
              each[k] = (each[k] ?? 0) - (product[k] ?? 0);
            }
          }
          if (even) outer(estimate, matrix, meanColumns(own), fixed);
          else outer(estimate, matrix, fixed, meanColumns(own));
        }
        await flock.step();
        const expected = x.map((value, k) => value - RATE * (estimate[k] ?? 0));
        for (const after of await flock.read()) expect(largest(after, expected)).toBeLessThan(F32);
        for (const [i, E] of (await flock.read('E')).entries()) {
          expect(largest(E, left[i] ?? [])).toBeLessThan(2e-5);
        }
      }
      flock.destroy();
    });

    it('PowerSGD is exact where the mean gradient has no higher rank, and with more columns than that', async () => {
      // A row's gradient of a dense layer has rank 1, so that of two workers with one row each has 2.
      for (const rank of [2, 3, 4]) {
        const flock = await Flock.make(compute, recipeOf('power-sgd', { rank }, { batch: 1 }), host, 2);
        for (let round = 0; round < 3; round += 1) {
          const x = mean(await flock.read());
          const gradient = mean(await flock.gradients());
          await flock.step();
          const expected = x.map((value, k) => value - RATE * (gradient[k] ?? 0));
          const models = await flock.read();
          // Columns that are nearly dependent cost some digits.
          expect(largest(models[0] ?? [], expected)).toBeLessThan(1e-3 * largest(x, expected));
          // What each of them owes cancels, though none of it is zero.
          const E = await flock.read('E');
          const owed = largest(E[0] ?? [], new Float64Array(x.length));
          expect(largest(mean(E), new Float64Array(x.length))).toBeLessThan(2e-3 * owed);
          expect(owed).toBeGreaterThan(1e-3);
        }
        await expectReplicas(flock, ['x', 'Q']);
        flock.destroy();
      }
    });

    it.each(['power-sgd', 'acp-sgd'])('%s at full rank is AllReduce-SGD, bit for bit', async (id) => {
      const parts = { optimizer: { id: 'momentum', options: { weightDecay: 0.01 } } };
      const full = await Flock.make(compute, recipeOf(id, { rank: 8 }, parts), host, 3);
      const plain = await Flock.make(compute, recipeOf('allreduce-sgd', {}, parts), host, 3);
      for (let round = 0; round < 4; round += 1) {
        await full.step();
        await plain.step();
        expect(await full.read()).toEqual(await plain.read());
      }
      for (const E of await full.read('E')) expect(E.every((value) => value === 0)).toBe(true);
      full.destroy();
      plain.destroy();
    });
  });

  describe(`algorithms over low-rank factors on ${backend}, when members come and go`, () => {
    let compute: Compute;
    beforeAll(async () => {
      compute = await makeCompute();
    });
    afterAll(() => compute.destroy());

    it.each([
      ['power-sgd', ['x', 'm', 'Q']],
      ['acp-sgd', ['x', 'm', 'P', 'Q']],
    ])('%s: factors are taken over, and what those who stay owe is kept', async (id, names) => {
      const momentum = 0.5;
      const flock = await Flock.make(
        compute,
        recipeOf(id, {}, { optimizer: { id: 'momentum', options: { momentum } } }),
        host,
        4,
      );
      const check = async () => {
        const [x, m] = [mean(await flock.read()), mean(await flock.read('m'))];
        const came = mean(await inputs(flock));
        await flock.step();
        const owed = mean(await flock.read('E'));
        const expected = x.map(
          (value, k) => value - RATE * (momentum * (m[k] ?? 0) + (came[k] ?? 0) - (owed[k] ?? 0)),
        );
        expect(largest(mean(await flock.read()), expected)).toBeLessThan(F32);
        await expectReplicas(flock, names);
      };
      for (let round = 0; round < 3; round += 1) await check();
      const before = await flock.read('E');
      await flock.change({ leave: [1], join: 2 });
      expect((await flock.read('E')).slice(0, 3)).toEqual([before[0], before[2], before[3]]);
      await expectReplicas(flock, names);
      for (let round = 0; round < 3; round += 1) await check();
      // A worker whose device was lost has only parameters; the factors are another's.
      const [, second] = flock.workers;
      const [, Q = new Float32Array()] = await flock.read('Q');
      second?.unequip();
      second?.equip(flock.assets);
      second?.place(flock.assets.initial);
      await flock.change({});
      expect((await flock.read('Q'))[1]).toEqual(Q);
      await expectReplicas(flock, names);
      for (let round = 0; round < 2; round += 1) await check();
      flock.destroy();
    });
  });
}

/** Bytes do not depend on the device that made them: for one backend only. */
export function describeLowRankBytes(makeCompute: () => Promise<Compute>): void {
  describe('bytes of algorithms over low-rank factors', () => {
    it.each([
      ['power-sgd', 'complete', 'none', {}],
      ['power-sgd', 'ring', 'fp16', {}],
      ['power-sgd', 'star', 'none', { rank: 1 }],
      ['power-sgd', 'complete', 'none', { collective: 'hierarchical' }],
      ['power-sgd', 'complete', 'none', { rank: 64 }],
      ['acp-sgd', 'complete', 'none', {}],
      ['acp-sgd', 'star', 'fp16', {}],
      ['acp-sgd', 'ring', 'none', { rank: 7 }],
    ])('%s on %s with %s and %o: formula plus header', async (id, topology, compressor, options) => {
      const compute = await makeCompute();
      for (const n of [2, 3, 5]) {
        const recipe = recipeOf(id, options, {
          topology: { id: topology, options: {} },
          compressor: { id: compressor, options: {} },
        });
        const flock = await Flock.make(compute, recipe, host, n);
        for (let round = 0; round < 2; round += 1) await flock.step();
        const { bytes } = costOf(recipe, flock.assets.layout, new Array<number>(n).fill(0));
        expect(flock.post.totals().bytesSent).toBe(2 * bytes);
        flock.destroy();
      }
      compute.destroy();
    });
  });
}
