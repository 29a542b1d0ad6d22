/**
 * Runs from the command line that begin at a saved model, or go on where another was: in two parts the same
 * bytes as in one, and what does not fit is refused before anything runs.
 */
import { createHash } from 'node:crypto';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { encodeSafetensors } from '../../src/models/safetensors.ts';
import { main } from './main.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const RECIPE = [
  ...['--dataset', 'moons', '--set', 'dataset.rows=160', '--set', 'model.hidden=4', '--batch', '8'],
  ...['--algorithm', 'choco-sgd', '--compressor', 'top-k', '--optimizer', 'momentum', '--eval-every', '4'],
];
const NODE = ['--transport', 'memory', '--backend', 'cpu', '--workers-per-tab', '3'];
const VIRTUAL = ['--clock', 'virtual', '--compute', '20ms'];
const MODELS = ['model-0', 'model-1', 'model-2'].map((name) => `${name}.safetensors`);
const never = new AbortController().signal;
let folder = '';
const at = (...names: readonly string[]) => path.join(folder, ...names);

async function run(args: readonly string[]) {
  const lines: string[] = [];
  const keep = (text: unknown) => void lines.push(String(text));
  const spies = [
    vi.spyOn(console, 'log').mockImplementation(() => undefined),
    vi.spyOn(console, 'error').mockImplementation(keep),
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      keep(text);
      return true;
    }),
  ];
  try {
    return { code: await main(args, never), told: lines.join('\n') };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
const read = (...names: readonly string[]) => readFile(at(...names));
const record = async (name: string) => JSON.parse((await read(name, 'run.json')).toString());
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'murmuration-continue-'));
  for (const [name, rounds] of Object.entries({ whole: 12, half: 8, odd: 6 })) {
    const flags = [...NODE, ...VIRTUAL, ...RECIPE, '--rounds', String(rounds)];
    const { code, told } = await run([...flags, '--out', at(name)]);
    expect(code, told).toBe(0);
  }
});
afterAll(() => rm(folder, { recursive: true }));

describe('--continue', () => {
  it.each(['half', 'odd'])(
    'makes of a run in parts the bytes of the run that was never interrupted: %s',
    async (name) => {
      const out = `${name} on`;
      const { code, told } = await run(['--continue', at(name), '--rounds', '12', '--out', at(out)]);
      expect(code, told).toBe(0);
      expect(told).not.toContain('without an interruption');
      for (const file of ['metrics.csv', 'model.safetensors', ...MODELS]) {
        expect((await read(out, file)).toString('latin1'), file).toBe(
          (await read('whole', file)).toString('latin1'),
        );
      }
      const { parent, summary, stateKept } = await record(out);
      expect(parent).toEqual({
        ...{ kind: 'run', folder: at(name), sha256: sha256(await read(name, 'run.json')) },
        ...{ round: name === 'half' ? 8 : 6, exact: true, note: null },
      });
      expect(stateKept).toBe(true);
      const whole = (await record('whole')).summary;
      for (const figure of ['rounds', 'bytesSent', 'bytesUncompressed', 'gradientSteps', 'finalTestLoss']) {
        expect(summary[figure], figure).toBe(whole[figure]);
      }
      expect(summary.seconds).toBeGreaterThan((await record(name)).summary.seconds);
    },
  );

  it('goes on with a run that was paused in mid-run, wherever that was', async () => {
    const flags = [...NODE, ...VIRTUAL, ...RECIPE];
    expect((await run([...flags, '--seconds', '0.13', '--out', at('stopped')])).code).toBe(0);
    const { stoppedBy, rounds } = (await record('stopped')).summary;
    expect([stoppedBy, rounds % 4]).toEqual(['seconds', expect.toSatisfy((rest: number) => rest > 0)]);
    const more = String(rounds + 5);
    const { code, told } = await run([
      '--continue',
      at('stopped'),
      '--rounds',
      more,
      '--out',
      at('stopped on'),
    ]);
    expect(code, told).toBe(0);
    expect((await run([...flags, '--rounds', more, '--out', at('never stopped')])).code).toBe(0);
    for (const file of ['metrics.csv', ...MODELS]) {
      expect((await read('stopped on', file)).toString('latin1'), file).toBe(
        (await read('never stopped', file)).toString('latin1'),
      );
    }
  });

  it('goes on from models alone where no states were kept, and says so', async () => {
    const flags = [...NODE, ...VIRTUAL, ...RECIPE, '--rounds', '8', '--keep-state', 'never'];
    expect((await run([...flags, '--out', at('bare')])).code).toBe(0);
    expect(await record('bare')).toMatchObject({ stateKept: false, parent: null });
    const { code, told } = await run(['--continue', at('bare'), '--rounds', '12', '--out', at('bare on')]);
    expect(code, told).toBe(0);
    expect(told).toMatch(/not the run that it would be without an interruption\. Only the models were kept/);
    const { parent, summary } = await record('bare on');
    expect(parent).toMatchObject({ round: 8, exact: false, note: expect.stringMatching(/begin anew/) });
    expect(summary.rounds).toBe(12);
    // Momentum is gone, and with it the bytes of the whole run.
    expect(await read('bare on', 'model-0.safetensors')).not.toEqual(
      await read('whole', 'model-0.safetensors'),
    );
    const rounds = (await read('bare on', 'metrics.csv')).toString().trimEnd().split('\n').slice(1);
    expect(rounds.map((line) => Number(line.split(',')[1]))).toEqual([4, 4, 4, 8, 8, 8, 12, 12, 12]);
  });

  it('refuses in one sentence what is no run, is damaged, is at its end, or would be another', async () => {
    const refused = async (args: readonly string[]) => {
      const { code, told } = await run([...args, '--out', at('refused')]);
      expect(code).toBe(2);
      expect(told.split('\n')).toHaveLength(1);
      await expect(read('refused', 'run.json')).rejects.toThrow();
      return told;
    };
    const more = ['--rounds', '20'];
    expect(await refused(['--continue', at('nowhere'), ...more])).toMatch(/there is no such file/);
    expect(await refused(['--continue', at('half')])).toMatch(/has done 8 rounds: say with --rounds/);
    expect(await refused(['--continue', at('half'), ...more, '--algorithm', 'd-psgd'])).toMatch(
      /goes on with its own recipe.*here algorithm would change/,
    );
    expect(await refused(['--continue', at('half'), ...more, '--workers-per-tab', '4'])).toMatch(
      /has 3 workers, and goes on with as many/,
    );
    expect(
      await refused(['--continue', at('half'), ...more, '--start-from', at('half', 'model-0.safetensors')]),
    ).toMatch(/give one of them/);
    await cp(at('half'), at('damaged'), { recursive: true });
    const state = await read('half', 'state-1.safetensors');
    await writeFile(at('damaged', 'state-1.safetensors'), state.subarray(0, -4));
    expect(await refused(['--continue', at('damaged'), ...more])).toMatch(
      /is not the file that the run wrote/,
    );
    // Even where the hash says otherwise, what is no state is none.
    const told = await record('half');
    const files = { ...told.files, 'state-1.safetensors': sha256(state.subarray(0, -4)) };
    await writeFile(at('damaged', 'run.json'), JSON.stringify({ ...told, files }));
    expect(await refused(['--continue', at('damaged'), ...more])).toMatch(
      /cannot be gone on from: This is not/,
    );
    await writeFile(at('damaged', 'run.json'), JSON.stringify({ ...told, config: { lr: 'fast' } }));
    expect(await refused(['--continue', at('damaged'), ...more])).toMatch(/is none of this lab’s|this lab's/);
    await writeFile(at('damaged', 'run.json'), '{"config":');
    expect(await refused(['--continue', at('damaged'), ...more])).toMatch(/is not JSON/);
  });
});

describe('--start-from', () => {
  const start = (file: string, flags: readonly string[], out: string) =>
    run([...NODE, ...VIRTUAL, ...RECIPE, ...flags, '--start-from', file, '--out', at(out)]);

  it('begins every worker at the model, by another recipe if that fits', async () => {
    const model = at('whole', 'model-1.safetensors');
    // Without a step nothing moves, so that what they end at is what they began at.
    const flags = ['--algorithm', 'd-psgd', '--compressor', 'none', '--topology', 'isolated', '--lr', '0'];
    const { code, told } = await start(model, [...flags, '--rounds', '2'], 'started');
    expect(code, told).toBe(0);
    const numbers = async (...names: string[]) => {
      const bytes = await read(...names);
      return bytes.subarray(8 + Number(bytes.readBigUInt64LE()));
    };
    const given = await numbers('whole', 'model-1.safetensors');
    for (const name of MODELS) expect(await numbers('started', name)).toEqual(given);
    const { parent, summary } = await record('started');
    expect(parent).toEqual({ kind: 'model', file: model, sha256: sha256(await readFile(model)) });
    expect(summary.rounds).toBe(2);
  });

  it('refuses in one sentence what is no model for this recipe', async () => {
    const refused = async (file: string, flags: readonly string[] = []) => {
      const { code, told } = await start(file, ['--rounds', '2', ...flags], 'refused');
      expect(code).toBe(2);
      expect(told.split('\n')).toHaveLength(1);
      return told;
    };
    const model = at('whole', 'model-1.safetensors');
    expect(await refused(model, ['--set', 'model.hidden=5'])).toMatch(/of another model: its tensor/);
    expect(await refused(at('whole', 'run.json'))).toMatch(/is not a safetensors file/);
    expect(await refused(at('whole'))).toMatch(/is a folder, not a file/);
    expect(await refused('/dev/zero')).toMatch(/is no ordinary file/);
    expect(await refused(at('gone'))).toMatch(/there is no such file/);
    const data = Float32Array.of(1);
    await writeFile(
      at('other'),
      encodeSafetensors({ tensors: [{ name: 'w', shape: [1], data }], metadata: {} }),
    );
    expect(await refused(at('other'))).toMatch(/of another model: it has no tensor/);
  });
});
