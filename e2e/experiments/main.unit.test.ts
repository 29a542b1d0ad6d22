/** Whole runs without a browser: the same flags give the same bytes, and scripts can rely on the codes. */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { decodeSafetensors } from '../../src/models/safetensors.ts';
import { METRICS_COLUMNS } from './csv.ts';
import { main } from './main.ts';

const NODE = ['--transport', 'memory', '--backend', 'cpu'];
const RUN = [
  ...NODE,
  ...[
    '--workers-per-tab',
    '3',
    '--algorithm',
    'choco-sgd',
    '--compressor',
    'top-k',
    '--partition',
    'shards:2',
  ],
  ...['--rounds', '8', '--eval-every', '3', '--seed', '4'],
];
const never = new AbortController().signal;
let folder = '';

/** Training takes seconds, and more of them on a busy machine. */
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

/** What the same flags printed, the first and the second time. */
const printed: string[][] = [];

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'murmuration-experiment-'));
  for (const name of ['first', 'second']) {
    const { code, out } = await run([...RUN, '--json', '--out', path.join(folder, name)]);
    expect(code).toBe(0);
    printed.push(out);
  }
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs with standard output and error caught. */
async function run(args: readonly string[], signal = never, onProgress: (line: string) => void = () => {}) {
  const out: string[] = [];
  const err: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((text) => void out.push(String(text)));
  const error = vi.spyOn(console, 'error').mockImplementation((text) => void err.push(String(text)));
  const progress = vi.spyOn(process.stderr, 'write').mockImplementation((line) => {
    onProgress(String(line));
    return true;
  });
  try {
    return { code: await main(args, signal), out, err };
  } finally {
    for (const spy of [log, error, progress]) spy.mockRestore();
  }
}

async function contents(name: string): Promise<ReadonlyMap<string, Buffer>> {
  const files = (await readdir(path.join(folder, name))).sort();
  return new Map(
    await Promise.all(
      files.map(async (file) => [file, await readFile(path.join(folder, name, file))] as const),
    ),
  );
}

const text = (files: ReadonlyMap<string, Buffer>, name: string) => files.get(name)?.toString('utf8') ?? '';

const hashes = (files: ReadonlyMap<string, Buffer>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...files].map(([name, bytes]) => [name, createHash('sha256').update(bytes).digest('hex')]),
  );

describe('a run in Node', () => {
  it('gives byte-identical metrics and models for the same recipe, and others for another seed', async () => {
    expect((await run([...RUN, '--seed', '5', '--out', path.join(folder, 'third')])).code).toBe(0);
    const [first, second, third] = [
      await contents('first'),
      await contents('second'),
      await contents('third'),
    ];
    const models = ['model-0', 'model-1', 'model-2', 'model'].map((name) => `${name}.safetensors`);
    const states = [0, 1, 2].map((seat) => `state-${seat}.safetensors`);
    expect([...first.keys()]).toEqual(['metrics.csv', ...models, 'run.json', ...states, 'timing.csv']);
    for (const name of ['metrics.csv', ...models]) {
      expect(first.get(name)?.equals(second.get(name) ?? Buffer.alloc(0))).toBe(true);
      expect(first.get(name)?.equals(third.get(name) ?? Buffer.alloc(0))).toBe(false);
    }
  });

  it('writes complete rows, and a summary that follows from them', async () => {
    const files = await contents('first');
    const [header = '', ...lines] = text(files, 'metrics.csv').trimEnd().split('\n');
    expect(header.split(',')).toEqual([...METRICS_COLUMNS]);
    const rows = lines.map((line) => line.split(','));
    const rounds = [...new Set(rows.map((row) => Number(row[1])))];
    expect(rounds).toEqual([3, 6, 8]);
    expect(rows.length).toBe(3 * rounds.length);
    for (const row of rows) {
      expect(row.slice(0, -1).every((cell) => cell !== '' && Number.isFinite(Number(cell)))).toBe(true);
      expect(row.at(-1)).toBe('');
    }
    const { summary, config } = JSON.parse(text(files, 'run.json'));
    expect(printed[0]).toEqual([JSON.stringify(summary)]);
    expect(config).toMatchObject({ seed: 4, algorithm: { id: 'choco-sgd', options: { eta: 0.5 } } });
    const last = rows.filter((row) => row[1] === '8');
    const column = (name: (typeof METRICS_COLUMNS)[number]) =>
      last.map((row) => Number(row[METRICS_COLUMNS.indexOf(name)]));
    expect(summary.rounds).toBe(8);
    expect(summary.ownTestAccuracy.worst).toBe(Math.min(...column('testAccuracy')));
    expect(summary.consensusDistance).toBeCloseTo(column('consensusDistance')[0] ?? Number.NaN, 4);
    expect(summary.bytesSent).toBe(column('bytesSent').reduce((a, b) => a + b, 0));
    expect(summary.bytesSent).toBeLessThan(summary.bytesUncompressed / 10);
  });

  it('says where it comes from: the command, the start, the sources, and the hash of every file', async () => {
    const files = await contents('first');
    const { provenance, environment, files: told } = JSON.parse(text(files, 'run.json'));
    const args = [...RUN, '--json', '--out', path.join(folder, 'first')];
    expect(provenance.command).toBe(`npm run experiment -- ${args.join(' ')}`);
    expect(Math.abs(Date.parse(provenance.startedAt) - Date.now())).toBeLessThan(3_600_000);
    expect(Object.keys(provenance)).toEqual(['commit', 'dirty', 'lockfile', 'command', 'startedAt']);
    expect(environment.versions.node).toBe(process.versions.node);
    const { 'run.json': _, ...others } = hashes(files);
    expect(told).toEqual(others);
  });

  it('averages the models it writes', async () => {
    const files = await contents('first');
    const [a, b, c, mean] = ['model-0', 'model-1', 'model-2', 'model'].map(
      (name) => decodeSafetensors(files.get(`${name}.safetensors`) ?? new Uint8Array()).tensors,
    );
    mean?.forEach(({ name, data }, at) => {
      expect(a?.[at]?.name).toBe(name);
      const worst = data.reduce((most, value, k) => {
        const sum = [a, b, c].reduce((total, model) => total + (model?.[at]?.data[k] ?? Number.NaN), 0);
        return Math.max(most, Math.abs(sum / 3 - value));
      }, 0);
      expect(worst).toBeLessThan(1e-6);
    });
  });

  it('stops at a target accuracy', async () => {
    const args = [...NODE, '--workers-per-tab', '2', '--target-accuracy', '0.6', '--eval-every', '5'];
    const { code, out } = await run([...args, '--json', '--out', path.join(folder, 'target')]);
    expect(code).toBe(0);
    const summary = JSON.parse(out[0] ?? '');
    expect(summary).toMatchObject({ stoppedBy: 'target-accuracy' });
    expect(summary.finalTestAccuracy).toBeGreaterThan(0.5);
    expect(summary.targetRound % 5).toBe(0);
  });

  it('stops at a target accuracy of the average over several tabs, which none of them knows', async () => {
    const flags = ['--workers-per-tab', '1', '--partition', 'sorted', '--topology', 'complete'];
    const args = [...NODE, '--tabs', '2', ...flags, '--target-accuracy', '0.5', '--eval-every', '5'];
    const { code, out } = await run([...args, '--out', path.join(folder, 'tabs')]);
    expect([code, out.join()]).toEqual([0, expect.stringContaining('the average of all workers’ models')]);
    const files = await contents('tabs');
    const { summary } = JSON.parse(text(files, 'run.json'));
    expect(summary.stoppedBy).toBe('target-accuracy');
    const at = METRICS_COLUMNS.indexOf('modelTestAccuracy');
    const rows = text(files, 'metrics.csv').trimEnd().split('\n');
    const cells = rows.map((line) => line.split(',')).filter((row) => Number(row[1]) === summary.targetRound);
    expect(cells.map((row) => Number(row[at]) >= 0.5)).toEqual([true, true]);
  });

  it.each([
    ['its rounds are done', ['--rounds', '25'], /the loss of worker \d is [\d.e+]+, far above the 2.3/],
    [
      'its time is over',
      ['--seconds', '20', '--clock', 'virtual', '--compute', '1s'],
      /losses are far above/,
    ],
  ])('has failed where losses are far too high when %s', async (_, ends, why) => {
    const args = [...NODE, '--workers-per-tab', '2', '--topology', 'complete', '--lr', '50', ...ends];
    const { code, err } = await run([
      ...args,
      '--eval-every',
      '1000',
      '--out',
      path.join(folder, `wild${ends[0]}`),
    ]);
    expect([code, err.join()]).toEqual([1, expect.stringMatching(why)]);
    const { summary, failure } = JSON.parse(text(await contents(`wild${ends[0]}`), 'run.json'));
    expect([summary.stoppedBy, failure]).toEqual(['failure', err[0]]);
    expect(Number.isFinite(summary.finalTrainLoss)).toBe(true);
  });

  it('stops soon after the server has reached the target, however far clients that rest could go on', async () => {
    const flags = [
      '--workers-per-tab',
      '16',
      '--algorithm',
      'fedavg',
      '--set',
      'algorithm.clientFraction=0.1',
    ];
    const args = [...NODE, ...flags, '--target-accuracy', '0.6', '--eval-every', '5', '--rounds', '200'];
    const { code, out } = await run([...args, '--json', '--out', path.join(folder, 'sampled')]);
    const summary = JSON.parse(out[0] ?? '');
    expect([code, summary.stoppedBy]).toEqual([0, 'target-accuracy']);
    expect(summary.rounds - summary.targetRound).toBeLessThan(10);
  });

  it('reports the server’s model where clients are drawn', async () => {
    const flags = [
      '--workers-per-tab',
      '6',
      '--algorithm',
      'fedavg',
      '--set',
      'algorithm.clientFraction=0.2',
    ];
    const args = [...NODE, ...flags, '--partition', 'shards:2', '--rounds', '6', '--eval-every', '3'];
    const { code, out } = await run([...args, '--out', path.join(folder, 'federated')]);
    expect([code, out.join()]).toEqual([0, expect.stringContaining('% (the server’s model)')]);
    const files = await contents('federated');
    const { summary, workers } = JSON.parse(text(files, 'run.json'));
    expect(summary.model).toEqual({ of: 'server', seat: 0, says: 'the server’s model' });
    expect(summary.finalTestAccuracy).toBe(workers[0].testAccuracy);
    expect(summary.ownTestAccuracy.worst).toBe(summary.finalTestAccuracy);
    expect(summary.ownTestAccuracy.workers).toBeLessThan(6);
    expect(summary.finalTrainLoss).toBeGreaterThan(0);
    expect(summary.consensusDistance).toBe(null);
    expect(text(files, 'metrics.csv')).not.toContain('NaN');
    const tensors = (name: string) => decodeSafetensors(files.get(name) ?? new Uint8Array()).tensors;
    expect(tensors('model.safetensors')).toEqual(tensors('model-0.safetensors'));
  });

  it('keeps what there is when it is interrupted', async () => {
    const controller = new AbortController();
    const args = [...NODE, '--workers-per-tab', '2', '--rounds', '100000'];
    const { code } = await run(
      [...args, '--out', path.join(folder, 'stopped')],
      controller.signal,
      (line) => {
        if (line.startsWith('round ')) controller.abort();
      },
    );
    expect(code).toBe(130);
    const files = await contents('stopped');
    expect(JSON.parse(text(files, 'run.json')).summary.stoppedBy).toBe('interrupt');
    expect(files.has('model-1.safetensors')).toBe(true);
  });

  it('replaces a run only when it is told to, and by nothing but a run', async () => {
    const stopped = AbortSignal.abort();
    const again = [...RUN, '--json', '--out', path.join(folder, 'second')];
    const before = await contents('second');
    const refused = await run(again);
    expect([refused.code, refused.out, refused.err.length]).toEqual([2, [], 1]);
    expect(refused.err[0]).toMatch(/is used already.*--force/);
    const empty = await run([...again, '--force'], stopped);
    expect([empty.code, empty.err.length]).toEqual([130, 1]);
    expect(empty.err[0]).toMatch(/keeps the run that it had/);
    // To compare megabytes number by number takes a minute.
    expect(hashes(await contents('second'))).toEqual(hashes(before));
    expect((await run([...again, '--force', '--seed', '9'])).code).toBe(0);
    expect([...(await contents('second')).keys()]).toEqual([...before.keys()]);
    expect((await contents('second')).get('metrics.csv')).not.toEqual(before.get('metrics.csv'));
  });

  it('finds a folder that it cannot write to before it trains', async () => {
    await writeFile(path.join(folder, 'file'), '');
    let trained = false;
    const { code, err } = await run([...RUN, '--out', path.join(folder, 'file', 'x')], never, () => {
      trained = true;
    });
    expect([code, trained, err.length]).toEqual([2, false, 1]);
    expect(err[0]).toMatch(/cannot be written to: a part of the path is a file/);
  });

  it('says in one line what is wrong, with the code for it', async () => {
    const usage = await run(['--tabs', 'many']);
    expect([usage.code, usage.err.length, usage.out]).toEqual([2, 1, []]);
    const refused = await run(['--algorithm', 'd-psgd', '--compressor', 'top-k']);
    expect(refused.code).toBe(2);
    expect(refused.err.join()).toMatch(/CHOCO-SGD.*\(--allow whole-numbers runs it all the same, /);
    const unknown = await run(['--allow', 'd2-spectrum', '--allow', 'all']);
    expect([unknown.code, unknown.err.length]).toEqual([2, 1]);
    expect(unknown.err.join()).toMatch(/"d2-spectrum,all" is not allowed; .*whole-numbers, contraction/);
    const table = path.join(folder, 'three.csv');
    await writeFile(table, 'a,y\n1,3\n2,4\n3,1\n');
    const data = ['--dataset', `csv:${table}`, '--target', 'y', '--model', 'linear', '--batch', 'full'];
    const tooMany = await run([...NODE, ...data, '--workers-per-tab', '4']);
    expect([tooMany.code, tooMany.err.length]).toEqual([2, 1]);
    expect(tooMany.err[0]).toMatch(/has 3 rows to train on, which leave a worker of 4 without any/);
  });

  it('refuses whatever is wrong in one sentence of moderate length, at once', async () => {
    const long = 'x'.repeat(20_000);
    const table = path.join(folder, 'wide.csv');
    const columns = Array.from({ length: 40 }, (_, column) => `${'column'.repeat(30)}${column}`);
    await writeFile(table, `${columns.join(',')}\n${columns.map(() => '1').join(',')}\n`);
    const wrong = [
      ...[[long], [`--${long}`], ['--tabz', '3'], ['--out', ''], ['--rounds', '0'], ['--batch', '0']],
      ...['--algorithm', '--compressor', '--topology', '--dataset', '--partition', '--model', '--optimizer'],
      ...['--schedule', '--tabs', '--lr', '--batch', '--init', '--clip', '--seed', '--rounds', '--seconds'],
      ...[
        '--eval-every',
        '--transport',
        '--backend',
        '--clock',
        '--compute',
        '--straggler',
        '--link',
        '--set',
      ],
      ...['--target-accuracy', '--workers-per-tab', '--target'],
      ['--out', long, '--dataset', 'moons'],
      ...[
        `${long}=1`,
        'recipe=1',
        'algorithm.x=1',
        `algorithm.${long}=1`,
        'model.hidden=a,b',
        '=',
        'a.b.c=1',
      ],
      ...[
        ['--tabs', '10', '--workers-per-tab', '32'],
        ['--tabs', '64', '--workers-per-tab', '32'],
      ],
      ...[
        ['--straggler', '99:10x'],
        ['--topology', 'hypercube', '--workers-per-tab', '3', ...NODE],
      ],
      ...[
        ['--algorithm', 'd2', '--compressor', 'top-k'],
        ['--onnx', '--model', 'gpt', '--dataset', 'text'],
      ],
      ...[['--out', path.join(folder, 'no\nsuch', long), '--dataset', 'moons', ...NODE]],
    ].map((flags) =>
      typeof flags !== 'string' ? flags : flags.startsWith('--') ? [flags, long] : ['--set', flags],
    );
    const data = [
      ['--dataset', `csv:${table}`, '--target', long],
      ['--dataset', `csv:${table}`, '--target', 'none'],
      ['--dataset', `csv:${path.join(folder, 'nowhere.csv')}`],
      ['--dataset', `csv:${folder}`],
      ['--dataset', `idx:${table}`],
      ['--dataset', `images:${folder}`],
    ];
    const failed: unknown[] = [];
    for (const flags of [...wrong, ...data]) {
      const { code, out, err } = await run(flags);
      const [said = ''] = err;
      const fine = {
        alone: out.length === 0 && err.length === 1,
        // A file that cannot be read is no fault of the flags.
        code: code === 2 || (code === 1 && data.includes(flags)),
        short: said.length < 320,
        // Whole: not merely cut off where it got long, and without where it came from.
        sentence: /^[^\n]+[.?!)]$/.test(said) && !/\bat .*:\d+:\d+/.test(said),
      };
      if (Object.values(fine).includes(false))
        failed.push([flags.map((flag) => flag.slice(0, 30)), fine, said]);
    }
    expect(failed).toEqual([]);
  });
});
