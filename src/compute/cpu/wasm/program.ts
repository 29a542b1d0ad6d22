/**
 * The compiled AssemblyScript program and its instances: what `assembly/` exports, told to TypeScript.
 * Addresses are bytes in the instance's memory, flags are 0 or 1, and nothing is checked over there.
 */
import base64 from './assembly/index.ts?asc';

export interface Program {
  /** Bytes at the start of the memory that the kernels work in. */
  scratchBytes(): number;
  gemm(
    transposeA: number,
    transposeB: number,
    m: number,
    n: number,
    k: number,
    alpha: number,
    a: number,
    lda: number,
    b: number,
    ldb: number,
    beta: number,
    c: number,
    ldc: number,
  ): void;
  biasActivation(rows: number, columns: number, bias: number, y: number, relu: number): void;
  columnSums(rows: number, columns: number, matrix: number, sums: number): void;
  maskPositive(length: number, x: number, dx: number): void;
  combine(length: number, a: number, u: number, b: number, v: number, dest: number): void;
  shapeConvolution(
    channels: number,
    height: number,
    width: number,
    filters: number,
    kernel: number,
    stride: number,
    padding: number,
    work: number,
  ): void;
  convolve(batch: number, x: number, w: number, bias: number, y: number, relu: number): void;
  convolveWeightGradient(batch: number, x: number, dy: number, dWeight: number, dBias: number): void;
  convolveInputGradient(batch: number, dy: number, w: number, rectified: number, dx: number): void;
}

let compiled: WebAssembly.Module | null | undefined;

/** Compiled once a thread; null where there is no WebAssembly SIMD, as in browsers of before 2021 to 2023. */
function compile(): WebAssembly.Module | null {
  if (compiled === undefined) {
    try {
      compiled = new WebAssembly.Module(Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)));
    } catch {
      compiled = null;
    }
  }
  return compiled;
}

/** An instance over a memory of its own, or null where the engine cannot run it. */
export function openProgram(): { readonly program: Program; readonly memory: WebAssembly.Memory } | null {
  const module = compile();
  if (module === null) return null;
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  // Made from the source beside this file, in the same build.
  return { program: exports as unknown as Program, memory };
}
