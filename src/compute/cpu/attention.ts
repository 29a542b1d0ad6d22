/**
 * Causal attention on the TypeScript backend; see `Attention`. One head of one window at a time; sums run
 * in double precision in the order of the places and are rounded once, when stored.
 */
import { ln } from '../../math/portable.ts';
import { type Attention, type AttentionShape, headSize } from '../attention.ts';
import type { Vector } from '../compute.ts';
import type { Access } from './access.ts';
import { addRows, copyRows, products } from './attention-rows.ts';
import { exp } from './exponential.ts';
import type { Numbers } from './handles.ts';
import { apart } from './slices.ts';

/** Where one head of one window lies. */
interface Head {
  readonly context: number;
  readonly size: number;
  readonly width: number;
  /** Of its queries in the first place; keys are `width` further on, values twice that. */
  readonly queries: number;
  /** Of its output in the first place. */
  readonly outputs: number;
  /** Of its logarithm in the first place; the next place's is `heads` further on. */
  readonly logarithms: number;
  readonly heads: number;
  readonly scale: number;
}

export class CpuAttention implements Attention {
  readonly #access: Access;

  constructor(access: Access) {
    this.#access = access;
  }

  forward(shape: AttentionShape, qkv: Vector, out: Vector, stats: Vector): void {
    const places = shape.windows * shape.context;
    const input = this.#access.vector(qkv, 3 * places * shape.width);
    const output = this.#access.vector(out, places * shape.width);
    const kept = this.#access.vector(stats, 2 * places * shape.heads);
    apart(output, input, kept);
    apart(kept, input);
    const held = new Room(shape);
    for (const head of headsOf(shape)) forwardHead(head, held, input, output, kept);
  }

  backward(shape: AttentionShape, qkv: Vector, out: Vector, stats: Vector, dOut: Vector, dQkv: Vector): void {
    const places = shape.windows * shape.context;
    const input = this.#access.vector(qkv, 3 * places * shape.width);
    const output = this.#access.vector(out, places * shape.width);
    const kept = this.#access.vector(stats, 2 * places * shape.heads);
    const delta = this.#access.vector(dOut, places * shape.width);
    const slope = this.#access.vector(dQkv, 3 * places * shape.width);
    apart(slope, input, output, kept, delta);
    apart(kept, input, output, delta);
    const held = new Room(shape);
    for (const head of headsOf(shape)) backwardHead(head, held, input, output, kept, delta, slope);
  }
}

function* headsOf(shape: AttentionShape): Generator<Head> {
  const { windows, context, heads, width } = shape;
  const size = headSize(shape);
  for (let window = 0; window < windows; window++) {
    for (let head = 0; head < heads; head++) {
      const place = window * context;
      yield {
        context,
        size,
        queries: 3 * place * width + head * size,
        width,
        outputs: place * width + head * size,
        logarithms: place * heads + head,
        heads,
        scale: 1 / Math.sqrt(size),
      };
    }
  }
}

/**
 * One head's numbers side by side in double precision, [context, size] each: the loops over pairs of places
 * then run over memory without gaps, and always over the same kind of array, which engines reward.
 */
class Room {
  readonly q: Float64Array<ArrayBuffer>;
  readonly k: Float64Array<ArrayBuffer>;
  readonly v: Float64Array<ArrayBuffer>;
  readonly out: Float64Array<ArrayBuffer>;
  readonly dOut: Float64Array<ArrayBuffer>;
  readonly dQ: Float64Array<ArrayBuffer>;
  readonly dK: Float64Array<ArrayBuffer>;
  readonly dV: Float64Array<ArrayBuffer>;
  /** p, and the gradient of the scores, [context, context]; for one head they are small. */
  readonly shares: Float64Array<ArrayBuffer>;
  readonly slopes: Float64Array<ArrayBuffer>;

  constructor(shape: AttentionShape) {
    const table = () => new Float64Array(shape.context * headSize(shape));
    [this.q, this.k, this.v, this.out] = [table(), table(), table(), table()];
    [this.dOut, this.dQ, this.dK, this.dV] = [table(), table(), table(), table()];
    this.shares = new Float64Array(shape.context * shape.context);
    this.slopes = new Float64Array(shape.context * shape.context);
  }

  /** Queries, keys and values. */
  take({ context, size, queries, width }: Head, qkv: Numbers): void {
    copyRows(context, size, qkv, queries, 3 * width, this.q, 0, size);
    copyRows(context, size, qkv, queries + width, 3 * width, this.k, 0, size);
    copyRows(context, size, qkv, queries + 2 * width, 3 * width, this.v, 0, size);
  }
}

function forwardHead(head: Head, held: Room, qkv: Numbers, out: Numbers, stats: Numbers): void {
  const { context, size } = head;
  const { q, k, v, out: sums, shares } = held;
  held.take(head, qkv);
  sums.fill(0);
  for (let t = 0; t < context; t++) {
    products(q, t * size, k, t + 1, size, head.scale, shares, 0);
    let largest = Number.NEGATIVE_INFINITY;
    for (let s = 0; s <= t; s++) largest = Math.max(largest, shares[s] as number);
    let total = 0;
    for (let s = 0; s <= t; s++) {
      const e = exp((shares[s] as number) - largest);
      shares[s] = e;
      total += e;
    }
    addRows(sums, t * size, size, v, 0, t + 1, shares, 0, 1);
    for (let c = t * size; c < (t + 1) * size; c++) sums[c] = (sums[c] as number) / total;
    stats[head.logarithms + t * head.heads] = largest + ln(total);
  }
  copyRows(context, size, sums, 0, size, out, head.outputs, head.width);
}

/**
 * With dp[t, s] = dOut[t] · v[s] and D[t] = Σ_s p dp = dOut[t] · out[t], the softmax's gradient is
 * dScore[t, s] = p (dp - D[t]); the rest are products with q, k and dOut.
 */
function backwardHead(
  head: Head,
  held: Room,
  qkv: Numbers,
  out: Numbers,
  stats: Numbers,
  dOut: Numbers,
  dQkv: Numbers,
): void {
  const { context, size, width, scale } = head;
  const { q, k, v, out: made, dOut: delta, dQ, dK, dV, shares, slopes } = held;
  held.take(head, qkv);
  copyRows(context, size, out, head.outputs, width, made, 0, size);
  copyRows(context, size, dOut, head.outputs, width, delta, 0, size);
  for (const slope of [dQ, dK, dV]) slope.fill(0);
  for (let t = 0; t < context; t++) {
    const line = t * context;
    const logarithm = stats[head.logarithms + t * head.heads] as number;
    products(q, t * size, k, t + 1, size, scale, shares, line);
    products(delta, t * size, v, t + 1, size, 1, slopes, line);
    let mean = 0;
    for (let c = t * size; c < (t + 1) * size; c++) mean += (delta[c] as number) * (made[c] as number);
    for (let s = line; s <= line + t; s++) {
      const p = exp((shares[s] as number) - logarithm);
      shares[s] = p;
      slopes[s] = p * ((slopes[s] as number) - mean) * scale;
    }
    addRows(dQ, t * size, size, k, 0, t + 1, slopes, line, 1);
  }
  for (let s = 0; s < context; s++) {
    addRows(dK, s * size, size, q, s, context, slopes, s, context);
    addRows(dV, s * size, size, delta, s, context, shares, s, context);
  }
  copyRows(context, size, dQ, 0, size, dQkv, head.queries, 3 * width);
  copyRows(context, size, dK, 0, size, dQkv, head.queries + width, 3 * width);
  copyRows(context, size, dV, 0, size, dQkv, head.queries + 2 * width, 3 * width);
}
