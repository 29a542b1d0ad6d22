/**
 * The WebGPU implementation as a whole: shaders compile silently, operations take effect in call order,
 * long runs hold a constant amount of memory, faults and lost devices are reported.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DeviceLostError } from './compute.ts';
import { createCpuCompute } from './cpu/index.ts';
import {
  createWebGpuCompute,
  HandleError,
  type WebGpuCompute,
  WebGpuError,
  WebGpuUnavailableError,
} from './webgpu/index.ts';
import { noise, vectorOf } from './webgpu/testing.ts';

let gpu: WebGpuCompute;
beforeAll(async () => {
  gpu = await createWebGpuCompute();
});
afterAll(() => gpu.destroy());

it('compiles every shader without a message, and names its adapter', async () => {
  const all = await createWebGpuCompute(undefined, { everyKernel: true });
  expect(all.compileMessages).toEqual([]);
  all.destroy();
  expect(gpu.adapter).not.toBe('');
});

it('says so in a sentence when there is no adapter', async () => {
  // A GPU that offers no adapter is what most machines without a driver have.
  const none = { requestAdapter: () => Promise.resolve(null) };
  const gpuWithoutAdapter: GPU = Object.assign(Object.create(navigator.gpu), none);
  const failure = createWebGpuCompute(gpuWithoutAdapter);
  await expect(failure).rejects.toThrow(WebGpuUnavailableError);
  await expect(failure).rejects.toThrow(/no graphics adapter/);
});

it('works in a dedicated worker', async () => {
  const worker = new Worker(new URL('./webgpu/testing.worker.ts', import.meta.url), { type: 'module' });
  const answer = await new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
  });
  worker.terminate();
  expect(answer).toEqual([5, 7, 9]);
});

describe('order', () => {
  it('uploads after what was recorded before, and before what is recorded after', async () => {
    const source = vectorOf(gpu, Float32Array.of(1, 1, 1));
    const sum = gpu.vector(3);
    for (let round = 1; round <= 5; round++) {
      gpu.upload(source, new Float32Array(3).fill(10 ** round));
      gpu.linear(sum, [
        [1, sum],
        [1, source],
      ]);
    }
    gpu.upload(source, Float32Array.of(0, 0, 0));
    expect([...(await gpu.read(sum))]).toEqual([111110, 111110, 111110]);
  });

  it('uploads a part of a vector, from a part of a buffer', async () => {
    const dest = vectorOf(gpu, Float32Array.of(1, 2, 3, 4, 5));
    gpu.upload(dest, Float32Array.of(7, 8, 9, 10).subarray(1, 3), 2);
    expect([...(await gpu.read(dest))]).toEqual([1, 2, 8, 9, 5]);
  });

  it('reads what was recorded before the read, whatever is recorded after it', async () => {
    const vector = vectorOf(gpu, Float32Array.of(1));
    const early = gpu.read(vector);
    gpu.linear(vector, [[2, vector]]);
    const late = gpu.read(vector);
    expect([...(await early), ...(await late)]).toEqual([1, 2]);
  });

  it('holds over more operations than one submit takes', async () => {
    const vector = vectorOf(gpu, Float32Array.of(0, 1));
    const one = vectorOf(gpu, Float32Array.of(1, 1));
    for (let i = 0; i < 2000; i++) {
      gpu.linear(vector, [
        [1, vector],
        [1, one],
      ]);
    }
    expect([...(await gpu.read(vector))]).toEqual([2000, 2001]);
  });

  it('holds for staged rows over more batches than one submit takes', async () => {
    const features = Uint8Array.from({ length: 200 }, (_, i) => i);
    const data = { rows: 200, width: 1, classes: 1, scale: 1, features, labels: new Uint8Array(200) };
    const run = async (compute: typeof gpu | ReturnType<typeof createCpuCompute>) => {
      const dataset = compute.dataset(data);
      const sum = compute.vector(5000);
      const out = compute.vector(5000);
      const labels = compute.words(5000);
      for (let i = 0; i < 12; i++) {
        const rows = Uint32Array.from({ length: 5000 }, (_, j) => (j * 7 + i * 13) % 200);
        compute.gatherRows(dataset, rows, out, labels);
        compute.linear(sum, [
          [2, sum],
          [1, out],
        ]);
      }
      return [...(await compute.read(sum))];
    };
    expect(await run(gpu)).toEqual(await run(createCpuCompute()));
  });

  it('lets a vector go that recorded operations still want', async () => {
    const sum = gpu.vector(4);
    const passing = vectorOf(gpu, Float32Array.of(1, 2, 3, 4));
    gpu.linear(sum, [[3, passing]]);
    gpu.free(passing);
    expect([...(await gpu.read(sum))]).toEqual([3, 6, 9, 12]);
  });
});

describe('memory', () => {
  it('stays the same over many steps, reads, uploads and long sums', async () => {
    const vectors = Array.from({ length: 12 }, (_, i) => vectorOf(gpu, noise(1000, i)));
    const [dest] = vectors;
    if (dest === undefined) throw new Error('no vectors');
    const words = gpu.words(200);
    const step = async (seed: number) => {
      gpu.upload(dest, noise(1000, seed));
      gpu.linear(
        dest,
        vectors.toReversed().map((vector) => [0.1, vector]),
      );
      const pairs = gpu.topK(dest, 100);
      gpu.chunkMeans(dest, [0, 500, 1000], words, 0);
      await Promise.all([gpu.read(dest), gpu.readWords(words, 2), pairs, gpu.finish()]);
    };
    await step(0);
    const before = gpu.memoryUse;
    for (let i = 1; i <= 200; i++) await step(i);
    expect(gpu.memoryUse).toEqual(before);
    gpu.free(...vectors, words);
  });

  it('goes back when handles are freed, cached bind groups too', async () => {
    const kept = vectorOf(gpu, noise(100, 1));
    await gpu.finish();
    const before = gpu.memoryUse;
    for (let i = 0; i < 50; i++) {
      const passing = gpu.vector(100);
      gpu.linear(passing, [[1, kept]]);
      gpu.linear(kept, [[1, passing]]);
      gpu.free(passing);
    }
    await gpu.finish();
    expect(gpu.memoryUse).toEqual(before);
  });
});

it('takes empty vectors, however often', async () => {
  const vector = gpu.vector(0);
  const words = gpu.words(1);
  for (let i = 0; i < 10_000; i++) {
    gpu.signUnpack(words, [0, 0], 1, vector, 1, 'set');
    gpu.linear(vector, [[1, vector]]);
    gpu.signPack(vector, words, 0);
  }
  expect(await gpu.topK(vector, 0)).toEqual(new Uint32Array(0));
  gpu.chunkMeans(vector, [0, 0], words, 0);
  expect([...(await gpu.read(vector)), ...(await gpu.readWords(words))]).toEqual([0]);
});

describe('faults', () => {
  it('refuses handles of another Compute, freed handles, and ranges that do not fit', () => {
    const vector = gpu.vector(4);
    gpu.free(vector);
    expect(() => gpu.linear(gpu.vector(4), [[1, vector]])).toThrow(HandleError);
    expect(() => gpu.free(vector)).toThrow(HandleError);
    expect(() => gpu.linear(createCpuCompute().vector(4), [])).toThrow(HandleError);
    expect(() => gpu.upload(gpu.vector(3), new Float32Array(4))).toThrow(RangeError);
    expect(() => gpu.squaredDistance(gpu.vector(3), null, gpu.vector(2), 2)).toThrow(RangeError);
    expect(() => gpu.vector(2 ** 40)).toThrow(RangeError);
  });

  it('refuses a result that is also an operand', () => {
    const vector = gpu.vector(4);
    const at = { vector: gpu.vector(20), offset: 0 };
    const shape = { batch: 2, inputs: 2, outputs: 2 };
    expect(() => gpu.dense(shape, vector, at, at, vector, 'none')).toThrow(RangeError);
    expect(() => gpu.sketch(vector, 1, vector)).toThrow(RangeError);
  });

  it('reports what the device refused at the next read, once', async () => {
    gpu.device.createBuffer({ size: 16, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE });
    await expect(gpu.finish()).rejects.toThrow(WebGpuError);
    await gpu.finish();
  });
});

describe('a lost device', () => {
  it('rejects reads under way and to come, makes operations no-ops, and tells the reason', async () => {
    const compute = await createWebGpuCompute();
    const vector = compute.vector(1000);
    const labels = compute.words(64);
    const [features, classes] = [Uint8Array.of(1), Uint8Array.of(0)];
    const data = compute.dataset({ rows: 1, width: 1, classes: 1, scale: 1, features, labels: classes });
    const underWay = compute.read(vector);
    const outcome = expect(underWay).rejects.toThrow(DeviceLostError);
    compute.device.destroy();
    await outcome;
    expect(await compute.lost).toMatch(/lost \(destroyed\)/);
    compute.linear(vector, [[2, vector]]);
    compute.upload(vector, new Float32Array(1000));
    for (let i = 0; i < 1000; i++) compute.gatherRows(data, new Uint32Array(64), vector, labels);
    compute.submit();
    compute.free(vector, data);
    await expect(compute.read(compute.vector(2))).rejects.toThrow(DeviceLostError);
    await expect(compute.finish()).rejects.toThrow(DeviceLostError);
    compute.destroy();
  });

  it('is what remains after destroy', async () => {
    const compute = await createWebGpuCompute();
    const vector = compute.vector(4);
    compute.linear(vector, [[2, vector]]);
    compute.destroy();
    await expect(compute.read(vector)).rejects.toThrow(DeviceLostError);
    await expect(compute.finish()).rejects.toThrow(/destroyed/);
  });
});
