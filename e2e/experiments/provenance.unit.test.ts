/** The command in run.json gives the same arguments to a shell, and its hashes are those of the files. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandLine, fileHashes, provenanceOf } from './provenance.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'murmuration-provenance-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('the command', () => {
  it('is one line that a shell takes apart into the very arguments', () => {
    const args = [
      '--out',
      "it's a folder",
      '--set',
      'dataset.columns=a b,$HOME',
      '--lr',
      '0.1',
      '',
      '`id`;*',
    ];
    const line = commandLine('experiment', args);
    expect(line).toMatch(/^npm run experiment -- --out 'it'\\''s a folder' --set /);
    // The shell calls this in place of npm, and what it got is printed with a line end after each.
    const told = execFileSync('/bin/sh', ['-c', `npm() { printf '%s\\n' "$@"; }; ${line}`], {
      encoding: 'utf8',
    });
    expect(told.split('\n').slice(0, -1)).toEqual(['run', 'experiment', '--', ...args]);
    expect(commandLine('bench', [])).toBe('npm run bench');
  });

  it('has its start in UTC, and no path but those that were typed', () => {
    const provenance = provenanceOf('experiment', ['--rounds', '1'], new Date(0));
    expect(provenance).toMatchObject({
      command: 'npm run experiment -- --rounds 1',
      startedAt: '1970-01-01T00:00:00.000Z',
      lockfile: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(JSON.stringify(provenance)).not.toContain(path.dirname(process.cwd()));
  });
});

describe('the hashes', () => {
  it('are those of the bytes on disk, by name', async () => {
    await writeFile(path.join(folder, 'b'), 'abc');
    await writeFile(path.join(folder, 'a'), '');
    await writeFile(path.join(folder, 'not wanted'), 'x');
    expect(Object.entries(await fileHashes(folder, (name) => name.length === 1))).toEqual([
      ['a', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
      ['b', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    ]);
  });
});
