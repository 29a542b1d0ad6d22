/** Layers in compositions that no model of the lab uses yet: gradients of the whole, and clear refusals. */
import { describe, expect, it } from 'vitest';
import { conv2d } from './conv2d.ts';
import { dense } from './dense.ts';
import { flatten } from './flatten.ts';
import { groupNorm } from './group-norm.ts';
import type { LayerMaker } from './layer.ts';
import { pool2d } from './pool2d.ts';
import { residual } from './residual.ts';
import { sequentialLayout } from './sequential.ts';
import { stack } from './stack.ts';
import { checkGradient, modelOf } from './testing.ts';

const conv = (filters: number, activation: 'none' | 'relu' = 'none') =>
  conv2d({ filters, kernel: 3, padding: 1, activation });

describe('gradients agree with central differences in double precision', () => {
  it.each<readonly [string, (classes: number) => readonly LayerMaker[]]>([
    ['dense layers without a ReLU between them', (classes) => [flatten(), dense(5), dense(classes)]],
    [
      'a dense layer on a value that no ReLU made',
      (classes) => [conv(2), pool2d('average', 2), flatten(), dense(classes)],
    ],
    [
      'average pooling of a normalised value, after a block',
      (classes) => [
        residual([conv(2), conv(1)]),
        conv(3, 'relu'),
        groupNorm(3),
        pool2d('average', 2),
        flatten(),
        dense(classes),
      ],
    ],
    [
      'pooling before anything is learned',
      (classes) => [pool2d('max', 3), conv(2, 'relu'), flatten(), dense(classes)],
    ],
    [
      'a normalisation first, and blocks inside blocks',
      (classes) => [
        groupNorm(1),
        residual([residual([conv(2, 'relu'), conv(1)]), conv(2)], [conv(2)]),
        flatten(),
        dense(4, 'relu'),
        dense(classes),
      ],
    ],
    [
      'a kernel wider than the window of one invocation, with a stride',
      (classes) => [conv2d({ filters: 2, kernel: 7, stride: 3, padding: 2 }), flatten(), dense(classes)],
    ],
  ])('%s', (_name, makers) => {
    const { norm, error } = checkGradient(modelOf(makers), {}, 7);
    expect(norm).toBeGreaterThan(0.01);
    expect(error).toBeLessThan(1e-6);
  });
});

describe('shapes', () => {
  it('follow through a list, and tensors are named by place and kind', () => {
    const layer = stack([conv(4, 'relu'), residual([conv(4), groupNorm(2)]), pool2d('max', 2), flatten()])([
      1, 7, 9,
    ]);
    expect(layer.output).toEqual([4 * 3 * 4]);
    expect(layer.tensors.map(({ name }) => name)).toEqual([
      '0.conv.weight',
      '0.conv.bias',
      '1.block.branch.0.conv.weight',
      '1.block.branch.0.conv.bias',
      '1.block.branch.1.norm.gain',
      '1.block.branch.1.norm.bias',
    ]);
    expect(sequentialLayout([flatten(), dense(2)], [1, 2, 3])).toMatchObject({
      length: 14,
      input: [1, 2, 3],
    });
  });

  it.each<readonly [string, readonly LayerMaker[]]>([
    ['works on pictures', [flatten(), conv(1)]],
    ['works on flat values', [conv(1), dense(2)]],
    ['too small for 9 × 9 convolutions', [conv2d({ filters: 1, kernel: 9 })]],
    ['too small for a pooling window of 8 × 8', [pool2d('max', 8)]],
    ['3 channels do not divide into 2 equal groups', [conv(3), groupNorm(2)]],
    ['its shortcut 1 × 7 × 7; they must agree', [residual([conv(2)])]],
  ])('that do not fit are refused: %s', (sentence, makers) => {
    expect(() => stack(makers)([1, 7, 7])).toThrow(sentence);
  });

  it('a path of a block that ends with a ReLU is refused', () => {
    const model = modelOf((classes) => [residual([conv(1, 'relu')]), flatten(), dense(classes)]);
    expect(() => checkGradient(model, {}, 7)).toThrow(/must not end with a ReLU/);
  });
});
