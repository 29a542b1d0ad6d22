/** The choice between the families of matrix products, on adapters made of a stopwatch. */
import { describe, expect, it } from 'vitest';
import {
  chooseFamilies,
  familyOf,
  type ProductFamily,
  type ProductSize,
  type Stopwatch,
} from './families.ts';

interface Adapter {
  /** Milliseconds a product. */
  readonly cost: Readonly<Record<ProductFamily, Readonly<Record<ProductSize, number>>>>;
  /** Milliseconds that any wait takes beside. */
  readonly wait: number;
  /** A clock, or a wait, that goes by so many milliseconds. */
  readonly grain?: number;
}

function adapterOf({ cost, wait, grain = 0 }: Adapter) {
  const asked: ProductFamily[] = [];
  let spent = 0;
  const time: Stopwatch = (family, size, products) => {
    asked.push(family);
    const exact = wait + products * cost[family][size];
    const milliseconds = grain === 0 ? exact : Math.ceil(exact / grain) * grain;
    spent += milliseconds;
    return Promise.resolve(milliseconds);
  };
  return { time, asked, spent: () => spent };
}

describe('the choice of a family', () => {
  it('is direct on a processor that poses as a GPU, and does not even try the other one', async () => {
    const cost = { direct: { small: 1.6, large: 80 }, tiled: { small: 8, large: 400 } };
    const { time, asked, spent } = adapterOf({ cost, wait: 0.4 });
    expect(await chooseFamilies(time, true)).toEqual({ small: 'direct', large: 'direct' });
    expect(asked).not.toContain('tiled');
    expect(spent()).toBeLessThan(50);
  });

  it('tries both where a slow adapter does not call itself software', async () => {
    const cost = { direct: { small: 1.6, large: 80 }, tiled: { small: 0.8, large: 200 } };
    const { time } = adapterOf({ cost, wait: 0.4 });
    expect(await chooseFamilies(time, false)).toEqual({ small: 'tiled', large: 'direct' });
  });

  it.each([
    [0.04, 0.02, 0.5, 0.1, { small: 'tiled', large: 'tiled' }],
    [0.02, 0.04, 0.5, 0.1, { small: 'direct', large: 'tiled' }],
    [0.02, 0.04, 0.1, 0.5, { small: 'direct', large: 'direct' }],
  ])('is for either size what is faster on a GPU', async (direct, tiled, directLarge, tiledLarge, chosen) => {
    const cost = {
      direct: { small: direct, large: directLarge },
      tiled: { small: tiled, large: tiledLarge },
    };
    const { time, spent } = adapterOf({ cost, wait: 0.3 });
    expect(await chooseFamilies(time, false)).toEqual(chosen);
    expect(spent()).toBeLessThan(100);
  });

  it('is tiled on a GPU whose clock tells no difference', async () => {
    const cost = { direct: { small: 0.02, large: 0.02 }, tiled: { small: 0.03, large: 0.03 } };
    const { time } = adapterOf({ cost, wait: 1, grain: 100 });
    expect(await chooseFamilies(time, false)).toEqual({ small: 'tiled', large: 'tiled' });
  });

  it('depends on how many numbers a product makes', () => {
    const families = { small: 'direct', large: 'tiled' } as const;
    expect(familyOf(families, 64, 128)).toBe('direct');
    expect(familyOf(families, 255, 256)).toBe('direct');
    expect(familyOf(families, 256, 256)).toBe('tiled');
  });
});
