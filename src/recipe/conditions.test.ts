/** Emulated conditions: what the texts mean, and one clear line for everything else. */
import { describe, expect, it } from 'vitest';
import { OptionError } from '../base/options.ts';
import { conditionsIn } from './conditions.ts';
import { buildRecipe } from './schema.ts';

const NONE = { compute: '', straggler: '', link: '' };

describe('conditions', () => {
  it('are none unless given', () => {
    expect(conditionsIn(NONE)).toEqual({ compute: null, stragglers: new Map(), link: null });
  });

  it('read times, factors and links', () => {
    const conditions = conditionsIn({
      compute: '20ms, jitter=10%',
      straggler: '3:10x,0:2.5x',
      link: 'bandwidth=10mbit,latency=50ms,jitter=5ms,loss=1%',
    });
    expect(conditions.compute).toEqual({ milliseconds: 20, jitter: 0.1 });
    expect([...conditions.stragglers]).toEqual([
      [3, 10],
      [0, 2.5],
    ]);
    expect(conditions.link).toEqual({ bandwidth: 1e7, latency: 50, jitter: 5, loss: 0.01, per: 'link' });
    expect(conditionsIn({ ...NONE, link: 'per=worker,bandwidth=1gbit' }).link).toMatchObject({
      bandwidth: 1e9,
      latency: 0,
      per: 'worker',
    });
    expect(conditionsIn({ ...NONE, compute: '1.5s' }).compute).toEqual({ milliseconds: 1500, jitter: 0 });
    expect(conditionsIn({ ...NONE, compute: '250us' }).compute?.milliseconds).toBeCloseTo(0.25, 12);
  });

  it.each([
    ['compute', '20'],
    ['compute', '0ms'],
    ['compute', '2h'],
    ['compute', '20ms,jitter=100%'],
    ['compute', '20ms,speed=3'],
    ['compute', '5constructor'],
    ['straggler', '10x'],
    ['straggler', '1:0.5x'],
    ['straggler', '1:2x,1:3x'],
    ['straggler', 'a:2x'],
    ['link', 'bandwidth=fast'],
    ['link', 'latency=1mbit'],
    ['link', 'loss=95%'],
    ['link', 'loss=1%,loss=2%'],
    ['link', 'per=tab'],
    ['link', 'latency=50ms,'],
    ['link', 'wind=3ms'],
  ] as const)('refuse %s %s in one line that says what is allowed', (name, text) => {
    const read = () => buildRecipe({ [name]: text });
    expect(read).toThrow(OptionError);
    expect(read).toThrow(new RegExp(`^${name}: .* is not allowed \\(.+\\); it must be .+\\.$`));
  });
});
