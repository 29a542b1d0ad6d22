/** Tables: what a good file becomes, and for every way to be wrong one sentence that says where. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { completeOptions, type Options } from '../base/options.ts';
import { csv } from './csv.ts';
import { MAX_FILE_BYTES, readTable } from './csv-table.ts';
import { DataError } from './dataset.ts';
import { nameListText, readNameList } from './name-list.ts';
import { splitRows } from './split.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);
const options = (given: Record<string, unknown> = {}) =>
  completeOptions('dataset', csv.options, { file: 'toy.csv', ...given });

/** The options filled in from this text, and the rows. */
async function loaded(text: string | Uint8Array, given: Record<string, unknown> = {}, seed = 1) {
  const asked: string[] = [];
  const fetchBytes = async (path: string) => {
    asked.push(path);
    return typeof text === 'string' ? bytesOf(text) : text;
  };
  const complete = (await csv.complete?.(options(given), fetchBytes)) ?? options(given);
  const data = await csv.load(complete, fetchBytes, seed);
  expect(new Set(asked)).toEqual(new Set(['file:toy.csv']));
  return { complete, data, shape: csv.shape(complete) };
}

async function complaint(text: string | Uint8Array, given: Record<string, unknown> = {}): Promise<string> {
  const error = await loaded(text, given).then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(DataError);
  const message = error instanceof Error ? error.message : '';
  expect(message).not.toContain('\n');
  return message;
}

describe('a table of numbers', () => {
  it('is used as it is: rows in order, the last column the target, nothing held out', async () => {
    const { complete, data, shape } = await loaded('a,b,y\n1,2,3\n-4.5,1e2,.5\n');
    expect(complete).toMatchObject({ target: 'y', columns: 'a,b', classes: '0' });
    expect(shape).toEqual({ width: 2, classes: 0 });
    expect(data).toMatchObject({ rows: 2, width: 2, classes: 0, scale: 1 });
    expect([...data.features]).toEqual([1, 2, -4.5, 100]);
    expect(data.labels).toEqual(Float32Array.of(3, 0.5));
    expect(csv.testRows(2, complete)).toBe(0);
  });

  it('has any column as its target, and any choice of the others', async () => {
    const text = 'a,b,y\n1,2,3\n4,5,6\n';
    expect([...(await loaded(text, { target: 'a' })).data.labels]).toEqual([1, 4]);
    const { data, complete } = await loaded(text, { target: 'y', columns: 'b' });
    expect(complete.columns).toBe('b');
    expect([...data.features]).toEqual([2, 5]);
  });

  it.each([
    ['semicolons and decimal commas', 'a;b;y\n1,5;2;3\n4;5;6\n'],
    ['tabs', 'a\tb\ty\n1.5\t2\t3\n4\t5\t6\n'],
    ['CRLF', 'a,b,y\r\n1.5,2,3\r\n4,5,6\r\n'],
    ['quotes', '"a","b","y"\n"1.5","2","3"\n"4",5,6'],
    ['spaces and blank lines', '\n a , b , y \n\n 1.5 , 2 , 3 \n4,5,6\n\n'],
    ['a byte order mark', '\ufeffa,b,y\n1.5,2,3\n4,5,6\n'],
  ])('may have %s', async (_what, text) => {
    const { data, complete } = await loaded(text);
    expect(complete).toMatchObject({ target: 'y', columns: 'a,b' });
    expect([...data.features, ...data.labels]).toEqual([1.5, 2, 4, 5, 3, 6]);
  });

  it.each([';', '\t'])('of two columns and few rows has its delimiter found: %j', async (delimiter) => {
    const { data, complete } = await loaded(`a,y\n1,2\n3,4\n`.replaceAll(',', delimiter));
    expect(complete).toMatchObject({ target: 'y', columns: 'a' });
    expect([...data.features, ...data.labels]).toEqual([1, 3, 2, 4]);
  });

  it('may be UTF-16, as some spreadsheets save it', async () => {
    const text = '\ufeffa,y\n1,2\n3,4\n';
    const bytes = new Uint8Array(Uint16Array.from(text, (character) => character.charCodeAt(0)).buffer);
    expect([...(await loaded(bytes)).data.features]).toEqual([1, 3]);
  });

  it('needs no header: columns are then 1, 2, 3', async () => {
    const { complete, data } = await loaded('1,2,3\n4,5,6\n');
    expect(complete).toMatchObject({ target: '3', columns: '1,2' });
    expect(data.rows).toBe(2);
    expect((await loaded('2019,2020\n1,2\n', { header: 'yes' })).complete.columns).toBe('2019');
    expect((await loaded('x,y\nx,z\nw,y\n', {})).data.rows).toBe(3);
  });

  it('is standardised on its training rows alone, if asked for', async () => {
    const rows = Array.from({ length: 40 }, (_, k) => `${k * k},7,${k % 2 === 0 ? 'u' : 'v'},${k}`);
    const { data, complete } = await loaded(`a,constant,text,y\n${rows.join('\n')}`, {
      standardise: true,
      test: 0.25,
    });
    expect(data.width).toBe(4);
    const { train, test } = splitRows(40, csv.testRows(40, complete), 1);
    expect(test).toHaveLength(10);
    const column = (at: number, over: Uint32Array) =>
      [...over].map((row) => data.features[row * 4 + at] ?? 0);
    const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    expect(mean(column(0, train))).toBeCloseTo(0, 5);
    expect(mean(column(0, train).map((value) => value ** 2))).toBeCloseTo(1, 5);
    expect(Math.abs(mean(column(0, test)))).toBeGreaterThan(0.01);
    expect(new Set(column(1, train))).toEqual(new Set([0]));
    expect(new Set(column(2, train))).toEqual(new Set([0, 1]));
    expect([...data.labels].sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, k) => k));
  });
});

describe('texts', () => {
  const text = 'size,colour,kind\n1,red,cat\n2,green,dog\n3,red,ant\n';

  it('become columns of zeros and ones, and a target of texts classes, in the order of characters', async () => {
    const { complete, data, shape } = await loaded(text);
    expect(complete).toMatchObject({ columns: 'size,colour=green,colour=red', classes: 'ant,cat,dog' });
    expect(shape).toEqual({ width: 3, classes: 3 });
    expect([...data.features]).toEqual([1, 0, 1, 2, 1, 0, 3, 0, 1]);
    expect(data.labels).toEqual(Uint8Array.of(1, 2, 0));
  });

  it('of another peer’s file are encoded by the agreed names', async () => {
    const { complete } = await loaded(text);
    const other = async () => bytesOf('size,colour,kind\n9,green,cat\n');
    const data = await csv.load(complete, other, 1);
    expect([...data.features, ...data.labels]).toEqual([9, 1, 0, 1]);
    const strange = async () => bytesOf('size,colour,kind\n9,green,cat\n8,blue,cat\n');
    await expect(csv.load(complete, strange, 1)).rejects.toThrow(
      'toy.csv, row 3: the column "colour" holds "blue", and the run knows green, red only.',
    );
    const unknown = async () => bytesOf('size,colour,kind\n9,green,cow\n8,red,cat\n');
    await expect(csv.load(complete, unknown, 1)).rejects.toThrow('row 2: the column "kind" holds "cow"');
  });

  it('of numbers are classes only if asked for, in the order of their values', async () => {
    const { data, complete } = await loaded('a,y\n1,10\n2,9\n3,10.0\n', { task: 'classification' });
    expect(complete.classes).toBe('9,10');
    expect([...data.labels]).toEqual([1, 0, 1]);
  });

  it('are too long for the recipe as names, and then only counted', async () => {
    const wide = Array.from({ length: 900 }, (_, k) => `column ${k}`);
    const { complete, shape } = await loaded(`${wide.join(',')},y\n${wide.map(() => 1).join(',')},2\n`);
    expect(complete.columns).toBe('#900');
    expect(shape.width).toBe(900);
    await expect(csv.load(complete, async () => bytesOf('a,y\n1,2\n'), 1)).rejects.toThrow(
      'toy.csv makes 1 columns; the run has 900.',
    );
  });
});

describe('a file that is wrong', () => {
  it.each<[string, string | Uint8Array, Record<string, unknown>, RegExp]>([
    ['empty', '', {}, /^toy.csv is empty/],
    ['only a header', 'a,b\n', { header: 'yes' }, /a header and no rows/],
    ['ragged', 'a,b,y\n1,2,3\n\n4,5\n', {}, /^toy.csv, row 4: it has 2 cells where the first row has 3/],
    ['an empty cell', 'a,y\n1,2\n,3\n4,5\n', {}, /^toy.csv, row 3: the column "a" is empty/],
    [
      'a word among numbers',
      'a,y\n1,2\nx,3\n4,5\n',
      {},
      /row 3: the column "a" holds "x", which is not a number/,
    ],
    ['a number beyond f32', 'a,y\n1,2\n1e39,3\n', {}, /row 3: the column "a" holds 1e39, which is too large/],
    ['a target that is not there', 'a,y\n1,2\n', { target: 'z' }, /no column "z"; its columns are a, y/],
    ['a column that is not there', 'a,y\n1,2\n', { columns: 'a,q' }, /no column "q"/],
    ['the target among the columns', 'a,y\n1,2\n', { columns: 'a,y' }, /the target "y" is among the columns/],
    ['a target alone', 'y\n1\n2\n', {}, /no column besides the target/],
    ['two columns of one name', 'a,a,y\n1,2,3\n', {}, /row 1: two columns are called "a"/],
    ['an open quote', 'a,y\n1,"2\n3,4\n', {}, /toy.csv, row 2: a quoted cell does not end/],
    ['bytes that are no text', Uint8Array.of(0x61, 0xff, 0x2c), {}, /not UTF-8 text/],
    ['a binary file', 'PK\u0003\u0004\0\0,\n', {}, /binary data/],
    ['one class', 'a,y\n1,u\n2,u\n', {}, /one value only/],
    ['texts to be predicted as numbers', 'a,y\n1,u\n2,v\n', { task: 'regression' }, /holds texts/],
    ['too many columns', `${'1,'.repeat(5000)}1\n`, {}, /row 1: it has 5001 cells; at most 4096/],
  ])('%s', async (_what, text, given, reason) => {
    expect(await complaint(text, given)).toMatch(reason);
  });

  it('with too many different texts in a column', async () => {
    const rows = Array.from({ length: 300 }, (_, k) => `name ${k},${k}`);
    expect(await complaint(`who,y\n${rows.join('\n')}`)).toMatch(/"who" has more than 64 different texts/);
    const swapped = rows.map((row) => row.split(',').reverse().join(','));
    expect(await complaint(`y,who\n${swapped.join('\n')}`)).toMatch(
      /"who" has 300 different values; at most 256/,
    );
  });

  it('that is too large: bytes, cells, and cells after texts became columns', async () => {
    expect(await complaint(new Uint8Array(MAX_FILE_BYTES + 1))).toMatch(/64 MiB/);
    expect(await complaint(`a,b\n${'1,2\n'.repeat(2_000_001)}`)).toMatch(/more than 4000000 cells/);
    const texts = Array.from({ length: 80_000 }, (_, k) => `t${k % 60},1\n`).join('');
    expect(await complaint(`a,y\n${texts}`)).toMatch(/80000 rows of 60 features; at most 4000000 numbers/);
  });

  it('gives a table or a sentence, whatever it holds', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        const result = await readTable('any.csv', bytes, 'auto').catch((error: unknown) => error);
        if (result instanceof Error) expect(result).toBeInstanceOf(DataError);
      }),
      { numRuns: 200 },
    );
    const cell = fc.constantFrom('1', '-2.5', 'x', '', '"a,b"', ',', '\n', '"');
    await fc.assert(
      fc.asyncProperty(fc.array(cell, { maxLength: 60 }), async (cells) => {
        const result = await loaded(cells.join(',')).catch((error: unknown) => error);
        if (result instanceof Error) expect(result).toBeInstanceOf(DataError);
      }),
      { numRuns: 200 },
    );
  });
});

it('refuses to run before a file and its columns are known', () => {
  expect(csv.refuses?.(options({ file: '' }))).toMatch(/csv:FILE/);
  expect(csv.refuses?.(options())).toMatch(/columns/);
  expect(csv.refuses?.(options({ columns: 'a' }))).toBe(null);
  const unfilled: Options = options();
  expect(csv.shape(unfilled)).toEqual({ width: 0, classes: 0 });
});

describe('a list of names in one line', () => {
  it('reads back, or gives way to its length', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.string().map((name) => name.trim()),
          { minLength: 1 },
        ),
        (names) => {
          const text = nameListText(names, 100);
          const read = readNameList(text);
          if (text === '') expect(names).toEqual(['']);
          else if (read.names === null) expect(read.count).toBe(names.length);
          else expect(read).toEqual({ count: names.length, names });
        },
      ),
    );
    expect(readNameList('#784')).toEqual({ count: 784, names: null });
    expect(nameListText(['#7'], 100)).toBe('#1');
  });
});
