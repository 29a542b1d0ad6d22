/**
 * General matrix products on the device; see `Matrices`. Which kernel takes a shape: the direct family's
 * arithmetic is in `shaders/multiply.wgsl`, the tiled one's is `tiled.ts`'s. Products of layers have kernels
 * of their own, fused with what surrounds them.
 */
import multiply from '../../../shaders/multiply.wgsl?raw';
import type { Slice } from '../compute.ts';
import { checkShape, type Matrices, type ProductShape } from '../matrices.ts';
import { type Access, apart } from './access.ts';
import { familyOf, type ProductFamilies } from './families.ts';
import type { KernelSource } from './kernels.ts';
import type { TiledProducts } from './tiled.ts';

function product(entry: 'quads' | 'singles', transposeA: 0 | 1, transposeB: 0 | 1): KernelSource {
  return { code: multiply, entry, storage: 'rrw', constants: { transposeA, transposeB } };
}

export const MATRIX_KERNELS = {
  multiplyQuads: product('quads', 0, 0),
  multiplyQuadsA: product('quads', 1, 0),
  multiplyQuadsB: product('quads', 0, 1),
  multiplyQuadsAB: product('quads', 1, 1),
  multiplySingles: product('singles', 0, 0),
  multiplySinglesA: product('singles', 1, 0),
  multiplySinglesB: product('singles', 0, 1),
  multiplySinglesAB: product('singles', 1, 1),
} satisfies Record<string, KernelSource>;

/** Rows and columns of the tile that an invocation makes. */
const QUADS = { rows: 16, columns: 8 } as const;
const SINGLES = { rows: 4, columns: 4 } as const;

export class MatrixOperations implements Matrices {
  readonly #access: Access;
  readonly #families: ProductFamilies;
  readonly #tiled: TiledProducts;

  constructor(access: Access, families: ProductFamilies, tiled: TiledProducts) {
    this.#access = access;
    this.#families = families;
    this.#tiled = tiled;
  }

  multiply(dest: Slice, a: Slice, b: Slice, shape: ProductShape, alpha = 1, beta = 0): void {
    checkShape(shape);
    const { m, k, n, transposeA = false, transposeB = false } = shape;
    const to = this.#access.slice(dest, m * n);
    const left = this.#access.slice(a, m * k);
    const right = this.#access.slice(b, k * n);
    apart(to.array, left.array, right.array);
    if (m === 0 || n === 0) return;
    if (familyOf(this.#families, m, n) === 'tiled') {
      this.#tiled.run({ m, k, n, transposeA, transposeB }, left, right, to, { kind: 'linear', alpha, beta });
      return;
    }
    const lengths = [k, transposeA ? m : k, transposeB ? k : n, left.offset, right.offset];
    const byFours = lengths.every((length) => length % 4 === 0);
    const kind = byFours ? 'Quads' : 'Singles';
    const turned = `${transposeA ? 'A' : ''}${transposeB ? 'B' : ''}` as const;
    const { rows, columns } = byFours ? QUADS : SINGLES;
    const tiles = Math.ceil(m / rows) * Math.ceil(n / columns);
    const { kernels, recorder } = this.#access;
    recorder.run(
      kernels[`multiply${kind}${turned}`],
      [left.array, right.array, to.array],
      Math.ceil(tiles / 64),
      [m, k, n, left.offset, right.offset, to.offset],
      [alpha, beta],
    );
  }
}
