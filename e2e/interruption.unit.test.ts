/** Real processes that lose their terminal, their reader or their patience: what was collected is written. */
import { type ChildProcess, spawn } from 'node:child_process';
import { on, once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';

const CLI = path.join(import.meta.dirname, 'cli.mjs');
const EXPERIMENT = [CLI, path.join(import.meta.dirname, 'experiments', 'main.ts')];
const ENDLESS = [
  ...['--transport', 'memory', '--backend', 'cpu', '--workers-per-tab', '2'],
  ...['--dataset', 'moons', '--model', 'logistic', '--rounds', '10000000'],
];

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'murmuration-interruption-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Until what a process says matches; all that it has said. */
async function said({ stdout, stderr }: ChildProcess, words: RegExp, errors = false): Promise<string> {
  const stream = errors ? stderr : stdout;
  if (stream === null) throw new Error('Nobody reads what it says.');
  let text = '';
  for await (const [part] of on(stream, 'data', { close: ['end'] })) {
    text += String(part);
    if (words.test(text)) return text;
  }
  throw new Error(`It ended and said: ${text}`);
}

async function record(name: string) {
  return JSON.parse(await readFile(path.join(folder, name, 'run.json'), 'utf8'));
}

/** A program of these lines, run by `cli.mjs`. */
async function program(name: string, lines: string, env: Readonly<Record<string, string>> = {}) {
  const file = path.join(folder, `${name}.ts`);
  await writeFile(file, lines);
  return spawn(process.execPath, [CLI, file], { env: { ...process.env, ...env } });
}

describe.concurrent('a run', () => {
  it('is written though nobody reads what it says, and then its terminal is closed', async ({ expect }) => {
    const out = path.join(folder, 'closed');
    const child = spawn(process.execPath, [...EXPERIMENT, ...ENDLESS, '--out', out]);
    await said(child, /round /, true);
    child.stderr.destroy();
    child.stdout.destroy();
    // As a terminal may: more than once.
    child.kill('SIGHUP');
    child.kill('SIGHUP');
    expect((await once(child, 'exit'))[0]).toBe(130);
    const { summary, files } = await record('closed');
    expect(summary.stoppedBy).toBe('interrupt');
    expect((await readdir(out)).sort()).toEqual([...Object.keys(files), 'run.json'].sort());
  });

  it('is written after Ctrl-C, which ends its tee and reaches it twice', async ({ expect }) => {
    const line = '"$0" "$@" 2>&1 | tee /dev/null';
    const args = [process.execPath, ...EXPERIMENT, ...ENDLESS, '--out', path.join(folder, 'tee')];
    const child = spawn('sh', ['-c', line, ...args], { detached: true });
    await said(child, /round /);
    const { pid } = child;
    if (pid === undefined) throw new Error('There is no process.');
    process.kill(-pid, 'SIGINT');
    process.kill(-pid, 'SIGINT');
    // The run is the last of the group to go.
    await expect.poll(() => gone(pid), { timeout: 60_000 }).toBe(true);
    expect((await record('tee')).summary.stoppedBy).toBe('interrupt');
  });

  it('ends at once when it is told so again', async ({ expect }) => {
    const child = await program(
      'stubborn',
      `export const main = () => new Promise(() => { console.log('here'); setInterval(() => {}, 1000); });`,
    );
    await said(child, /here/);
    const again = setInterval(() => child.kill('SIGTERM'), 100);
    const [code] = await once(child, 'exit');
    clearInterval(again);
    expect(code).toBe(130);
  });

  it('keeps what it has where something went wrong that nobody caught, and says so in a line', async ({
    expect,
  }) => {
    const lines = `export const main = async (_: unknown, signal: AbortSignal) => {
      queueMicrotask(() => { throw new Error('first ' + 'long '.repeat(1000)); });
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      console.log('kept');
      return 130;
    };`;
    for (const env of [{}, { DEBUG: '1' }]) {
      const child = await program('faulty', lines, { DEBUG: '', ...env });
      const [out, err] = await Promise.all([said(child, /kept/), said(child, /\n/, true)]);
      expect(child.exitCode ?? (await once(child, 'exit'))[0]).toBe(1);
      expect(out).toContain('kept');
      if (env.DEBUG === '1') expect(err).toMatch(/ at .*faulty\.ts/);
      else
        expect([err.trim().split('\n').length, err.length < 300, /went wrong: first/.test(err)]).toEqual([
          1,
          true,
          true,
        ]);
    }
  });
});

/** Whether no process of a group is left. */
function gone(group: number): boolean {
  try {
    process.kill(-group, 0);
    return false;
  } catch {
    return true;
  }
}
