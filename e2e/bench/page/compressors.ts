/**
 * Times what a message costs, by compressor: encoding and decoding one million numbers on the cpu and on
 * WebGPU, and what encoding costs who reads the whole vector back and compresses it in JavaScript.
 *
 * All turns interleave in one page, so that whatever else the machine does falls on all, and medians are
 * compared. An encoding ends when its bytes are in JavaScript, a decoding when the device is done with it.
 */
import { completeOptions } from '../../../src/base/options.ts';
import type { Codec, MessageKey } from '../../../src/compressors/compressor.ts';
import { COMPRESSORS } from '../../../src/compressors/index.ts';
import type { Compute, Vector } from '../../../src/compute/compute.ts';
import { createCpuCompute } from '../../../src/compute/cpu/index.ts';
import { createWebGpuCompute, type WebGpuCompute } from '../../../src/compute/webgpu/index.ts';
import { DeviceArray } from '../../../src/compute/webgpu/memory.ts';
import { PURPOSE, randomStream } from '../../../src/math/random.ts';
import { packLayout } from '../../../src/models/layout.ts';
import { oneBitInScript, topKInScript } from './compress-in-script.ts';
import { median } from './steps.ts';

export interface CompressorTimes {
  readonly cpuAdapter: string;
  readonly gpuAdapter: string;
  /** Median milliseconds of what bounds both ways: the least that is read back, and the whole vector. */
  readonly roundTrip: number;
  readonly wholeReadBack: number;
  /** The same of the squares of all numbers summed on the device, and that one number read back. */
  readonly onePass: number;
  /** Median milliseconds by compressor. */
  readonly times: Readonly<Record<string, CompressorTime>>;
}

export interface CompressorTime {
  readonly cpuEncode: number;
  readonly cpuDecode: number;
  readonly gpuEncode: number;
  readonly gpuDecode: number;
  /** Of the message, in bytes. */
  readonly bytes: number;
  /** Of the alternatives that read the whole vector back: the fastest, by name. */
  readonly readBack: { readonly name: string; readonly value: number };
}

const ROUND_TRIP = 'one word read back';
const WHOLE = 'everything read back';
const ONE_PASS = 'everything looked at';

type Work = () => Promise<unknown> | unknown;

export async function measureCompressors(length: number, turns: number): Promise<CompressorTimes> {
  const layout = packLayout([['a', [length]]]);
  const stream = randomStream(1, PURPOSE.simulation, 0, 0);
  const values = Float32Array.from({ length }, () => stream.normal());
  const cpu = createCpuCompute();
  const gpu = await createWebGpuCompute(undefined, { everyKernel: true });
  const onCpu = loaded(cpu, values);
  const onGpu = loaded(gpu, values);
  const [cpuDest, gpuDest] = [cpu.vector(length), gpu.vector(length)];
  const readBack = reader(gpu, onGpu);
  const oneWord = gpu.words(1);
  const oneNumber = gpu.vector(1);
  const works = new Map<string, Work>([
    [ROUND_TRIP, () => gpu.readWords(oneWord)],
    [WHOLE, () => readBack(() => undefined)],
    [
      ONE_PASS,
      () => {
        gpu.squaredDistance(onGpu, null, oneNumber, 0);
        return gpu.read(oneNumber);
      },
    ],
  ]);
  const sizes = new Map<string, number>();
  for (const entry of COMPRESSORS) {
    const { id } = entry;
    const options = completeOptions(id, entry.options);
    const [mine, theirs] = [entry.create(cpu, layout, options), entry.create(gpu, layout, options)];
    const sides = [
      { side: 'cpu', compute: cpu, codec: mine, source: onCpu, dest: cpuDest },
      { side: 'gpu', compute: gpu, codec: theirs, source: onGpu, dest: gpuDest },
    ];
    for (const { side, compute, codec, source, dest } of sides) {
      const bytes = await codec.encode(source, key(0));
      let round = 0;
      works.set(`${id} ${side}Encode`, () => codec.encode(source, key(++round)));
      works.set(`${id} ${side}Decode`, () => {
        expectDecoded(codec, bytes, dest);
        return compute.finish();
      });
    }
    sizes.set(id, mine.bytes);
    const byCpu = onCpuBackend(cpu, mine, length);
    works.set(`${id} read back, our cpu backend`, () => readBack(byCpu));
    for (const [name, compress] of inScript(id, length)) {
      works.set(`${id} read back, ${name}`, () => readBack(compress));
    }
  }
  const found = await interleaved(works, turns);
  const time = (name: string) => found.get(name) ?? Number.NaN;
  const times = COMPRESSORS.map(({ id }) => {
    const prefix = `${id} read back, `;
    const [best] = [...found]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, value]) => ({ name: name.slice(id.length + 1), value }))
      .sort((a, b) => a.value - b.value);
    const result: CompressorTime = {
      cpuEncode: time(`${id} cpuEncode`),
      cpuDecode: time(`${id} cpuDecode`),
      gpuEncode: time(`${id} gpuEncode`),
      gpuDecode: time(`${id} gpuDecode`),
      bytes: sizes.get(id) ?? Number.NaN,
      readBack: best ?? { name: 'none', value: Number.NaN },
    };
    return [id, result] as const;
  });
  const { adapter: cpuAdapter } = cpu;
  const { adapter: gpuAdapter } = gpu;
  gpu.destroy();
  return {
    cpuAdapter,
    gpuAdapter,
    roundTrip: time(ROUND_TRIP),
    wholeReadBack: time(WHOLE),
    onePass: time(ONE_PASS),
    times: Object.fromEntries(times),
  };
}

function loaded(compute: Compute, values: Float32Array): Vector {
  const vector = compute.vector(values.length);
  compute.upload(vector, values);
  return vector;
}

const key = (round: number): MessageKey => ({ seed: 1, round, seat: 0, tag: 0 });

function expectDecoded(codec: Codec, bytes: Uint8Array, dest: Vector): void {
  const result = codec.decode(bytes, dest, 1, 'set');
  if (!result.ok) throw new Error(result.message);
}

type Compress = (values: Float32Array) => Promise<unknown> | unknown;

/** Copies the vector into a mappable buffer that is kept, and compresses it where it is mapped. */
function reader({ device }: WebGpuCompute, source: Vector): (compress: Compress) => Promise<void> {
  if (!(source instanceof DeviceArray)) throw new TypeError('The vector is not on the device.');
  const size = source.length * 4;
  const buffer = device.createBuffer({ size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  return async (compress) => {
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(source.buffer, 0, buffer, 0, size);
    device.queue.submit([encoder.finish()]);
    await buffer.mapAsync(GPUMapMode.READ);
    await compress(new Float32Array(buffer.getMappedRange()));
    buffer.unmap();
  };
}

function onCpuBackend(cpu: Compute, codec: Codec, length: number): Compress {
  const vector = cpu.vector(length);
  let round = 0;
  return (values) => {
    cpu.upload(vector, values);
    return codec.encode(vector, key(++round));
  };
}

/** Written for the purpose, without our abstractions. */
function inScript(id: string, length: number): readonly (readonly [name: string, Compress])[] {
  if (id === 'one-bit') return [['JavaScript', (values) => oneBitInScript(values, 4096)]];
  if (id === 'top-k') return [['JavaScript', (values) => topKInScript(values, Math.floor(length / 100))]];
  if (id === 'none') return [['JavaScript', (values) => values.slice()]];
  return [];
}

/** Median milliseconds of each; the first two turns compile and are not counted. */
async function interleaved(works: ReadonlyMap<string, Work>, turns: number): Promise<Map<string, number>> {
  const times = new Map<string, number[]>();
  for (let turn = -2; turn < turns; turn++) {
    for (const [name, work] of works) {
      const started = performance.now();
      await work();
      const time = performance.now() - started;
      if (turn >= 0) times.set(name, [...(times.get(name) ?? []), time]);
    }
  }
  return new Map([...times].map(([name, all]) => [name, median(all)]));
}
