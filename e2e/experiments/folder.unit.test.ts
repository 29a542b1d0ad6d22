/** Where a run's files go: nothing of anybody else's is touched, and a run.json means that all is there. */
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OutputError, openRunFolder, type RunFolder } from './folder.ts';

let root = '';
beforeAll(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'murmuration-folder-'));
});
afterAll(() => rm(root, { recursive: true }));

const at = (...names: string[]) => path.join(root, ...names);
const open = (out: string, force = false) => openRunFolder(out, 'unused', force);
const text = (...names: string[]) => readFile(at(...names), 'utf8');

async function complaint(attempt: Promise<unknown>): Promise<string> {
  const error = await attempt.then(
    () => null,
    (why: unknown) => why,
  );
  if (error instanceof OutputError) return error.message;
  throw error ?? new Error('It was accepted.');
}

/** A whole run of these files, each holding `content`. */
async function write(folder: RunFolder, names: readonly string[], content: string): Promise<void> {
  for (const name of names) await folder.write(name, content);
  await folder.write(
    'run.json',
    JSON.stringify({ files: Object.fromEntries(folder.written.map((name) => [name, ''])), content }),
  );
  await folder.complete();
}

async function run(name: string, names: readonly string[], content: string, force = false): Promise<void> {
  await write(await open(at(name), force), names, content);
}

describe('new folders', () => {
  it('are different ones for runs of the same second', async () => {
    const folders = await Promise.all([1, 2, 3].map(() => openRunFolder(null, at('results', 'now'), false)));
    expect(folders.map((folder) => path.basename(folder.path)).sort()).toEqual(['now', 'now-2', 'now-3']);
    await Promise.all(folders.map((folder) => write(folder, ['metrics.csv'], folder.path)));
    for (const folder of folders) {
      expect(await readFile(path.join(folder.path, 'metrics.csv'), 'utf8')).toBe(folder.path);
      expect(await readdir(folder.path)).toEqual(['metrics.csv', 'run.json']);
    }
  });

  it('leave no trace of a run that had nothing to write', async () => {
    const folder = await open(at('deep', 'er', 'still'));
    expect(await readdir(at('deep', 'er', 'still'))).toEqual(['unfinished']);
    await folder.leave();
    expect(await readdir(root)).not.toContain('deep');
  });
});

describe('a used folder', () => {
  it('is refused, and with --force replaced once the new run is complete', async () => {
    await run('used', ['metrics.csv', 'model-0.safetensors', 'trace.jsonl'], 'old');
    expect(await complaint(open(at('used')))).toMatch(/is used already.*--force/);
    const folder = await open(at('used'), true);
    await folder.write('metrics.csv', 'new');
    expect(await text('used', 'metrics.csv')).toBe('old');
    await write(folder, ['model-1.onnx'], 'new');
    expect((await readdir(at('used'))).sort()).toEqual(['metrics.csv', 'model-1.onnx', 'run.json']);
    expect(await text('used', 'metrics.csv')).toBe('new');
  });

  it('keeps the run it had if the new one is discarded', async () => {
    await run('kept', ['metrics.csv'], 'old');
    const folder = await open(at('kept'), true);
    await folder.write('metrics.csv', 'new');
    await folder.discard();
    expect((await readdir(at('kept'))).sort()).toEqual(['metrics.csv', 'run.json']);
    expect(await text('kept', 'metrics.csv')).toBe('old');
  });

  it('keeps what no run wrote, whatever it is called', async () => {
    await mkdir(at('mine'));
    await writeFile(at('mine', 'model.onnx'), 'precious');
    await writeFile(at('mine', 'thesis.tex'), 'precious');
    expect(await complaint(open(at('mine'), true))).toMatch(/model.onnx, which no run/);
    // Nor does a run.json that claims more than a run writes.
    await writeFile(at('mine', 'run.json'), JSON.stringify({ files: { 'thesis.tex': '', '../a': '' } }));
    expect(await complaint(open(at('mine'), true))).toMatch(/model.onnx/);
    await rm(at('mine', 'model.onnx'));
    await run('mine', ['metrics.csv'], 'new', true);
    expect(await text('mine', 'thesis.tex')).toBe('precious');
    const late = await open(at('late'));
    await late.write('metrics.csv', 'new');
    await writeFile(at('late', 'metrics.csv'), 'precious');
    await late.write('run.json', '{}');
    expect(await complaint(late.complete())).toMatch(/metrics.csv has appeared/);
    expect(await text('late', 'metrics.csv')).toBe('precious');
  });
});

describe('two runs', () => {
  it('cannot write into one folder, forced or not', async () => {
    const attempts = await Promise.allSettled([1, 2, 3, 4].map((n) => open(at('shared'), n % 2 === 0)));
    const opened = attempts.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    expect(opened.length).toBe(1);
    expect(await complaint(open(at('shared'), true))).toMatch(/Another run \(process \d+/);
    if (opened[0] !== undefined) await write(opened[0], ['metrics.csv'], 'one');
    expect((await readdir(at('shared'))).sort()).toEqual(['metrics.csv', 'run.json']);
  });

  it('take turns where the first was cut off, even while it moved in', async () => {
    await mkdir(at('cut', 'unfinished'), { recursive: true });
    // A process that is no more; it had moved one file of two in.
    const owner = { pid: 2 ** 22 + 1, host: os.hostname(), token: 'a', files: ['metrics.csv', 'run.json'] };
    await writeFile(at('cut', 'unfinished', 'owner.json'), JSON.stringify(owner));
    await writeFile(at('cut', 'metrics.csv'), 'half');
    expect(await complaint(open(at('cut')))).toMatch(/cut off/);
    await run('cut', ['timing.csv'], 'new', true);
    expect((await readdir(at('cut'))).sort()).toEqual(['run.json', 'timing.csv']);
  });

  it('are told to stay out where nobody knows whether the other still runs', async () => {
    await mkdir(at('elsewhere', 'unfinished'), { recursive: true });
    const owner = { pid: 2 ** 22 + 1, host: 'another-machine', token: 'a', files: [] };
    await writeFile(at('elsewhere', 'unfinished', 'owner.json'), JSON.stringify(owner));
    expect(await complaint(open(at('elsewhere'), true))).toMatch(/on another-machine/);
  });
});

describe('a place that cannot be written to', () => {
  it('is found at once, and told in a sentence', async () => {
    await writeFile(at('file'), 'precious');
    await symlink(at('loop'), at('loop'));
    await mkdir(at('odd'));
    await writeFile(at('odd', 'unfinished'), 'precious');
    expect(await complaint(open(at('file')))).toMatch(/cannot be written to: a file of that name/);
    expect(await complaint(open(at('file', 'below')))).toMatch(/a part of the path is a file/);
    expect(await complaint(open(at('loop', 'x')))).toMatch(/ELOOP/);
    expect(await complaint(open(at('n'.repeat(400))))).toMatch(/the name is too long/);
    expect(await complaint(open(at('odd'), true))).toMatch(/is in the way, and no run made it/);
    expect(await complaint(open('a\0b'))).toMatch(/cannot be written to/);
    if (process.platform === 'linux') {
      // Not even root writes there.
      expect(await complaint(open('/proc/murmuration'))).toMatch(/cannot be written to: .*choose another/);
    }
    expect(await text('file')).toBe('precious');
  });

  it('has no half of a file, and keeps what is complete', async () => {
    const folder = await open(at('full'));
    await folder.write('metrics.csv', 'all of it');
    function* broken() {
      yield 'half of it';
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    }
    const told = await complaint(folder.write('model-0.safetensors', broken()));
    expect(told).toMatch(/^model-0.safetensors could not be written: the disk is full \(ENOSPC\)\. What is/);
    expect(told).toContain(`(metrics.csv) is in ${at('full', 'unfinished')}.`);
    await folder.leave();
    expect(await readdir(at('full'))).toEqual(['unfinished']);
    expect((await readdir(at('full', 'unfinished'))).sort()).toEqual(['metrics.csv', 'owner.json']);
    expect(await complaint(open(at('full')))).toMatch(/--force/);
    await run('full', ['timing.csv'], 'new', true);
    expect((await readdir(at('full'))).sort()).toEqual(['run.json', 'timing.csv']);
  });
});
