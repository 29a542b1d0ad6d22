/** Flags become the recipe they name, and every mistake is one line that says what is allowed. */
import { describe, expect, it } from 'vitest';
import { OptionError } from '../../src/base/options.ts';
import { FAMILIES, FAMILY_NAMES } from '../../src/recipe/schema.ts';
import { FLAGS, readExperiment } from './flags.ts';
import { helpText } from './help.ts';

const read = (line: string) => readExperiment(line.split(' ').filter((part) => part !== ''));

function complaint(line: string): string {
  try {
    read(line);
  } catch (error) {
    if (error instanceof OptionError) return error.message;
    throw error;
  }
  throw new Error(`"${line}" was accepted`);
}

describe('flags', () => {
  it('reads the documented line', () => {
    const experiment = read(
      '--tabs 4 --algorithm choco-sgd --compressor top-k --set compressor.ratio=0.02 --topology ring ' +
        '--partition shards:2 --rounds 200 --seed 7 --eval-every 5 --batch 16 --lr 0.05 --out results/x',
    );
    expect(experiment).toMatchObject({
      recipe: {
        algorithm: { id: 'choco-sgd' },
        compressor: { id: 'top-k', options: { ratio: 0.02 } },
        partition: { id: 'shards', options: { labels: 2 } },
        rounds: 200,
        seed: 7,
        evalEvery: 5,
        batch: 16,
        lr: 0.05,
      },
      local: { workers: 1, backend: 'auto', transport: 'webrtc' },
      run: { tabs: 4, seconds: null, targetAccuracy: null, out: 'results/x', force: false, json: false },
    });
  });

  it('reads a table, its target, full batches and a start from zeros', () => {
    const experiment = read(
      '--dataset csv:some/file.csv --target y --model linear --batch full --partition contiguous --init zeros',
    );
    expect(experiment?.recipe).toMatchObject({
      dataset: { id: 'csv', options: { file: 'some/file.csv', target: 'y' } },
      model: { id: 'linear', options: { bias: false } },
      partition: { id: 'contiguous', options: {} },
      batch: 0,
      init: 'zeros',
    });
  });

  it('reads an optimizer, a schedule and a norm to clip at', () => {
    const experiment = read(
      '--optimizer adam --set optimizer.beta1=0.8 --schedule cosine --set schedule.rounds=300 --clip 2 --lr 0.002',
    );
    expect(experiment?.recipe).toMatchObject({
      optimizer: { id: 'adam', options: { beta1: 0.8, beta2: 0.999 } },
      schedule: { id: 'cosine', options: { rounds: 300, warmupRounds: 0, linearScaling: false } },
      clip: 2,
      lr: 0.002,
    });
    expect(read('--clip off')?.recipe.clip).toBe(0);
    expect(complaint('--optimizer rmsprop')).toContain('sgd, momentum, nesterov, adam');
    expect(complaint('--schedule cosine --set schedule.every=5')).toContain('its options are rounds');
  });

  it('sets options of an entry wherever --set stands', () => {
    const before = read('--set algorithm.eta=0.3 --algorithm choco-sgd --set model.hidden=64,32');
    expect(before?.recipe.algorithm.options.eta).toBe(0.3);
    expect(before?.recipe.model.options.hidden).toEqual([64, 32]);
  });

  it('opens one tab for the memory transport, unless told otherwise', () => {
    expect(read('--transport memory --backend cpu')?.run.tabs).toBe(1);
    expect(read('--transport memory --backend cpu --tabs 3')?.run.tabs).toBe(3);
    expect(complaint('--transport memory --tabs 2')).toMatch(/--workers-per-tab/);
  });

  it('ends after 200 rounds only if no other end is given', () => {
    expect(read('')?.recipe.rounds).toBe(200);
    expect(read('--seconds 5')?.recipe.rounds).toBe(0);
    expect(read('--target-accuracy 0.9')?.recipe.rounds).toBe(0);
    expect(read('--target-accuracy 0.9 --rounds 50')?.recipe.rounds).toBe(50);
  });

  it.each([
    ['--tabz 3', /There is no flag --tabz; of \d+ the nearest are --tabs, /],
    ['three', /"three" is not a flag/],
    ['--tabs', /--tabs needs a value: --tabs N/],
    ['--tabs --json', /--tabs needs a value/],
    ['--tabs 0', /--tabs: "0" is not allowed; it must be a whole number from 1 to 64/],
    ['--tabs 2.5', /whole number/],
    ['--tabs 10 --workers-per-tab 30', /makes 300 workers; a room holds up to 256/],
    ['--rounds 0', /--rounds 0 names no end/],
    ['--set rounds=0', /names no end/],
    ['--out=', /--out needs the name of a folder/],
    ['--force=yes', /--force takes no value/],
    ['--workers-per-tab many', /whole number from 1 to/],
    ['--json=yes', /--json takes no value/],
    ['--transport carrier-pigeon', /one of webrtc, broadcast, memory/],
    ['--backend gpu', /one of auto, webgpu, cpu/],
    ['--algorithm choco', /There is no algorithm "choco"; of \d+ the nearest are choco-sgd, choco-gossip/],
    ['--algorithm sgd', /the nearest are .*ef-sgd/],
    ['--compressor topk', /the nearest are top-k, /],
    ['--topology star-trek', /nearest are star, /],
    ['--model transformer', /there are mlp/],
    ['--target y', /dataset.target does not exist; it has no options/],
    ['--dataset digits:7', /digits takes no value/],
    ['--init ones', /one of standard, zeros/],
    ['--dataset cats', /there are digits/],
    ['--partition shards:0', /labels/],
    ['--partition sorted-by-mood', /there are iid, contiguous/],
    ['--lr fast', /lr: "fast" is not allowed; it must be a number from/],
    ['--batch 0', /batch: "0" is not allowed; it must be full, or a whole number from 1 to 1024/],
    ['--batch 0.0', /must be full/],
    ['--clip 0', /must be off, or/],
    ['--straggler 4:10x', /names worker 4; with 4 workers there are 0 to 3/],
    ['--batch most', /batch: "most" is not allowed; it must be full, or a whole number from 1 to 1024/],
    ['--target-accuracy 90', /--target-accuracy: "90" is not allowed; it must be a number from 0 to 1/],
    ['--seconds 0', /--seconds/],
    ['--set eta', /must be PATH=VALUE/],
    ['--set nothing.here=1', /There is no setting "nothing.here"/],
    ['--set algorithm.speed=1', /algorithm.speed does not exist; its options are order/],
    ['--compressor top-k --set compressor.ratio=2', /compressor.ratio: "2" is not allowed/],
  ])('refuses "%s" in one line', (line, reason) => {
    const message = complaint(line);
    expect(message).toMatch(reason);
    expect(message).not.toContain('\n');
  });
});

describe('help', () => {
  it('names every flag, every entry and every option', () => {
    const text = helpText();
    for (const name of Object.keys(FLAGS)) expect(text).toContain(`--${name}`);
    for (const family of FAMILY_NAMES) {
      for (const entry of FAMILIES[family]) {
        expect(text).toContain(entry.description);
        for (const option of Object.keys(entry.options)) expect(text).toContain(`${family}.${option}=`);
      }
    }
  });
});
