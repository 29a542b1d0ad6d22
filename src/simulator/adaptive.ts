/**
 * Adam's kin and layer-wise rules, against their equations in double precision and against each other, on
 * either backend: who calls this gives it a device.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Compute, HostDataset } from '../compute/compute.ts';
import { costOf } from '../recipe/legality.ts';
import { buildRecipe } from '../recipe/schema.ts';
import {
  combined,
  decayOf,
  largest,
  meanOf,
  type Numbers,
  norms,
  ReferenceMoments,
  relative,
  spread,
} from './adaptive-reference.ts';
import { Flock, syntheticDigits } from './flock.ts';

const ADAM = { beta1: 0.9, beta2: 0.99, epsilon: 1e-5, weightDecay: 0 };
const RATE = 0.01;
const WARM_UP = 4;
/** Some f32 roundings, relative to 1 + the size of a number. */
const CLOSE = 2e-6;

/** Every third pixel is dark in all rows: its weights never have a gradient. */
function withDarkPixels(): HostDataset {
  const host = syntheticDigits();
  const features = Uint8Array.from(host.features as Uint8Array, (value, k) =>
    (k % 784) % 3 === 0 ? 0 : value,
  );
  return { ...host, features };
}
const isDark = (k: number) => k < 4 * 784 && (k % 784) % 3 === 0;

interface Setting {
  readonly id: string;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly optimizer?: { readonly id: string; readonly options: Readonly<Record<string, unknown>> };
  readonly topology?: string;
  readonly compressor?: { readonly id: string; readonly options?: Readonly<Record<string, unknown>> };
}

const recipeOf = ({
  id,
  options = {},
  optimizer,
  topology = 'complete',
  compressor = { id: 'none' },
}: Setting) =>
  buildRecipe({
    model: { id: 'mlp', options: { hidden: [4] } },
    batch: 8,
    lr: RATE,
    seed: 5,
    algorithm: { id, options },
    optimizer,
    topology: { id: topology, options: {} },
    compressor: { id: compressor.id, options: compressor.options ?? {} },
  });

const ONE_BIT = { id: 'one-bit', options: { scale: 'l2' } } as const;

const numberOf = (flock: Flock, name: string): readonly unknown[] =>
  flock.workers.map(({ state }) => state?.[name]);

/** The same bits on every worker. */
async function expectAlike(flock: Flock, ...names: readonly string[]): Promise<void> {
  for (const name of names) {
    const [first, ...others] = await flock.read(name);
    for (const other of others) expect(other).toEqual(first);
  }
}

/** What two passes still owe: mean e_i + E. */
async function owed(flock: Flock): Promise<Numbers> {
  const total = meanOf(await flock.read('e'));
  for (const { state } of flock.workers) {
    if (state === null) throw new Error('No state.');
    const { E, offset } = state;
    if (E === undefined || typeof E === 'number' || typeof offset !== 'number') continue;
    (await flock.assets.compute.read(E)).forEach((value, k) => {
      total[offset + k] = (total[offset + k] ?? 0) + value;
    });
  }
  return total;
}

export function describeAdaptive(backend: string, makeCompute: () => Promise<Compute>): void {
  describe(`adaptive algorithms on ${backend}`, () => {
    let compute: Compute;
    let host: HostDataset;
    let dark: HostDataset;
    const make = (setting: Setting, n: number, data = host) =>
      Flock.make(compute, recipeOf(setting), data, n);

    beforeAll(async () => {
      compute = await makeCompute();
      host = syntheticDigits();
      dark = withDarkPixels();
    });
    afterAll(() => compute.destroy());

    it.each([
      ['adam', 'complete', 4],
      ['adamw', 'star', 3],
      ['adam', 'ring', 1],
    ] as const)(
      'allreduce-sgd with %s on %s is that on the mean gradient',
      async (optimizer, topology, n) => {
        const options = { ...ADAM, weightDecay: 0.1 };
        const flock = await make({ id: 'allreduce-sgd', optimizer: { id: optimizer, options }, topology }, n);
        const { layout } = flock.assets;
        const reference = new ReferenceMoments(layout.length, { ...options, rate: RATE });
        let x = meanOf(await flock.read());
        for (let round = 0; round < 6; round += 1) {
          const gradient = meanOf(await flock.gradients());
          const decay = decayOf(layout, x, options.weightDecay);
          reference.take(optimizer === 'adam' ? combined(gradient, decay, (g, w) => g + w) : gradient);
          let u = reference.direction();
          if (optimizer === 'adamw') u = combined(u, decay, (a, w) => a + w);
          x = combined(x, u, (value, step) => value - RATE * step);
          await flock.step();
          for (const vector of await flock.read()) expect(relative(vector, x)).toBeLessThan(CLOSE);
          await expectAlike(flock, 'x', 'm', 'v');
        }
        flock.destroy();
      },
    );

    it.each([
      ['one-bit-adam', 'complete', 4, true],
      ['one-bit-adam', 'star', 3, false],
      ['apm-squeeze', 'complete', 3, false],
      ['q-adam', 'complete', 4, false],
      ['q-adam', 'star', 4, true],
    ] as const)(
      '%s on %s of %i without compression is Adam with v frozen at the end of its warm-up, corrected: %s',
      async (id, topology, n, biasCorrection) => {
        const options = { ...ADAM, weightDecay: 0.1, warmupRounds: WARM_UP, biasCorrection };
        const flock = await make({ id, options, topology }, n);
        const { layout } = flock.assets;
        const reference = new ReferenceMoments(layout.length, { ...options, rate: RATE });
        let x = meanOf(await flock.read());
        for (let round = 0; round < 12; round += 1) {
          const gradient = meanOf(await flock.gradients());
          reference.take(gradient);
          const u = combined(reference.direction(), decayOf(layout, x, options.weightDecay), (a, w) => a + w);
          x = combined(x, u, (value, step) => value - RATE * step);
          if (round + 1 === WARM_UP) reference.freeze();
          await flock.step();
          expect(numberOf(flock, 'frozen')).toEqual(flock.workers.map(() => (round + 1 >= WARM_UP ? 1 : 0)));
          for (const vector of await flock.read()) expect(relative(vector, x)).toBeLessThan(CLOSE);
          await expectAlike(flock, 'x', 'm', 'v');
        }
        flock.destroy();
      },
    );

    it('1-bit Adam: all hold one momentum, and what it lacks is owed', async () => {
      const options = { ...ADAM, warmupRounds: 2 };
      const flock = await make({ id: 'one-bit-adam', options, compressor: ONE_BIT }, 5);
      for (let round = 0; round < 2; round += 1) await flock.step();
      const [frozen] = await flock.read('v');
      for (let round = 0; round < 5; round += 1) {
        const before = await owed(flock);
        const m = meanOf(await flock.read('m'));
        const gradient = meanOf(await flock.gradients());
        await flock.step();
        const after = await owed(flock);
        const [v = new Float32Array()] = await flock.read('v');
        expect(v).toEqual(frozen);
        await expectAlike(flock, 'x', 'm', 'v');
        const expected = combined(m, gradient, (old, g) => 0.9 * old + 0.1 * g);
        const applied = combined(meanOf(await flock.read('m')), after, (a, b) => a + b);
        const due = combined(expected, before, (a, b) => a + b);
        // Coordinates that a dead unit left without momentum are masked.
        const lacking = combined(applied, due, (a, b) => a - b).map((gap, k) => (v[k] === 0 ? 0 : gap));
        expect(largest(lacking, new Float64Array(lacking.length))).toBeLessThan(CLOSE);
        expect(largest(after, new Float64Array(after.length))).toBeGreaterThan(1e-4);
      }
      flock.destroy();
    });

    it.each([
      ['one-bit-adam', {}],
      ['one-bit-lamb', {}],
      ['zero-one-adam', { varianceUpdates: 1, localDoubling: 2, longestInterval: 2 }],
    ])('%s leaves coordinates alone that never had a gradient', async (id, more) => {
      const options = { ...ADAM, warmupRounds: 3, ...more };
      const flock = await make({ id, options, compressor: ONE_BIT }, 4, dark);
      const [start = new Float32Array()] = await flock.read();
      for (let round = 0; round < 8; round += 1) await flock.step();
      for (const x of await flock.read()) {
        const moved = Array.from(x.keys()).filter((k) => x[k] !== start[k]);
        expect(moved.filter(isDark)).toEqual([]);
        expect(moved.length).toBeGreaterThan(0.3 * x.length);
      }
      flock.destroy();
    });

    it.each([true, false])(
      'an automatic warm-up ends for all at once, when the variance has settled; corrected: %s',
      async (biasCorrection) => {
        const options = { ...ADAM, beta2: 0.9, warmupRounds: 0, biasCorrection };
        const flock = await make({ id: 'one-bit-adam', options, compressor: ONE_BIT }, 4);
        const sizes: number[] = [];
        let frozen = false;
        while (!frozen) {
          const t = sizes.length + 1;
          const [old = new Float32Array()] = await flock.read('v');
          const gradient = meanOf(await flock.gradients());
          const v = combined(old, gradient, (a, g) => 0.9 * a + 0.1 * g ** 2);
          const size = v.reduce((sum, each) => sum + each, 0) / (biasCorrection ? 1 - 0.9 ** t : 1);
          sizes.push(size);
          await flock.step();
          // Δ = 1 / (1 − 0.9) = 10 steps.
          frozen = t > 10 && size >= 0.96 * (sizes[t - 11] ?? Number.POSITIVE_INFINITY);
          expect(numberOf(flock, 'frozen')).toEqual([1, 1, 1, 1].map((each) => (frozen ? each : 0)));
          expect(t).toBeLessThan(200);
        }
        expect(numberOf(flock, 't')).toEqual([1, 1, 1, 1].map(() => sizes.length));
        expect(sizes.length).toBeGreaterThan(10);
        await flock.step();
        await expectAlike(flock, 'x', 'm', 'v');
        flock.destroy();
      },
    );

    it.each([1, 2, 5])('byte-grad of %i workers without compression is SGD with momentum', async (n) => {
      const optimizer = { id: 'momentum', options: { momentum: 0.9, weightDecay: 0.1 } };
      const flock = await make({ id: 'byte-grad', optimizer }, n);
      const { layout } = flock.assets;
      let x = meanOf(await flock.read());
      let m: Numbers = new Float64Array(layout.length);
      for (let round = 0; round < 5; round += 1) {
        const gradient = meanOf(await flock.gradients());
        const decayed = combined(gradient, decayOf(layout, x, 0.1), (g, w) => g + w);
        m = combined(m, decayed, (old, g) => 0.9 * old + g);
        x = combined(x, m, (value, step) => value - RATE * step);
        await flock.step();
        for (const vector of await flock.read()) expect(relative(vector, x)).toBeLessThan(CLOSE);
      }
      flock.destroy();
    });

    it.each([
      ['frozen ratios', { minFactor: 1, maxFactor: 1 }],
      ['ratios that follow the variance', {}],
      ['nothing corrected', { biasCorrection: false }],
    ])('1-bit LAMB without compression is LAMB with a frozen variance and %s', async (_, more) => {
      const limits = { minFactor: 0.5, maxFactor: 4, biasCorrection: true, ...more };
      const options = { ...ADAM, weightDecay: 0.1, warmupRounds: WARM_UP, ...limits };
      const flock = await make({ id: 'one-bit-lamb', options }, 4);
      const { layout } = flock.assets;
      const reference = new ReferenceMoments(layout.length, { ...options, rate: RATE });
      let x = meanOf(await flock.read());
      let means: readonly number[] = layout.tensors.map(() => 0);
      let factors: readonly number[] = layout.tensors.map(() => 1);
      let frozen: Numbers = new Float64Array(layout.length);
      let now: Numbers = frozen;
      const seen: number[] = [];
      for (let round = 0; round < 12; round += 1) {
        const gradient = meanOf(await flock.gradients());
        const old = reference.m;
        reference.take(gradient);
        const plain = reference.direction();
        const u = combined(plain, decayOf(layout, x, 0.1), (a, w) => a + w);
        const [sizes, steps, plains] = [norms(layout, x), norms(layout, u), norms(layout, plain)];
        let rates: readonly number[];
        if (round < WARM_UP) {
          rates = sizes.map((size, l) => {
            const step = steps[l] ?? 0;
            return size === 0 || step === 0 ? 1 : Math.min(10, Math.max(0.01, size / step));
          });
          means = means.map((mean, l) => {
            const ratio = rates[l] ?? 1;
            if (ratio === 1) return mean;
            return mean === 0 && limits.biasCorrection ? ratio : 0.9 * mean + 0.1 * ratio;
          });
          if (round + 1 === WARM_UP) reference.freeze();
          frozen = reference.vHat();
          now = frozen;
        } else {
          // The gradient, as the momentum tells it.
          const told = combined(reference.m, old, (m, before) => (m - 0.9 * before) / 0.1);
          now = combined(now, told, (v, g) => 0.99 * v + 0.01 * g ** 2);
          const quotients = combined(frozen, now, (a, b) => (Math.sqrt(a) + 1e-5) / (Math.sqrt(b) + 1e-5));
          factors = layout.tensors.map(({ offset, length }, l) => {
            const ratio = quotients.subarray(offset, offset + length).reduce((a, b) => Math.max(a, b), 0);
            const share = Math.min(1, (plains[l] ?? 0) / (steps[l] ?? 1));
            const wanted = Math.min(limits.maxFactor, Math.max(limits.minFactor, ratio * share + 1 - share));
            const last = factors[l] ?? 1;
            return Math.min(1.1 * last, Math.max(0.9 * last, wanted));
          });
          rates = means.map((mean, l) => (mean === 0 ? 1 : mean) * (factors[l] ?? 1));
          seen.push(...factors);
        }
        const step = combined(spread(layout, rates), u, (rate, each) => RATE * rate * each);
        x = combined(x, step, (value, each) => value - each);
        await flock.step();
        for (const vector of await flock.read()) expect(relative(vector, x)).toBeLessThan(CLOSE);
        await expectAlike(flock, 'x', 'm', 'v', 'vNow');
        // The worker's own course is followed, so that rounding does not add up.
        x = meanOf(await flock.read());
      }
      const varied = seen.filter((factor) => Math.abs(factor - 1) > 1e-3).length;
      if (limits.maxFactor === 1) expect(varied).toBe(0);
      else expect(varied).toBeGreaterThan(4);
      flock.destroy();
    });

    it.each([
      [0, true],
      [0.1, true],
      [0, false],
    ])(
      '0/1 Adam without compression, weight decay %d, corrected: %s: local steps, then their mean',
      async (weightDecay, biasCorrection) => {
        const intervals = { varianceUpdates: 2, localDoubling: 3, longestInterval: 4 };
        const options = { ...ADAM, weightDecay, warmupRounds: 5, biasCorrection, ...intervals };
        const flock = await make({ id: 'zero-one-adam', options }, 4);
        const { layout } = flock.assets;
        const common = new ReferenceMoments(layout.length, { ...options, rate: RATE });
        let x = meanOf(await flock.read());
        // Updates 1 and 2 at rounds 0 and 1; then every second round: 2 and 4.
        for (let round = 0; round < 5; round += 1) {
          common.take(meanOf(await flock.gradients()), [0, 1, 2, 4].includes(round));
          const u = combined(common.direction(), decayOf(layout, x, weightDecay), (a, w) => a + w);
          x = combined(x, u, (value, step) => value - RATE * step);
          await flock.step();
          for (const vector of await flock.read()) expect(relative(vector, x)).toBeLessThan(CLOSE);
          await expectAlike(flock, 'x', 'm', 'v');
        }
        common.freeze();
        const vHat = common.vHat();
        const begin = (m: Numbers) =>
          flock.workers.map(() => ({ m, U: new Float64Array(layout.length) as Numbers }));
        let locals = begin(common.m);
        let since = 0;
        const exchanges: number[] = [];
        for (let local = 0; local < 16; local += 1) {
          const gradients = await flock.gradients();
          common.t += 1;
          locals = locals.map(({ m, U }, i) => {
            const next = common.next(m, gradients[i] ?? []);
            return { m: next, U: combined(U, common.direction(vHat, next), (old, u) => old - RATE * u) };
          });
          since += 1;
          await flock.step();
          const vectors = await flock.read();
          if (since < Math.min(4, 2 ** Math.floor(local / 3))) {
            vectors.forEach((vector, i) => {
              const expected = combined(x, locals[i]?.U ?? [], (a, b) => a + b);
              expect(relative(vector, expected)).toBeLessThan(CLOSE);
            });
            expect(vectors[1]).not.toEqual(vectors[0]);
            continue;
          }
          exchanges.push(local);
          await expectAlike(flock, 'x', 'm', 'v', 'common');
          const moved = meanOf(locals.map(({ U }) => U));
          const decay = decayOf(layout, x, weightDecay * RATE * since);
          x = combined(
            combined(x, moved, (a, b) => a + b),
            decay,
            (a, w) => a - w,
          );
          const factor = -common.weight('beta1', common.t) / (RATE * since);
          const m = combined(moved, vHat, (u, v) => factor * u * (Math.sqrt(v) + ADAM.epsilon));
          for (const vector of vectors) expect(relative(vector, x)).toBeLessThan(CLOSE);
          for (const vector of await flock.read('m')) expect(largest(vector, m)).toBeLessThan(CLOSE);
          locals = begin(m);
          since = 0;
        }
        expect(exchanges).toEqual([0, 1, 2, 4, 8, 12]);
        flock.destroy();
      },
    );

    it('0/1 Adam begins its residuals anew when the variance is frozen, and agrees at every exchange', async () => {
      const intervals = { varianceUpdates: 1, localDoubling: 2, longestInterval: 4 };
      const options = { ...ADAM, warmupRounds: 4, ...intervals };
      const flock = await make({ id: 'zero-one-adam', options, compressor: ONE_BIT }, 4);
      const zeros = new Float64Array(flock.assets.layout.length);
      for (let round = 0; round < 3; round += 1) await flock.step();
      expect(largest(await owed(flock), zeros)).toBeGreaterThan(1e-5);
      await flock.step();
      expect(numberOf(flock, 'frozen')).toEqual([1, 1, 1, 1]);
      expect(largest(await owed(flock), zeros)).toBe(0);
      let exchanges = 0;
      for (let round = 0; round < 14; round += 1) {
        await flock.step();
        await expectAlike(flock, 'common', 'v');
        if (numberOf(flock, 'since')[0] !== 0) continue;
        exchanges += 1;
        await expectAlike(flock, 'x', 'm');
      }
      expect(exchanges).toBe(5);
      expect(largest(await owed(flock), zeros)).toBeGreaterThan(1e-6);
      flock.destroy();
    });

    it('CLARS and LARS have the rates of their formulas, and CLARS never the larger one', async () => {
      const trust = 0.01;
      const rates: (readonly number[])[] = [];
      for (const rule of ['lars', 'clars']) {
        const flock = await make({ id: 'large-batch', options: { rule, trust } }, 5);
        const { layout } = flock.assets;
        const x = meanOf(await flock.read());
        const gradients = await flock.gradients();
        const gradient = meanOf(gradients);
        const sizes = norms(layout, x);
        const own = gradients.map((each) => norms(layout, each));
        const dividers =
          rule === 'lars' ? norms(layout, gradient) : layout.tensors.map((_, l) => meanOf(own)[l] ?? 0);
        const expected = layout.tensors.map(({ shape }, l) => {
          if (shape.length === 1) return 1;
          const rate = (trust * (sizes[l] ?? 0)) / (dividers[l] ?? 0);
          return rule === 'lars' ? rate : Math.min(0.1, rate);
        });
        const step = combined(spread(layout, expected), gradient, (rate, g) => RATE * rate * g);
        const after = combined(x, step, (value, each) => value - each);
        await flock.step();
        for (const vector of await flock.read()) expect(largest(vector, after)).toBeLessThan(1e-7);
        await expectAlike(flock, 'x', 'm');
        rates.push(expected);
        flock.destroy();
      }
      const [lars = [], clars = []] = rates;
      for (const [l, rate] of clars.entries()) expect(rate).toBeLessThanOrEqual(lars[l] ?? 0);
      expect(clars.some((rate, l) => rate < 0.99 * (lars[l] ?? 0))).toBe(true);
    });

    it.each(['lars', 'clars', 'lamb'])(
      'large-batch with %s does what its equations say, round after round',
      async (rule) => {
        const options = { rule, ...ADAM, weightDecay: 0.05, momentum: 0.8, trust: 0.02 };
        const flock = await make({ id: 'large-batch', options, topology: 'star' }, 4);
        const { layout } = flock.assets;
        const reference = new ReferenceMoments(layout.length, { ...options, rate: RATE });
        let m: Numbers = new Float64Array(layout.length);
        for (let round = 0; round < 6; round += 1) {
          const x = meanOf(await flock.read());
          const gradients = await flock.gradients();
          const gradient = meanOf(gradients);
          const decay = decayOf(layout, x, options.weightDecay);
          let direction: Numbers;
          let dividers: ArrayLike<number>;
          if (rule === 'lamb') {
            reference.take(gradient);
            direction = combined(reference.direction(), decay, (u, w) => u + w);
            dividers = norms(layout, direction);
          } else {
            direction = combined(gradient, decay, (g, w) => g + w);
            const own = gradients.map((each) => norms(layout, each));
            dividers = rule === 'lars' ? norms(layout, gradient) : meanOf(own);
          }
          const sizes = norms(layout, x);
          const rates = layout.tensors.map(({ shape }, l) => {
            const [size = 0, divider = 0] = [sizes[l], dividers[l]];
            if (rule === 'lamb') return size === 0 ? 1 : Math.min(10, Math.max(0.01, size / divider));
            if (shape.length === 1) return 1;
            const rate = (0.02 * size) / (divider + (rule === 'lars' ? 0.05 * size : 0));
            return rule === 'lars' ? rate : Math.min(0.1, rate);
          });
          let step = combined(spread(layout, rates), direction, (rate, each) => RATE * rate * each);
          // Both rates are inside the momentum.
          if (rule !== 'lamb') step = m = combined(m, step, (old, each) => 0.8 * old + each);
          const expected = combined(x, step, (value, each) => value - each);
          await flock.step();
          for (const vector of await flock.read()) expect(relative(vector, expected)).toBeLessThan(CLOSE);
          await expectAlike(flock, 'x', 'm');
        }
        flock.destroy();
      },
    );

    it.each([
      { id: 'large-batch', options: { rule: 'lars' } },
      { id: 'large-batch', options: { rule: 'lamb' } },
      { id: 'large-batch', options: { rule: 'clars' } },
      { id: 'one-bit-lamb', options: { warmupRounds: 1 }, compressor: ONE_BIT },
      { id: 'one-bit-adam', options: { warmupRounds: 1 }, compressor: ONE_BIT },
    ])('$id with $options on star and complete sends what its cost formula says', async (setting) => {
      for (const topology of ['star', 'complete']) {
        const given = { ...setting, topology };
        const flock = await make(given, 5);
        await flock.step();
        const before = flock.post.totals().bytesSent;
        for (let round = 0; round < 2; round += 1) await flock.step();
        const { bytes } = costOf(recipeOf(given), flock.assets.layout, [0, 0, 0, 0, 0]);
        expect(flock.post.totals().bytesSent - before).toBe(2 * bytes);
        flock.destroy();
      }
    });

    it.each([
      { id: 'one-bit-adam', options: {}, names: ['x', 'm', 'v'] },
      { id: 'one-bit-lamb', options: {}, names: ['x', 'm', 'v', 'vNow'] },
      { id: 'q-adam', options: {}, names: ['x', 'm', 'v'] },
      { id: 'zero-one-adam', options: { localDoubling: 2, longestInterval: 4 }, names: ['common', 'v'] },
    ])('$id: members come and go in both stages, and all hold the same', async ({ id, options, names }) => {
      const compressor = id === 'q-adam' ? { id: 'none' } : ONE_BIT;
      const setting = { id, options: { ...ADAM, warmupRounds: 4, ...options }, compressor };
      const flock = await make(setting, 4);
      const checkAll = async (t: number) => {
        await expectAlike(flock, ...names);
        expect(numberOf(flock, 't')).toEqual(flock.workers.map(() => t));
        expect(numberOf(flock, 'frozen')).toEqual(flock.workers.map(() => (t >= 4 ? 1 : 0)));
      };
      for (let round = 0; round < 2; round += 1) await flock.step();
      await flock.change({ join: 1 });
      await checkAll(2);
      await flock.step();
      await checkAll(3);
      for (let round = 0; round < 4; round += 1) await flock.step();
      const [common] = await flock.read(names[0]);
      await flock.change({ leave: [0, 2], join: 1 });
      expect(flock.workers).toHaveLength(4);
      expect((await flock.read(names[0]))[0]).toEqual(common);
      await checkAll(7);
      for (let round = 8; round < 16; round += 1) {
        await flock.step();
        await checkAll(round);
        if (id === 'zero-one-adam' && numberOf(flock, 'since')[0] === 0) await expectAlike(flock, 'x', 'm');
      }
      flock.destroy();
    });
  });
}
