/** A file from the command line: what tabs are given of it, and what comes out for other runtimes. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as ort from 'onnxruntime-web';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { DataError } from '../../src/data/dataset.ts';
import { buildRecipe } from '../../src/recipe/schema.ts';
import { main } from './main.ts';
import { ownFileOf, serveFile, withFileName } from './own-data.ts';

ort.env.wasm.numThreads = 1;
let folder = '';
/** Two classes on either side of size 1000; colours are no help. */
const ROWS = Array.from({ length: 60 }, (_, k) => ({
  size: 1000 + (k % 2 === 0 ? -1 : 1) * (100 + ((k * 37) % 200)),
  colour: ['red', 'green', 'blue'][k % 3] ?? '',
  kind: k % 2 === 0 ? 'small' : 'large',
}));
const TABLE = `size,colour,kind\n${ROWS.map(({ size, colour, kind }) => `${size},${colour},${kind}`).join('\n')}\n`;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'murmuration-own-'));
  await writeFile(path.join(folder, 'my täble 1.csv'), TABLE);
});
afterAll(() => rm(folder, { recursive: true }));

describe('a file for tabs', () => {
  it('is known by its name, without its path', () => {
    const file = path.join(folder, 'my täble 1.csv');
    const recipe = buildRecipe({ dataset: { id: 'csv', options: { file, columns: 'size' } } });
    expect(ownFileOf(recipe)).toBe(file);
    expect(withFileName(recipe, file).dataset.options).toMatchObject({
      file: 'my täble 1.csv',
      columns: 'size',
    });
    expect(ownFileOf(buildRecipe({}))).toBe(null);
    expect(ownFileOf(buildRecipe({ dataset: { id: 'text' }, model: { id: 'gpt' } }))).toBe(null);
  });

  it('is served under its own name to pages of any address, and nothing else is', async () => {
    const served = await serveFile(path.join(folder, 'my täble 1.csv'));
    try {
      const response = await fetch(served.url);
      expect(response.headers.get('access-control-allow-origin')).toBe('*');
      expect(await response.text()).toBe(TABLE);
      expect(decodeURIComponent(new URL(served.url).pathname.split('/').at(-1) ?? '')).toBe('my täble 1.csv');
      expect((await fetch(new URL('/my%20t%C3%A4ble%201.csv', served.url))).status).toBe(404);
    } finally {
      served.close();
    }
    await expect(serveFile(path.join(folder, 'none.csv'))).rejects.toThrow(DataError);
  });
});

describe('--onnx', () => {
  const run = async (args: readonly string[]) => {
    const err: string[] = [];
    const spies = [
      vi.spyOn(console, 'log').mockImplementation(() => undefined),
      vi.spyOn(console, 'error').mockImplementation((text) => void err.push(String(text))),
      vi.spyOn(process.stderr, 'write').mockImplementation(() => true),
    ];
    const given = ['--transport', 'memory', '--backend', 'cpu', '--onnx', ...args];
    const code = await main(given, new AbortController().signal);
    for (const spy of spies) spy.mockRestore();
    return { code, err };
  };

  it('writes models that take rows of the table as they are, whatever was standardised', async () => {
    const out = path.join(folder, 'out');
    const table = ['--dataset', `csv:${path.join(folder, 'my täble 1.csv')}`, '--target', 'kind'];
    const more = ['--set', 'dataset.standardise=true', '--set', 'model.hidden=6', '--workers-per-tab', '2'];
    expect(await run([...table, ...more, '--rounds', '60', '--lr', '0.3', '--out', out])).toEqual({
      code: 0,
      err: [],
    });
    const files = (await readdir(out)).filter((name) => name.endsWith('.onnx')).sort();
    expect(files).toEqual(['model-0.onnx', 'model-1.onnx', 'model.onnx']);
    const { config } = JSON.parse(await readFile(path.join(out, 'run.json'), 'utf8'));
    const { columns, classes } = config.dataset.options;
    expect([columns, classes]).toEqual(['size,colour=blue,colour=green,colour=red', 'large,small']);
    for (const file of files) {
      const session = await ort.InferenceSession.create(new Uint8Array(await readFile(path.join(out, file))));
      const raw = Float32Array.from(
        ROWS.flatMap(({ size, colour }) => [
          size,
          ...['blue', 'green', 'red'].map((each) => (each === colour ? 1 : 0)),
        ]),
      );
      const { logits } = await session.run({ input: new ort.Tensor('float32', raw, [ROWS.length, 4]) });
      await session.release();
      const said = logits?.data;
      if (!(said instanceof Float32Array)) throw new Error('There are no logits.');
      const right = ROWS.filter(({ kind }, row) => {
        const [large = 0, small = 0] = said.subarray(2 * row);
        return (large > small ? 'large' : 'small') === kind;
      });
      expect(right.length).toBe(ROWS.length);
    }
  });

  it('is refused for a model that writes, before anything runs', async () => {
    const { code, err } = await run(['--dataset', 'text', '--model', 'gpt', '--rounds', '1']);
    expect(code).toBe(2);
    expect(err.join()).toMatch(/gpt writes on and on/);
  });
});
