/** What a file turns out to be; of a table also which of its columns can be used, and why others cannot. */
import { gzipSync, strToU8, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { DataError } from './dataset.ts';
import { recognise } from './files-recognise.ts';

const decoder = { formats: [], decode: () => Promise.reject(new Error('none')) };
const look = (name: string, content: string | Uint8Array, wanted?: Parameters<typeof recognise>[4]) =>
  recognise(name, async () => (typeof content === 'string' ? strToU8(content) : content), decoder, 1, wanted);
const complaint = async (name: string, content: string | Uint8Array) => {
  const error = await look(name, content).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(DataError);
  return error instanceof Error ? error.message : '';
};

/** As tables of people often are: names, gaps, a stray word, and a last column that is no target. */
const MIXED = [
  'id,name,age,size,colour,kind,remark',
  ...Array.from({ length: 90 }, (_, k) =>
    [
      k,
      `name ${k}`,
      k === 4 ? '' : 20 + k,
      k === 7 ? 'tall' : 100 + k,
      ['red', 'blue'][k % 2],
      ['cat', 'dog', 'ant'][k % 3],
      'none',
    ].join(','),
  ),
].join('\n');

describe('a table with columns that cannot be used', () => {
  it('is used without them, and says of each why', async () => {
    const found = await look('pets.csv', MIXED);
    expect(found).toMatchObject({ id: 'csv', rows: 90, testRows: 18, width: 4, columnCount: 7 });
    // The last column has one value only; the one before is the first that can be a target.
    expect(found.options).toMatchObject({
      target: 'kind',
      columns: 'id,colour=blue,colour=red,remark=none',
      classes: 'ant,cat,dog',
    });
    expect(found.columns.filter(({ used }) => used).map(({ name }) => name)).toEqual([
      'id',
      'colour',
      'remark',
    ]);
    const trouble = new Map(found.columns.map(({ name, trouble }) => [name, trouble]));
    expect(trouble.get('name')).toBe('pets.csv: the column "name" has more than 64 different texts.');
    expect(trouble.get('age')).toBe('pets.csv, row 6: the column "age" is empty.');
    expect(trouble.get('size')).toMatch(/row 9: the column "size" holds "tall", which is not a number/);
    expect([trouble.get('id'), trouble.get('kind')]).toEqual([null, null]);
  });

  it('keeps to what somebody chose, and says what is wrong with that', async () => {
    const chosen = (options: Readonly<Record<string, string>>) =>
      look('pets.csv', MIXED, { id: 'csv', options });
    const found = await chosen({ target: 'colour', columns: 'id,kind' });
    expect(found.options).toMatchObject({ target: 'colour', columns: 'id,kind=ant,kind=cat,kind=dog' });
    expect((await chosen({ target: 'id' })).columns.filter(({ used }) => used).length).toBe(3);
    await expect(chosen({ target: 'kind', columns: 'id,age' })).rejects.toThrow('row 6: the column "age"');
    await expect(chosen({ target: 'size' })).rejects.toThrow('row 9: the column "size" holds "tall"');
  });

  it('is refused if nothing can be used, with the first trouble', async () => {
    expect(await complaint('two.csv', 'a,y\n,1\n2,2\n')).toMatch(/two\.csv, row 2: the column "a" is empty/);
  });
});

describe('other files', () => {
  it('are told by what is in them', async () => {
    expect((await look('notes.txt', 'To be,\nor not,\nto be,\n'.repeat(20))).id).toBe('text');
    expect((await look('unnamed', 'a;b\n1;2\n3;4\n')).id).toBe('csv');
    expect((await look('unnamed', 'one, two\nthree\nfour, five\n'.repeat(20))).id).toBe('text');
  });

  it('that are none of those read here are refused with what is', async () => {
    expect(await complaint('a.gz', gzipSync(strToU8('a,b\n')))).toBe(
      'a.gz is packed with gzip; unpack it first.',
    );
    expect(await complaint('a.pdf', Uint8Array.of(37, 80, 68, 70, 0, 1))).toMatch(
      /a\.pdf is none of the files read here/,
    );
    expect(await complaint('train-images-idx3-ubyte.gz', gzipSync(Uint8Array.of(0, 0, 8, 3)))).toMatch(
      /one IDX file; drop the file with the pictures and the one with the labels together/,
    );
    expect(await complaint('a.zip', zipSync({ 'a.csv': strToU8('a,b\n1,2\n') }))).toMatch(
      /neither IDX files nor pictures in class folders/,
    );
  });
});
