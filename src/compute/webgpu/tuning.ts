/**
 * Times the families of matrix products on a device before any training (`families.ts` chooses by it), by a
 * dense layer's forward. It takes some tens of milliseconds, once: the choice is remembered for the adapter,
 * in the browser's IndexedDB where there is one.
 */
import { createStore, get, set } from 'idb-keyval';
import { realClock } from '../../base/clock.ts';
import type { DenseShape } from '../compute.ts';
import { Access } from './access.ts';
import { chooseFamilies, type ProductFamilies, type ProductSize, type Stopwatch } from './families.ts';
import type { Kernels } from './kernels.ts';
import { directDense } from './layers.ts';
import { Memory } from './memory.ts';
import { Recorder } from './recorder.ts';
import { TiledProducts, tiledDense } from './tiled.ts';

/** To be raised when a change of the kernels may turn the choice. */
const VERSION = 1;
const SHAPES: Readonly<Record<ProductSize, DenseShape>> = {
  small: { batch: 64, inputs: 256, outputs: 128 },
  large: { batch: 512, inputs: 512, outputs: 512 },
};

/** The choice for this adapter: what is remembered, or else what a timing says, which is then remembered. */
export async function chosenFamilies(
  device: GPUDevice,
  kernels: Kernels,
  adapter: string,
  remembered: Promise<ProductFamilies | null> = recall(adapter),
): Promise<ProductFamilies> {
  const known = await remembered;
  if (known !== null) return known;
  const found = await measureFamilies(device, kernels);
  await remember(adapter, found);
  return found;
}

/**
 * Chooses by timing on buffers that are freed again. What a driver refuses is not chosen.
 * @param choose stands in for the real choice in tests.
 */
export async function measureFamilies(
  device: GPUDevice,
  kernels: Kernels,
  choose = chooseFamilies,
): Promise<ProductFamilies> {
  const memory = new Memory(device);
  const recorder = new Recorder(device, memory);
  const products = new TiledProducts(new Access(kernels, memory, recorder));
  const families = { direct: directDense(kernels, recorder), tiled: tiledDense(products) };
  const layers = new Map<ProductSize, ReturnType<typeof layerOf>>();
  const time: Stopwatch = async (family, size, count) => {
    const layer = layers.get(size) ?? layerOf(memory, SHAPES[size]);
    layers.set(size, layer);
    const { shape, x, weight, bias, y } = layer;
    const started = realClock.now();
    for (let at = 0; at < count; at++) families[family].forward(shape, x, weight, bias, y, true);
    recorder.submit();
    await device.queue.onSubmittedWorkDone();
    return realClock.now() - started;
  };
  device.pushErrorScope('internal');
  device.pushErrorScope('validation');
  // Browsers of before 2025 do not tell.
  const isSoftware = device.adapterInfo?.isFallbackAdapter ?? false;
  const found = await choose(time, isSoftware);
  const refusals = await Promise.all([device.popErrorScope(), device.popErrorScope()]);
  for (const { x, weight, bias, y } of layers.values()) {
    for (const array of [x, weight.array, bias.array, y]) recorder.free(array);
  }
  products.free();
  recorder.destroy();
  if (refusals.some((refusal) => refusal !== null)) return { small: 'direct', large: 'direct' };
  return found;
}

/** What a dense layer's forward works on, zeros. */
function layerOf(memory: Memory, shape: DenseShape) {
  const { batch, inputs, outputs } = shape;
  return {
    shape,
    x: memory.create('vector', batch * inputs),
    weight: { array: memory.create('vector', inputs * outputs), offset: 0 },
    bias: { array: memory.create('vector', outputs), offset: 0 },
    y: memory.create('vector', batch * outputs),
  };
}

const keyOf = (adapter: string) => `products ${VERSION}: ${adapter}`;

/** In this thread's lifetime, for where there is no IndexedDB. */
const session = new Map<string, ProductFamilies>();

/** What an earlier timing on this adapter said, or null. Never fails: it can be measured again. */
export async function recall(adapter: string): Promise<ProductFamilies | null> {
  const own = session.get(keyOf(adapter));
  if (own !== undefined) return own;
  if (typeof indexedDB === 'undefined') return null;
  try {
    const kept: unknown = await get(keyOf(adapter), createStore('murmuration-tuning', 'tuning'));
    return isChoice(kept) ? kept : null;
  } catch {
    return null;
  }
}

async function remember(adapter: string, families: ProductFamilies): Promise<void> {
  session.set(keyOf(adapter), families);
  if (typeof indexedDB === 'undefined') return;
  try {
    await set(keyOf(adapter), families, createStore('murmuration-tuning', 'tuning'));
  } catch {
    // A browser that keeps nothing measures again at the next visit.
  }
}

function isChoice(kept: unknown): kept is ProductFamilies {
  if (typeof kept !== 'object' || kept === null) return false;
  const isFamily = (value: unknown) => value === 'direct' || value === 'tiled';
  return 'small' in kept && isFamily(kept.small) && 'large' in kept && isFamily(kept.large);
}
