/** The files of a tab: kept, read, forgotten; what happens without the file that the room needs. */
import { afterEach, describe, expect, it } from 'vitest';
import { realClock } from '../base/clock.ts';
import { findEntry } from '../base/registry.ts';
import { createCpuCompute } from '../compute/cpu/index.ts';
import { DataError } from '../data/dataset.ts';
import { DATASETS } from '../data/index.ts';
import { unpackZip } from '../data/zip.ts';
import { MemoryHub } from '../network/memory.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { buildRecipe } from '../recipe/schema.ts';
import { DEFAULT_LOCAL } from '../recipe/url.ts';
import { FileDesk, MissingFileError } from './file-desk.ts';
import type { Shelf } from './file-shelf.ts';
import type { FilesState } from './file-state.ts';
import { Session } from './session.ts';
import type { Report, Snapshot } from './snapshot.ts';

const TABLE = 'x,kind\n1,a\n2,b\n3,a\n4,b\n5,a\n6,b\n';
const recipeOf = (options: Readonly<Record<string, string | boolean>>) =>
  buildRecipe({
    dataset: {
      id: 'csv',
      options: { file: 'table.csv', target: 'kind', columns: 'x', classes: 'a,b', ...options },
    },
    model: { id: 'mlp', options: { hidden: [4] } },
    rounds: 4,
    evalEvery: 2,
    batch: 2,
  });

function shelf(full = false): Shelf & { readonly items: Map<string, Uint8Array> } {
  const items = new Map<string, Uint8Array>();
  return {
    items,
    room: async () => null,
    list: async () => [...items].map(([name, { length }]) => ({ name, bytes: length, files: 1 })),
    read: async (name) => items.get(name) ?? null,
    async write(name, blob) {
      if (full) throw new DataError(`This browser has no room left for ${name}.`);
      items.set(name, new Uint8Array(await blob.arrayBuffer()));
    },
    remove: async (name) => void items.delete(name),
  };
}

function desk(given: Partial<ConstructorParameters<typeof FileDesk>[0]> = {}) {
  const states: FilesState[] = [];
  let files = 0;
  const held = shelf();
  const made = new FileDesk({
    shelf: held,
    decoder: { formats: [], decode: () => Promise.reject(new Error('none')) },
    fetchBytes: () => Promise.reject(new Error('not served')),
    fetchUrl: async (_, progress) => {
      progress(3, 6);
      return new Blob([TABLE]);
    },
    own: null,
    seed: () => 1,
    report: (state) => states.push(state),
    onFile: async () => {
      files += 1;
    },
    ...given,
  });
  return { desk: made, states, shelf: held, files: () => files, last: () => states.at(-1) };
}
const one = (path: string, text: string) => [{ path, blob: new Blob([text]) }];

describe('the files of a tab', () => {
  it('are kept and recognised, read again with another target, and forgotten', async () => {
    const { desk: made, last, states, files } = desk();
    await made.ask({ do: 'keep', name: 'table.csv', files: one('table.csv', TABLE) });
    expect(last()).toMatchObject({
      problem: null,
      work: null,
      files: [{ name: 'table.csv', bytes: TABLE.length }],
    });
    expect(last()?.recognised).toMatchObject({
      id: 'csv',
      rows: 6,
      columns: [
        { name: 'x', kind: 'numbers' },
        { name: 'kind', kind: 'texts' },
      ],
      classes: [
        { name: 'a', rows: 3 },
        { name: 'b', rows: 3 },
      ],
      options: { file: 'table.csv', target: 'kind', columns: 'x', classes: 'a,b' },
    });
    expect(files()).toBe(1);
    await made.ask({ do: 'recognise', name: 'table.csv', as: { id: 'csv', options: { target: 'x' } } });
    expect(last()?.recognised).toMatchObject({ range: [1, 6], classes: [], width: 2 });
    await made.ask({ do: 'recognise', name: 'table.csv', as: { id: 'csv', options: { target: 'z' } } });
    expect(last()).toMatchObject({
      problem: expect.stringContaining('no column "z"'),
      recognised: { width: 2 },
    });
    await made.ask({ do: 'forget', name: 'table.csv' });
    expect(last()).toMatchObject({ files: [], recognised: null, problem: null });
    expect(states.some(({ work }) => work?.step === 'reading')).toBe(true);
  });

  it('are fetched with progress, and packed where several belong together', async () => {
    const { desk: made, last, states, shelf: held } = desk();
    await made.ask({ do: 'fetch', url: 'https://example.org/a/table%201.csv?x=1' });
    expect(states.some(({ work }) => work?.step === 'fetching' && work.done === 3 && work.total === 6)).toBe(
      true,
    );
    expect(last()?.recognised?.name).toBe('table 1.csv');
    await made.ask({ do: 'fetch', url: 'javascript:alert(1)' });
    expect(last()?.problem).toMatch(/no address/);
    await made.ask({
      do: 'keep',
      name: 'set',
      files: [...one('a/1.txt', 'hello'), ...one('a/2.txt', 'there')],
    });
    expect(last()?.problem).toMatch(/neither IDX files nor pictures/);
    expect(held.items.has('set')).toBe(false);
    const pgm = (grey: string) => `P5 1 1 255\n${grey}`;
    await made.ask({
      do: 'keep',
      name: 'set',
      files: [...one('s/a/1.pgm', pgm('0')), ...one('s/b/1.pgm', pgm('z'))],
    });
    expect(last()?.recognised).toMatchObject({
      id: 'images',
      rows: 2,
      image: { height: 28, width: 28, channels: 1 },
    });
    const packed = await unpackZip('set', held.items.get('set') ?? new Uint8Array());
    expect(packed.map(({ path }) => path)).toEqual(['s/a/1.pgm', 's/b/1.pgm']);
  });

  it('say why they are not kept, and keep nothing then', async () => {
    const full = desk({ shelf: shelf(true) });
    await full.desk.ask({ do: 'keep', name: 'a.csv', files: one('a.csv', TABLE) });
    expect(full.last()).toMatchObject({
      problem: expect.stringContaining('no room left for a.csv'),
      recognised: null,
    });
    const { desk: made, last, shelf: held } = desk();
    await made.ask({ do: 'keep', name: 'a.csv', files: one('a.csv', '') });
    expect(last()?.problem).toBe('a.csv is empty.');
    await made.ask({ do: 'list' });
    expect(last()).toMatchObject({ problem: 'a.csv is empty.', files: [] });
    expect(held.items.size).toBe(0);
  });

  it('are each tab’s own where the recipe says so', async () => {
    const { desk: made, shelf: held } = desk();
    held.items.set('table.csv', new Uint8Array([1]));
    held.items.set('mine.csv', new Uint8Array([2]));
    const shared = made.fetcher(recipeOf({}));
    const own = made.fetcher(recipeOf({ private: true }));
    expect(await shared('file:table.csv')).toEqual(new Uint8Array([1]));
    await expect(own('file:table.csv')).rejects.toThrow(MissingFileError);
    expect(made.optionsFor(recipeOf({ private: true })).file).toBe('table.csv');
    await made.ask({ do: 'own', name: 'mine.csv', rejoin: false });
    // What is wrong with it is told by its own name.
    expect(made.optionsFor(recipeOf({ private: true })).file).toBe('mine.csv');
    expect(made.optionsFor(recipeOf({})).file).toBe('table.csv');
    expect(await own('file:table.csv')).toEqual(new Uint8Array([2]));
    await expect(shared('file:other.csv')).rejects.toThrow('This tab does not have other.csv');
  });

  it('are not taken for one’s own if they do not fit what the room runs', async () => {
    const { desk: made, last } = desk({
      own: 'mine.csv',
      onFile: () => Promise.reject(new DataError('other.csv has no column "x".')),
    });
    await made.ask({ do: 'own', name: 'other.csv', rejoin: true });
    expect(last()).toMatchObject({ own: 'mine.csv', problem: 'other.csv has no column "x".' });
  });
});

const open: Session[] = [];
afterEach(() => {
  for (const session of open.splice(0)) session.close();
});

describe('a tab without the data of its room', () => {
  function tab(hub: MemoryHub, name: string, recipe: Recipe, files: FileDesk) {
    const reports: Report[] = [];
    const left: Recipe[] = [];
    const session = new Session({
      clock: realClock,
      transport: hub.connect(name),
      recipe,
      local: { ...DEFAULT_LOCAL, backend: 'cpu', transport: 'memory' },
      lab: { version: 'test', built: 0 },
      room: { code: 'test' },
      openDevice: async () => ({ compute: createCpuCompute(), notice: null }),
      loadDataset: (wanted) =>
        findEntry('dataset', DATASETS, wanted.dataset.id).load(
          wanted.dataset.options,
          files.fetcher(wanted),
          1,
        ),
      random: Math.random,
      report: (report) => reports.push(report),
      left: (wanted) => left.push(wanted),
    });
    open.push(session);
    session.open();
    session.setEstablished();
    const snapshot = (): Snapshot | undefined =>
      reports.flatMap((report) => (report.kind === 'snapshot' ? [report.snapshot] : [])).at(-1);
    return { session, snapshot, left, reports };
  }
  const eventually = async (condition: () => boolean) => {
    for (let tries = 0; !condition(); tries += 1) {
      if (tries > 1000) throw new Error('It never came about.');
      await realClock.sleep(20);
    }
  };

  it('leaves, so that the others go on; alone it waits, and begins when the file is there', async () => {
    const hub = new MemoryHub();
    const recipe = recipeOf({});
    const first = desk();
    first.shelf.items.set('table.csv', new TextEncoder().encode(TABLE));
    const a = tab(hub, 'tab-a', recipe, first.desk);
    await eventually(() => a.snapshot()?.phase === 'idle');
    const b = tab(hub, 'tab-b', recipe, desk().desk);
    await eventually(() => b.left.length === 1);
    expect(b.left[0]?.dataset.options.file).toBe('table.csv');
    expect(b.snapshot()?.notices).toMatchObject([
      { id: 'data', level: 'warning', what: 'This tab does not have table.csv; drop it here to take part.' },
    ]);
    await eventually(() => a.snapshot()?.workers.filter(({ health }) => health !== 'gone').length === 1);
    a.session.request({ kind: 'command', command: { kind: 'start', stopAt: null } });
    await eventually(() => a.snapshot()?.phase === 'finished');

    const third = desk();
    const c = tab(new MemoryHub(), 'tab-c', recipe, third.desk);
    await eventually(() => c.snapshot()?.phase === 'stopped');
    expect(c.left).toEqual([]);
    third.shelf.items.set('table.csv', new TextEncoder().encode(TABLE));
    c.session.dataChanged();
    await eventually(() => c.snapshot()?.phase === 'idle');
    expect(c.snapshot()?.notices).toEqual([]);
  });

  it('trains with a file of its own where everybody does', async () => {
    const hub = new MemoryHub();
    const recipe = recipeOf({ private: true });
    const tabs = ['one', 'two'].map((name, at) => {
      const { desk: files, shelf: held } = desk({ own: `${name}.csv` });
      held.items.set(`${name}.csv`, new TextEncoder().encode(TABLE.slice(0, TABLE.length - 4 * at)));
      // A desk of its own shelf, and a file that the other does not have.
      return tab(hub, `tab-${name}`, recipe, files);
    });
    await eventually(() =>
      tabs.every(({ snapshot }) => snapshot()?.workers.length === 2 && snapshot()?.phase === 'idle'),
    );
    tabs[0]?.session.request({ kind: 'command', command: { kind: 'start', stopAt: null } });
    await eventually(() => tabs.every(({ snapshot }) => snapshot()?.phase === 'finished'));
    expect(tabs.map(({ snapshot }) => snapshot()?.workers.find(({ mine }) => mine)?.rows)).toEqual([6, 5]);
    const [first] = tabs;
    first?.session.request({ kind: 'holdings' });
    const report = first?.reports.findLast((each) => each.kind === 'holdings');
    expect(report).toMatchObject({
      holdings: { bins: ['a', 'b'], private: true, dealt: true, seats: [{ counts: [3, 3] }] },
    });
  });

  it('is told who holds what, before the start and after', async () => {
    const files = desk();
    const shared = tab(
      new MemoryHub(),
      'tab-a',
      buildRecipe({ dataset: { id: 'regression' }, model: { id: 'linear' } }),
      files.desk,
    );
    await eventually(() => shared.snapshot()?.phase === 'idle');
    shared.session.request({ kind: 'holdings' });
    const report = shared.reports.findLast((each) => each.kind === 'holdings');
    if (report?.kind !== 'holdings' || report.holdings === null) throw new Error('Nothing was told.');
    expect(report.holdings).toMatchObject({ ranges: true, dealt: false, private: false, heterogeneity: 0 });
    expect(report.holdings.bins).toHaveLength(8);
    const counts = report.holdings.seats[0]?.counts ?? [];
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
  });
});
