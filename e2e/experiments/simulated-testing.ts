/**
 * For tests of runs under the virtual clock: a small regression that fits on a page, its gradients in double
 * precision, and the command line run in this process, with the files that it wrote.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, vi } from 'vitest';
import { PURPOSE, randomStream } from '../../src/math/random.ts';
import { decodeSafetensors } from '../../src/models/safetensors.ts';
import type { TraceEvent } from '../../src/session/emulation.ts';
import { main } from './main.ts';

/** A model, or a gradient: three numbers. */
export type Vector = readonly number[];
export type Line = TraceEvent & { readonly time: number };

export const WORKERS = 5;
export const RATE = 0.05;
/** One of five workers is ten times slower; links that lose. */
export const SLOW = ['--compute', '20ms,jitter=10%', '--straggler', '2:10x'];
export const LINK = ['--link', 'bandwidth=10mbit,latency=5ms,jitter=1ms,loss=1%'];
const never = new AbortController().signal;

/** 25 rows of three features and a target; worker i has the i-th five. */
const rows = Array.from({ length: 25 }, (_, row) => {
  const stream = randomStream(2, PURPOSE.simulation, 0, row);
  const decimals = (value: number) => Number(value.toFixed(4));
  const x = Array.from({ length: 3 }, () => decimals(stream.normal() + row / 40));
  return { x, y: decimals(1.5 * (x[0] ?? 0) - 2 * (x[1] ?? 0) + 0.3 * stream.normal()) };
});

/** Of half the mean squared error over the worker's five rows. */
export function gradient(worker: number, w: Vector): Vector {
  const mine = rows.slice(5 * worker, 5 * worker + 5);
  return w.map((_, k) =>
    mine.reduce((sum, { x, y }) => {
      const error = x.reduce((dot, value, i) => dot + value * (w[i] ?? 0), 0) - y;
      return sum + (error * (x[k] ?? 0)) / mine.length;
    }, 0),
  );
}

/** a + factor · b */
export const plus = (a: Vector, factor: number, b: Vector): Vector =>
  a.map((value, k) => value + factor * (b[k] ?? Number.NaN));

/** What a map has under this key. @throws if it has nothing: an event that the trace does not explain. */
export function known<Key, Value>(map: ReadonlyMap<Key, Value>, key: Key): Value {
  const value = map.get(key);
  if (value === undefined) throw new Error(`The trace says nothing of ${String(key)}.`);
  return value;
}

/** A folder with the table, and runs of the command line below it. */
export class Runs {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async open(): Promise<Runs> {
    const folder = await mkdtemp(path.join(tmpdir(), 'murmuration-simulated-'));
    const lines = rows.map(({ x, y }) => [...x, y].join(','));
    await writeFile(path.join(folder, 'table.csv'), `a,b,c,y\n${lines.join('\n')}\n`);
    return new Runs(folder);
  }

  close(): Promise<void> {
    return rm(this.#folder, { recursive: true });
  }

  /** Runs on the table, from zeros, with gradients over all rows of a worker. */
  onTable(out: string, ...args: string[]): Promise<{ code: number; said: readonly string[] }> {
    return this.run(
      out,
      ...['--dataset', `csv:${path.join(this.#folder, 'table.csv')}`, '--target', 'y', '--model', 'linear'],
      ...['--partition', 'contiguous', '--init', 'zeros', '--lr', String(RATE), '--batch', 'full'],
      ...['--workers-per-tab', String(WORKERS), ...args],
    );
  }

  /** Exit code, and what was said on standard output and as errors. */
  async run(out: string, ...args: string[]): Promise<{ code: number; said: readonly string[] }> {
    const said: string[] = [];
    const spies = (['log', 'error'] as const).map((name) =>
      vi.spyOn(console, name).mockImplementation((text) => void said.push(String(text))),
    );
    const progress = vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
    try {
      const common = ['--transport', 'memory', '--backend', 'cpu', '--clock', 'virtual', '--force'];
      return { code: await main([...common, '--out', path.join(this.#folder, out), ...args], never), said };
    } finally {
      for (const spy of [...spies, progress]) spy.mockRestore();
    }
  }

  read(out: string, name: string): Promise<string> {
    return readFile(path.join(this.#folder, out, name), 'utf8');
  }

  bytes(out: string, name: string): Promise<Buffer> {
    return readFile(path.join(this.#folder, out, name));
  }

  async trace(out: string): Promise<readonly Line[]> {
    const lines = (await this.read(out, 'trace.jsonl')).trimEnd().split('\n');
    return lines.map((line) => JSON.parse(line));
  }

  /** The final parameters of a seat. */
  async weights(out: string, seat: number): Promise<Vector> {
    const { tensors } = decodeSafetensors(await this.bytes(out, `model-${seat}.safetensors`));
    return [...(tensors[0]?.data ?? [])];
  }

  /** That the final models are these, to float32 accuracy. */
  async expectModels(out: string, models: readonly Vector[]): Promise<void> {
    for (const [seat, model] of models.entries()) {
      const found = await this.weights(out, seat);
      expect(found).toHaveLength(model.length);
      for (const [k, value] of model.entries()) {
        expect(Math.abs(value - (found[k] ?? Number.NaN))).toBeLessThan(1e-5);
      }
    }
  }
}
