/**
 * Gossip, push-sum and federated algorithms as their equations in ALGORITHMS.md (sections 9 and 10) have
 * them, in double precision: neighbours' copies are kept one by one, and nothing is ever sent.
 */
import { PURPOSE, randomStream } from '../../src/math/random.ts';
import {
  type Compressor,
  everywhere,
  gradient,
  gradientOver,
  mean,
  mix,
  none,
  type Problem,
  type Recomputed,
  type Row,
  ranks,
  sum,
  type V,
  zeros,
} from './recompute-vectors.ts';

/** A ring: a third for a worker and for each of its two neighbours. */
function ring(problem: Problem): readonly V[] {
  const n = problem.rows.length;
  const near = (i: number, j: number) => [0, 1, n - 1].includes((i - j + n) % n);
  return ranks(problem).map((i) => ranks(problem).map((j) => (near(i, j) ? 1 / 3 : 0)));
}

/** `rounds` times `round(models, t)`, from zeros. */
function iterate(problem: Problem, round: (models: readonly V[], t: number) => readonly V[]): readonly V[] {
  let models: readonly V[] = everywhere(problem, zeros(problem.d));
  for (let t = 0; t < problem.rounds; t += 1) models = round(models, t);
  return models;
}

const gradients = (problem: Problem, models: readonly V[]) => models.map((x, i) => gradient(problem, i, x));
const nothing = (problem: Problem) => everywhere(problem, zeros(problem.d));

/** 9.1; with a compressor, 9.5. x_i ← Σ W_ij C(x_j) − γ g_i, or Σ W_ij (x_j − γ g_j). */
export const dPsgd =
  (order: 'cta' | 'atc', C: Compressor = none): Recomputed =>
  (problem) => {
    const W = ring(problem);
    return iterate(problem, (x) => {
      const g = gradients(problem, x);
      const h = x.map((own, i) => sum([1, own], [-problem.lr, g[i] ?? []]));
      return W.map((row, i) =>
        order === 'atc' ? mix(row, h) : sum([1, mix(row, x.map(C))], [-problem.lr, g[i] ?? []]),
      );
    });
  };

/** What stands for each worker's gradient: itself, or momentum of its own, Nesterov's or heavy-ball's. */
type Ways = (g: readonly V[]) => readonly V[];

export function ownMomentum(kind: 'heavy-ball' | 'nesterov' | 'mean', mu: number): () => Ways {
  return () => {
    let m: readonly V[] = [];
    return (g) => {
      const share = kind === 'mean' ? 1 - mu : 1;
      m = g.map((own, i) => sum([mu, m[i] ?? zeros(own.length)], [share, own]));
      return kind === 'nesterov' ? g.map((own, i) => sum([1, own], [mu, m[i] ?? []])) : m;
    };
  };
}

const plain = (): Ways => (g) => g;

/** 9.3: h_i = ψ_i + x_i − ψ_i⁻ but for the first round, x_i ← Σ W_ij h_j. */
export const d2 =
  (ways: () => Ways = plain): Recomputed =>
  (problem) => {
    const W = ring(problem);
    const along = ways();
    let before: readonly V[] | null = null;
    return iterate(problem, (x) => {
      const g = along(gradients(problem, x));
      const psi = x.map((own, i) => sum([1, own], [-problem.lr, g[i] ?? []]));
      const h = psi.map((own, i) =>
        before === null ? own : sum([1, own], [1, x[i] ?? []], [-1, before[i] ?? []]),
      );
      before = psi;
      return W.map((row) => mix(row, h));
    });
  };

/** 9.14: x⁺ = W x − γ y, y⁺ = W y + g(x⁺) − g(x), y_0 = g(x_0). */
export const gradientTracking: Recomputed = (problem) => {
  const W = ring(problem);
  let y = gradients(problem, nothing(problem));
  return iterate(problem, (x) => {
    const next = W.map((row, i) => sum([1, mix(row, x)], [-problem.lr, y[i] ?? []]));
    const [old, now] = [gradients(problem, x), gradients(problem, next)];
    y = W.map((row, i) => sum([1, mix(row, y)], [1, now[i] ?? []], [-1, old[i] ?? []]));
    return next;
  });
};

/** 9.6: z_i = Σ W_ij x̂_j − γ g_i − x_i, x_i and every copy of it ← + C(z_i). */
export const dcd =
  (C: Compressor, ways: () => Ways = plain): Recomputed =>
  (problem) => {
    const W = ring(problem);
    const along = ways();
    return iterate(problem, (x) => {
      const g = along(gradients(problem, x));
      return W.map((row, i) => {
        const z = sum([1, mix(row, x)], [-problem.lr, g[i] ?? []], [-1, x[i] ?? []]);
        return sum([1, x[i] ?? []], [1, C(z)]);
      });
    });
  };

/** 9.7 with k from 1: estimates of everybody, oneself among them. */
export const ecd =
  (C: Compressor, ways: () => Ways = plain): Recomputed =>
  (problem) => {
    const W = ring(problem);
    const along = ways();
    let estimates = nothing(problem);
    return iterate(problem, (x, t) => {
      const k = t + 1;
      const g = along(gradients(problem, x));
      const next = W.map((row, i) => sum([1, mix(row, estimates)], [-problem.lr, g[i] ?? []]));
      estimates = estimates.map((old, i) => {
        const z = sum([1 - k / 2, x[i] ?? []], [k / 2, next[i] ?? []]);
        return sum([1 - 2 / k, old], [2 / k, C(z)]);
      });
      return next;
    });
  };

/** 9.8, in the order of the textbook, or delayed: gossip with the copies of the round before. */
export const choco =
  (eta: number, C: Compressor, order: 'textbook' | 'delayed' = 'textbook'): Recomputed =>
  (problem) => {
    const W = ring(problem);
    let copies = nothing(problem);
    return iterate(problem, (x) => {
      const h = gradients(problem, x).map((g, i) => sum([1, x[i] ?? []], [-problem.lr, g]));
      const gossip = () =>
        W.map((row, i) => sum([1, h[i] ?? []], [eta, mix(row, copies)], [-eta, copies[i] ?? []]));
      const early = order === 'delayed' ? gossip() : h;
      copies = copies.map((copy, i) => sum([1, copy], [1, C(sum([1, early[i] ?? []], [-1, copy]))]));
      return order === 'delayed' ? early : gossip();
    });
  };

/** 9.9: v = h + e, c = C(v), e ← v − c (or 0), x_i = h_i + η Σ (W_ij − I_ij) c_j. */
export const deepsqueeze =
  (eta: number, C: Compressor, keeps = true): Recomputed =>
  (problem) => {
    const W = ring(problem);
    let e = nothing(problem);
    return iterate(problem, (x) => {
      const h = gradients(problem, x).map((g, i) => sum([1, x[i] ?? []], [-problem.lr, g]));
      const v = h.map((own, i) => sum([1, own], [1, e[i] ?? []]));
      const c = v.map(C);
      if (keeps) e = v.map((own, i) => sum([1, own], [-1, c[i] ?? []]));
      return W.map((row, i) => sum([1, h[i] ?? []], [eta, mix(row, c)], [-eta, c[i] ?? []]));
    });
  };

/** 9.10 and 9.11: shares of 1 / (1 + outdegree), added when they come, `delay` rounds after they went. */
export const pushSum =
  (edges: readonly (readonly [number, number])[], delay = 0): Recomputed =>
  (problem) => {
    const all = ranks(problem);
    const sends = (from: number, to: number) => edges.some(([a, b]) => a === from && b === to);
    const share = all.map((from) => 1 / (1 + edges.filter(([a]) => a === from).length));
    let u = nothing(problem);
    let w: V = all.map(() => 1);
    const sent: { readonly u: readonly V[]; readonly w: V }[] = [];
    return iterate(problem, (z, t) => {
      const half = gradients(problem, z).map((g, i) => sum([1, u[i] ?? []], [-problem.lr, g]));
      sent.push({ u: half, w });
      const arrived = sent[t - delay];
      const own = all.map((i) => ({ u: half[i] ?? [], w: w[i] ?? Number.NaN }));
      const received = (i: number) => all.filter((j) => arrived !== undefined && sends(j, i));
      const portion = (j: number) => share[j] ?? Number.NaN;
      u = own.map((mine, i) =>
        sum([portion(i), mine.u], ...received(i).map((j) => [portion(j), arrived?.u[j] ?? []] as const)),
      );
      w = own.map((mine, i) =>
        received(i).reduce(
          (total, j) => total + portion(j) * (arrived?.w[j] ?? Number.NaN),
          portion(i) * mine.w,
        ),
      );
      return u.map((numerator, i) => sum([1 / (w[i] ?? Number.NaN), numerator]));
    });
  };

/** 9.12 without losses: everybody has the mean of h. */
export const rps: Recomputed = (problem) =>
  iterate(problem, (x) => {
    const h = gradients(problem, x).map((g, i) => sum([1, x[i] ?? []], [-problem.lr, g]));
    return everywhere(problem, mean(h));
  });

/** The rows of each gradient that a client takes in a round. */
type Work = (problem: Problem, worker: number, t: number) => readonly (readonly Row[])[];

/** So many over all its rows. */
const steps =
  (count: number): Work =>
  ({ rows }, worker) =>
    Array.from({ length: count }, () => rows[worker] ?? []);

/** Every epoch all its rows in the order that the seed draws, in batches of so many; the last has what is left. */
export const epochs =
  (count: number, batch: number, seed: number): Work =>
  ({ rows }, worker, t) => {
    const mine = rows[worker] ?? [];
    return Array.from({ length: count }, (_, epoch) => {
      const stream = randomStream(seed, PURPOSE.batch, worker, t * count + epoch);
      const order = [...stream.shuffle(Uint32Array.from(mine.keys()))];
      return Array.from({ length: Math.ceil(mine.length / batch) }, (_, index) =>
        order.slice(index * batch, (index + 1) * batch).flatMap((row) => mine[row] ?? []),
      );
    }).flat();
  };

/** 10.1 and 10.2, all clients in every round: local steps from w, a mean by rows, rate and momentum at the server. */
export const federated =
  ({
    work,
    beta = 0,
    mu = 0,
    eta = 1,
  }: {
    readonly work: Work | number;
    readonly beta?: number;
    readonly mu?: number;
    readonly eta?: number;
  }): Recomputed =>
  (problem) => {
    const sizes = problem.rows.map(({ length }) => length);
    const total = sizes.reduce((a, b) => a + b, 0);
    let [w, v] = [zeros(problem.d), zeros(problem.d)];
    for (let t = 0; t < problem.rounds; t += 1) {
      const clients = ranks(problem).map((i) => {
        let y = w;
        for (const batch of (typeof work === 'number' ? steps(work) : work)(problem, i, t)) {
          y = sum([1 - problem.lr * mu, y], [-problem.lr, gradientOver(batch, y)], [problem.lr * mu, w]);
        }
        return y;
      });
      const average = mix(
        sizes.map((size) => size / total),
        clients,
      );
      const next = sum([1, w], [eta, average], [-eta, w]);
      w = sum([1 + beta, next], [-beta, v]);
      v = next;
    }
    return everywhere(problem, w);
  };

/** SCAFFOLD (arXiv 1910.06378, algorithm 1, option II), all clients in every round. */
export const scaffold =
  (work: Work | number, eta = 1): Recomputed =>
  (problem) => {
    const d = problem.d;
    let w = zeros(d);
    let c = zeros(d);
    let own: readonly V[] = nothing(problem);
    const counts: number[] = [];
    for (let t = 0; t < problem.rounds; t += 1) {
      const y = own.map((mine, i) => {
        let at = w;
        const batches = (typeof work === 'number' ? steps(work) : work)(problem, i, t);
        counts[i] = batches.length;
        for (const batch of batches) {
          at = sum([1, at], [-problem.lr, gradientOver(batch, at)], [problem.lr, mine], [-problem.lr, c]);
        }
        return at;
      });
      const next = own.map((mine, i) => {
        const scale = 1 / ((counts[i] ?? Number.NaN) * problem.lr);
        return sum([1, mine], [-1, c], [scale, w], [-scale, y[i] ?? []]);
      });
      c = sum([1, c], [1, mean(next)], [-1, mean(own)]);
      own = next;
      w = sum([1, w], [eta, mean(y)], [-eta, w]);
    }
    return everywhere(problem, w);
  };
