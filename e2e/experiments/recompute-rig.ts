/** Runs the experiment command in this process and reads back what it wrote. For tests only. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { vi } from 'vitest';
import { PURPOSE, randomStream } from '../../src/math/random.ts';
import { decodeSafetensors } from '../../src/models/safetensors.ts';
import { main } from './main.ts';
import type { Row, V } from './recompute-vectors.ts';

/** Rows of a table with a linear target and noise, with four decimals, so that a file says all there is. */
export function tableRows(count: number, truth: V): readonly Row[] {
  return Array.from({ length: count }, (_, row) => {
    const stream = randomStream(1, PURPOSE.simulation, 0, row);
    const decimals = (value: number) => Number(value.toFixed(4));
    const x = truth.map(() => decimals(stream.normal() + row / count));
    const y = truth.reduce((dot, w, k) => dot + w * (x[k] ?? 0), 0.3 * stream.normal());
    return { x, y: decimals(y) };
  });
}

/** The same as text, with columns x0, x1, … and y. */
export function tableText(rows: readonly Row[]): string {
  const names = rows[0]?.x.map((_, k) => `x${k}`) ?? [];
  return [[...names, 'y'], ...rows.map(({ x, y }) => [...x, y])]
    .map((line) => `${line.join(',')}\n`)
    .join('');
}

/** The i-th of `workers` blocks of rows, the first ones larger by one where they cannot be equal. */
export function blocks(rows: readonly Row[], workers: number): readonly (readonly Row[])[] {
  const start = (i: number) => i * Math.floor(rows.length / workers) + Math.min(i, rows.length % workers);
  return Array.from({ length: workers }, (_, i) => rows.slice(start(i), start(i + 1)));
}

/** Least squares in full batches from zeros on five workers of one process, with the recipe's other numbers. */
export const plainRun = (file: string, rounds: number, lr: number): readonly string[] => [
  ...['--transport', 'memory', '--backend', 'cpu', '--dataset', `csv:${file}`, '--target', 'y'],
  ...['--model', 'linear', '--batch', 'full', '--partition', 'contiguous', '--init', 'zeros'],
  ...['--lr', String(lr), '--rounds', String(rounds), '--workers-per-tab', '5'],
];

/** Exit code of a run, and what it said on standard output and error. */
export async function experiment(args: readonly string[]) {
  const said: string[] = [];
  const spies = (['log', 'error'] as const).map((name) =>
    vi.spyOn(console, name).mockImplementation((text) => void said.push(String(text))),
  );
  const progress = vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
  try {
    return { code: await main(args, new AbortController().signal), said };
  } finally {
    for (const spy of [...spies, progress]) spy.mockRestore();
  }
}

/** The one tensor of a linear model in the run's folder: that of a seat, or the one that the run reports. */
export async function weightsIn(folder: string, name: string): Promise<V> {
  const { tensors } = decodeSafetensors(
    await readFile(path.join(folder, `${name === 'reported' ? 'model' : `model-${name}`}.safetensors`)),
  );
  const [tensor, ...others] = tensors;
  if (tensor?.name !== 'weight' || others.length > 0) throw new Error('This is no linear model.');
  return [...tensor.data];
}
