/**
 * The kernels of quantization, and which of them decodes what: `shaders/half-*.wgsl`, `shaders/quantize-*.wgsl`
 * and `shaders/ternary-pack.wgsl`. How they are dispatched is in quantization.ts.
 */
import halfPack from '../../../shaders/half-pack.wgsl?raw';
import halfUnpack from '../../../shaders/half-unpack.wgsl?raw';
import quantizeLevels from '../../../shaders/quantize-levels.wgsl?raw';
import quantizeNorms from '../../../shaders/quantize-norms.wgsl?raw';
import quantizePack from '../../../shaders/quantize-pack.wgsl?raw';
import quantizePairs from '../../../shaders/quantize-pairs.wgsl?raw';
import quantizeRanges from '../../../shaders/quantize-ranges.wgsl?raw';
import quantizeUnpack from '../../../shaders/quantize-unpack.wgsl?raw';
import quantizeUnpackWords from '../../../shaders/quantize-unpack-words.wgsl?raw';
import ternaryPack from '../../../shaders/ternary-pack.wgsl?raw';
import type { WriteMode } from '../compute.ts';
import type { CodedWords } from '../quantization.ts';

const packing = (rule: number) => ({
  code: quantizePack,
  entry: 'main',
  storage: 'rrrw',
  constants: { rule },
});

const unpacking = (bits: number, planes: 0 | 1, adds: 0 | 1) => ({
  code: quantizeUnpackWords,
  entry: 'main',
  storage: 'rrw',
  constants: { bits, planes, adds },
});

export const QUANTIZATION_KERNELS = {
  halfPack: { code: halfPack, entry: 'main', storage: 'rw' },
  halfUnpack: { code: halfUnpack, entry: 'main', storage: 'rw' },
  quantizeRangesPartial: { code: quantizeRanges, entry: 'partial', storage: 'rrw' },
  quantizeRangesTotal: { code: quantizeRanges, entry: 'total', storage: 'rrw' },
  quantizeNormsPartial: { code: quantizeNorms, entry: 'partial', storage: 'rrw' },
  quantizeNormsTotal: { code: quantizeNorms, entry: 'total', storage: 'rrw' },
  quantizePairsPartial: { code: quantizePairs, entry: 'partial', storage: 'rrww' },
  quantizePairsTotal: { code: quantizePairs, entry: 'total', storage: 'rrww' },
  quantizeLevels: { code: quantizeLevels, entry: 'main', storage: 'rrw' },
  quantizePackUniform: packing(0),
  quantizePackMinMax: packing(1),
  quantizePackSigned: packing(2),
  quantizePackLevels: packing(3),
  quantizePackNearest: packing(4),
  ternaryPack: { code: ternaryPack, entry: 'main', storage: 'rw' },
  quantizeUnpack: { code: quantizeUnpack, entry: 'main', storage: 'rrw' },
  quantizeSet1: unpacking(1, 0, 0),
  quantizeSet2: unpacking(2, 0, 0),
  quantizeSet4: unpacking(4, 0, 0),
  quantizeSet8: unpacking(8, 0, 0),
  quantizeSetPlanes: unpacking(2, 1, 0),
  quantizeAdd1: unpacking(1, 0, 1),
  quantizeAdd2: unpacking(2, 0, 1),
  quantizeAdd4: unpacking(4, 0, 1),
  quantizeAdd8: unpacking(8, 0, 1),
  quantizeAddPlanes: unpacking(2, 1, 1),
};

/** The kernel that decodes whole words of these codes, if there is one. */
export function wordKernel({ bits, form }: CodedWords, mode: WriteMode) {
  const does = mode === 'add' ? 'Add' : 'Set';
  if (form === 'planes') return `quantize${does}Planes` as const;
  return bits === 1 || bits === 2 || bits === 4 || bits === 8 ? (`quantize${does}${bits}` as const) : null;
}
