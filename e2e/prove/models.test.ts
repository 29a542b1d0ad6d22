/**
 * Convolutions and transformers learn, too: three tabs on WebGPU, over real data channels, by the same
 * command line that a person would use.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { main } from '../experiments/main.ts';
import type { Summary } from '../experiments/summary.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'murmuration-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Found {
  readonly summary: Summary;
  /** Mean over workers of the loss on held-out data, at each evaluation. */
  readonly testLosses: readonly number[];
}

async function run(name: string, flags: string): Promise<Found> {
  const out = path.join(folder, name);
  const args = `--tabs 3 --backend webgpu --seed 1 --json --out ${out} ${flags}`;
  const code = await main(args.split(' '), new AbortController().signal);
  if (code !== 0) throw new Error(`The experiment ended with ${code}: ${flags}`);
  const { summary }: { summary: Summary } = JSON.parse(readFileSync(path.join(out, 'run.json'), 'utf8'));
  const [header = '', ...lines] = readFileSync(path.join(out, 'metrics.csv'), 'utf8').trim().split('\n');
  const columns = header.split(',');
  const rows = lines.map((line) => line.split(','));
  const number = (row: readonly string[], column: string) => Number(row[columns.indexOf(column)]);
  const rounds = [...new Set(rows.map((row) => number(row, 'round')))].sort((a, b) => a - b);
  const testLosses = rounds.map((round) => {
    const losses = rows.filter((row) => number(row, 'round') === round).map((row) => number(row, 'testLoss'));
    return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
  });
  return { summary, testLosses };
}

it('three tabs train LeNet on digits past 95 %', async () => {
  const flags =
    '--model lenet --algorithm d-psgd --optimizer momentum --lr 0.03 --rounds 200 --eval-every 100';
  const { summary } = await run('lenet', flags);
  expect(summary.rounds).toBe(200);
  expect(summary.ownTestAccuracy?.worst ?? 0).toBeGreaterThan(0.95);
});

it('three tabs train a GPT on the lab’s own source, and its loss falls', async () => {
  const model = '--dataset text --set dataset.context=32 --model gpt --set model.width=32 --batch 8';
  const training = '--algorithm d-psgd --optimizer adamw --lr 0.005 --rounds 120 --eval-every 40';
  const { testLosses } = await run('gpt', `${model} ${training}`);
  expect(testLosses).toHaveLength(3);
  const [first = 0, second = 0, third = Number.NaN] = testLosses;
  // To know nothing of 97 characters is worth ln 97 = 4.57; to know how often each comes, about 3.5.
  expect(first).toBeLessThan(4);
  expect(second).toBeLessThan(first);
  expect(third).toBeLessThan(second);
  expect(third).toBeLessThan(3);
});
