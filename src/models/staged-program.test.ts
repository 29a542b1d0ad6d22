import { describe, expect, it } from 'vitest';
import { completeOptions } from '../base/options.ts';
import { findEntry } from '../base/registry.ts';
import type { HostDataset } from '../compute/compute.ts';
import { createDoubleCompute } from '../compute/cpu/index.ts';
import { randomStream } from '../math/random.ts';
import { MODELS } from './index.ts';
import { stripes } from './layers/testing.ts';

const pictures = stripes(9, 12, 3, 1);
const numbers: HostDataset = { ...pictures, classes: 0, labels: new Float32Array(9).map((_, k) => k / 9) };

/** Windows of random tokens. */
function text(): HostDataset & { readonly tokens: true } {
  const stream = randomStream(4, 0, 0, 0);
  const features = Uint8Array.from({ length: 9 * 6 }, () => stream.integer(7));
  const labels = new Uint8Array(9);
  return { rows: 9, width: 6, classes: 7, scale: 1, features, labels, tokens: true };
}

describe('the stages of a gradient', () => {
  it.each([
    ['mlp', { hidden: [] }, pictures, 1],
    ['mlp', { hidden: [5, 4] }, pictures, 3],
    ['mlp', { hidden: [5, 4], activation: 'gelu' }, pictures, 3],
    ['linear', {}, numbers, 1],
    ['logistic', {}, pictures, 1],
    ['lenet', {}, stripes(9, 28, 3, 1), 4],
    ['resnet-mini', { width: 4, blocks: 2, groups: 2 }, pictures, 5],
    ['gpt', { layers: 2, heads: 1, width: 4, tied: false }, text(), 4],
    ['gpt', { layers: 2, heads: 1, width: 4, tied: true }, text(), 4],
  ])(
    '%s %j: parameters are read, and gradients written, in their stages alone',
    (id, given, host, layers) => {
      const compute = createDoubleCompute();
      const model = findEntry('model', MODELS, id);
      const options = completeOptions('model', model.options, given);
      const layout = model.layout(options, host);
      const initial = model.initialise(layout, 1);
      const data = compute.dataset(host);
      const program = model.program(compute, layout, options, 4);
      const rows = Uint32Array.of(1, 7, 2);
      const losses = compute.vector(2);
      const parameters = compute.vector(layout.length);
      const whole = compute.vector(layout.length);
      compute.upload(parameters, initial);
      program.gradient(parameters, data, rows, whole, losses, 0);
      const expected = compute.readDouble(whole);
      expect(Math.hypot(...expected)).toBeGreaterThan(1e-3);

      const known = new Float32Array(layout.length).fill(Number.NaN);
      const [gradient, again] = [compute.vector(layout.length), compute.vector(2)];
      compute.upload(parameters, known);
      const [reads, writes] = [new Set<number>(), new Set<number>()];
      let [stages, entries] = [0, 0];
      for (const { kind, begin, end } of program.stages(parameters, data, rows, gradient, again, 0)) {
        stages += 1;
        entries += end - begin;
        const seen = kind === 'reads' ? reads : writes;
        for (let k = begin; k < end; k++) seen.add(k);
        if (kind === 'reads') {
          expect(writes.size).toBe(0);
          known.set(initial.subarray(begin, end), begin);
          compute.upload(parameters, known);
        } else {
          expect(compute.readDouble(gradient).subarray(begin, end)).toEqual(expected.subarray(begin, end));
        }
      }
      expect(stages).toBe(2 * layers);
      expect([reads.size, writes.size, entries]).toEqual([layout.length, layout.length, 2 * layout.length]);
      expect(compute.readDouble(gradient)).toEqual(expected);
      expect(compute.readDouble(again)).toEqual(compute.readDouble(losses));
    },
  );

  it('are there for a batch of nothing, too', () => {
    const compute = createDoubleCompute();
    const model = findEntry('model', MODELS, 'mlp');
    const options = completeOptions('model', model.options, {});
    const layout = model.layout(options, pictures);
    const program = model.program(compute, layout, options, 4);
    const vectors = [
      compute.vector(layout.length),
      compute.vector(layout.length),
      compute.vector(2),
    ] as const;
    const [x, gradient, losses] = vectors;
    const stages = program.stages(x, compute.dataset(pictures), new Uint32Array(), gradient, losses, 0);
    const all = { begin: 0, end: layout.length };
    expect([...stages]).toEqual([
      { kind: 'reads', ...all },
      { kind: 'written', ...all },
    ]);
  });
});
