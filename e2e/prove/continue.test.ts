/**
 * Two tabs over real data channels go on where two others were, to the same bytes as tabs that were never closed;
 * and they begin at a model from a file.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { main } from '../experiments/main.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'murmuration-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const DATA = '--tabs 2 --backend cpu --dataset moons --set model.hidden=4 --batch 8 --eval-every 5';
const MOMENTUM = '--algorithm choco-sgd --compressor one-bit --optimizer momentum';
const read = (...names: readonly string[]) => readFileSync(path.join(folder, ...names));

async function run(out: string, flags: string): Promise<void> {
  const args = [...flags.split(' '), '--json', '--out', path.join(folder, out)];
  expect(await main(args, new AbortController().signal)).toBe(0);
}

it('tabs go on where others were, bit for bit', async () => {
  await run('half', `${DATA} ${MOMENTUM} --rounds 10`);
  await run('on', `--continue ${path.join(folder, 'half')} --rounds 20`);
  await run('whole', `${DATA} ${MOMENTUM} --rounds 20`);
  for (const name of ['metrics.csv', 'model-0.safetensors', 'model-1.safetensors']) {
    expect(read('on', name).equals(read('whole', name)), name).toBe(true);
  }
  expect(JSON.parse(read('on', 'run.json').toString()).parent).toMatchObject({ round: 10, exact: true });
});

it('tabs begin at a model from a file, whoever of them was given it', async () => {
  const model = path.join(folder, 'whole', 'model-1.safetensors');
  await run('started', `${DATA} --topology isolated --lr 0 --rounds 5 --start-from ${model}`);
  const numbers = (bytes: Buffer) => bytes.subarray(8 + Number(bytes.readBigUInt64LE()));
  for (const name of ['model-0.safetensors', 'model-1.safetensors']) {
    expect(numbers(read('started', name)).equals(numbers(readFileSync(model))), name).toBe(true);
  }
});
