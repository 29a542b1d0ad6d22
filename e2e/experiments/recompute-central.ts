/**
 * Central algorithms as their equations in ALGORITHMS.md (sections 4.3, 5 and 6) have them, in double
 * precision. One x for all; parts of a two-pass mean are cut out of whole vectors.
 */
import {
  type Compressor,
  everywhere,
  gradient,
  mean,
  type Problem,
  type Recomputed,
  ranks,
  sum,
  times,
  type V,
  zeros,
} from './recompute-vectors.ts';

/** `rounds` times x ← x − step(gradients at x, x, t). */
function descend(problem: Problem, step: (g: readonly V[], x: V, t: number) => V): readonly V[] {
  let x = zeros(problem.d);
  for (let t = 0; t < problem.rounds; t += 1) {
    const at = x;
    const g = ranks(problem).map((i) => gradient(problem, i, at));
    x = sum([1, at], [-1, step(g, at, t)]);
  }
  return everywhere(problem, x);
}

/** 5.1, with momentum of the mean gradient: m ← μ m + ḡ, x ← x − γ m. */
export const sgd =
  (mu = 0): Recomputed =>
  (problem) => {
    let m = zeros(problem.d);
    return descend(problem, (g) => {
      m = sum([mu, m], [1, mean(g)]);
      return sum([problem.lr, m]);
    });
  };

const norm = (v: V) => Math.hypot(...v);

/** γ_t = γ (1 + cos(π t / T)) / 2. */
const cosine = ({ lr, rounds }: Problem, t: number) => lr * 0.5 * (1 + Math.cos((Math.PI * t) / rounds));

/**
 * Section 7, the paper's form: λ = κ ‖x‖ / (‖ḡ‖ + w ‖x‖), m ← μ m + γ_t λ (ḡ + w x), x ← x − m, with λ = 1 for
 * an x of zero. CLARS has the mean of ‖g_i‖ below, and no λ above 0.1. γ falls along a cosine.
 */
export const layerWise =
  (rule: 'lars' | 'clars', mu: number, kappa: number, w: number): Recomputed =>
  (problem) => {
    let m = zeros(problem.d);
    return descend(problem, (g, x, t) => {
      const average = mean(g);
      const divider = rule === 'lars' ? norm(average) + w * norm(x) : norm(mean(g.map((own) => [norm(own)])));
      const lambda = norm(x) === 0 ? 1 : (kappa * norm(x)) / divider;
      const rate = cosine(problem, t);
      const scale = rate * (rule === 'lars' ? lambda : Math.min(0.1, lambda));
      m = sum([mu, m], [scale, average], [scale * w, x]);
      return m;
    });
  };

/** 6.2 and 6.4: p_i = e_i + γ g_i, x ← x − mean C(p_i); without feedback e_i stays 0. */
export const errorFeedback =
  (C: Compressor, keeps = true): Recomputed =>
  (problem) => {
    let e: readonly V[] = everywhere(problem, zeros(problem.d));
    return descend(problem, (g) => {
      const p = g.map((own, i) => sum([problem.lr, own], [1, e[i] ?? []]));
      const q = p.map(C);
      if (keeps) e = p.map((own, i) => sum([1, own], [-1, q[i] ?? []]));
      return mean(q);
    });
  };

/** 6.3: x ← x − γ sign(Σ sign(m_i)), m_i ← β m_i + (1 − β) g_i, sign(0) = +1. */
export const vote =
  (beta: number): Recomputed =>
  (problem) => {
    const sign = (v: V) => v.map((value) => (value >= 0 ? 1 : -1));
    let m: readonly V[] = everywhere(problem, zeros(problem.d));
    return descend(problem, (g) => {
      m = m.map((own, i) => sum([beta, own], [1 - beta, g[i] ?? []]));
      return sum([problem.lr, sign(mean(m.map(sign)))]);
    });
  };

/** Where parts begin and end: one for each worker, the first ones larger; or, with a server, the whole. */
export function parts({ d, rows }: Problem, server: boolean): readonly (readonly [number, number])[] {
  if (server) return [[0, d]];
  const n = rows.length;
  const start = (part: number) => part * Math.floor(d / n) + Math.min(part, d % n);
  return rows.map((_, part) => [start(part), start(part + 1)]);
}

/** C on every part by itself. */
const byParts =
  (C: Compressor, cuts: readonly (readonly [number, number])[]): Compressor =>
  (v) =>
    cuts.flatMap(([from, to]) => C(v.slice(from, to)));

/** 4.3: u_i = v_i + e_i, w = mean C(u_i) + E, C(w); both residuals kept, or none. */
class TwoPass {
  readonly #C: Compressor;
  readonly #keeps: boolean;
  #e: readonly V[];
  #E: V;

  constructor(problem: Problem, C: Compressor, server: boolean, keeps = true) {
    this.#C = byParts(C, parts(problem, server));
    this.#keeps = keeps;
    this.#e = everywhere(problem, zeros(problem.d));
    this.#E = zeros(problem.d);
  }

  /** e_i of each worker. */
  get residuals(): readonly V[] {
    return this.#e;
  }

  mean(values: readonly V[]): V {
    const u = values.map((v, i) => sum([1, v], [1, this.#e[i] ?? []]));
    const q = u.map(this.#C);
    const w = sum([1, mean(q)], [1, this.#E]);
    const r = this.#C(w);
    if (this.#keeps) {
      this.#e = u.map((own, i) => sum([1, own], [-1, q[i] ?? []]));
      this.#E = sum([1, w], [-1, r]);
    }
    return r;
  }
}

/** 6.6, and 6.1 with its own compressor; without residuals, 6.5's scheme twice or 6.15. */
export const twoPasses =
  (C: Compressor, server: boolean, keeps = true): Recomputed =>
  (problem) => {
    const passes = new TwoPass(problem, C, server, keeps);
    return descend(problem, (g) => sum([problem.lr, passes.mean(g)]));
  };

/** 6.7: gradients at x − e_i, with momentum of each worker's own, steps compressed both ways. */
export const saef =
  (C: Compressor, server: boolean, mu = 0, keeps = true): Recomputed =>
  (problem) => {
    const passes = new TwoPass(problem, C, server, keeps);
    let m: readonly V[] = everywhere(problem, zeros(problem.d));
    return descend(problem, (_g, x) => {
      m = m.map((old, i) => {
        const y = sum([1, x], [-1, passes.residuals[i] ?? []]);
        return sum([mu, old], [1, gradient(problem, i, y)]);
      });
      return passes.mean(m.map((own) => sum([problem.lr, own])));
    });
  };

/** dist-EF-SGDM (arXiv 1905.10936, algorithm 3), in units of steps, with γ along a cosine. */
export const nesterovPasses =
  (C: Compressor, server: boolean, mu: number): Recomputed =>
  (problem) => {
    const passes = new TwoPass(problem, C, server);
    let m: readonly V[] = everywhere(problem, zeros(problem.d));
    return descend(problem, (g, _x, t) => {
      m = m.map((old, i) => sum([mu, old], [1, g[i] ?? []]));
      // C(γ v) = γ C(v): residuals of steps are those of gradients, times the rate.
      const rate = cosine(problem, t);
      return passes.mean(m.map((own, i) => sum([rate * mu, own], [rate, g[i] ?? []])));
    });
  };

/**
 * 6.11 and 6.15: plain Adam on ḡ for so many rounds, then the momentum of each worker by two passes. Either
 * with moments corrected for their start at zero, and v̂ frozen as corrected (the pitfalls of 6.11), or with the
 * papers' m and v.
 */
export const frozenAdam =
  (C: Compressor, warmUp: number, keeps: boolean, corrects = true, epsilon = 1e-5): Recomputed =>
  (problem) => {
    const [beta1, beta2] = [0.9, 0.999];
    const weight = (beta: number, t: number) => (corrects ? 1 - beta ** t : 1);
    const passes = new TwoPass(problem, C, false, keeps);
    let m = zeros(problem.d);
    let v = zeros(problem.d);
    let vHat = v;
    return descend(problem, (g, _x, t) => {
      if (t < warmUp) {
        const average = mean(g);
        m = sum([beta1, m], [1 - beta1, average]);
        v = sum([beta2, v], [1 - beta2, times(average, average)]);
        vHat = sum([1 / weight(beta2, t + 1), v]);
      } else {
        const common = m;
        m = passes.mean(g.map((own) => sum([beta1, common], [1 - beta1, own])));
      }
      const scale = problem.lr / weight(beta1, t + 1);
      return m.map((value, k) => (scale * value) / (Math.sqrt(vHat[k] ?? Number.NaN) + epsilon));
    });
  };
