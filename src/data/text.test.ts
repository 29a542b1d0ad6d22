/** Text as data: the alphabet, windows and their split, files of one's own, and the lab's source text. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { completeOptions } from '../base/options.ts';
import { DataError } from './dataset.ts';
import { DATASETS } from './index.ts';
import { splitRows } from './split.ts';
import { alphabetOf, SOURCE_TEXT_PATH, text } from './text.ts';
import { Alphabet, extraCharacters, MOST_EXTRA, PLAIN_TOKENS } from './text-alphabet.ts';
import { ensureText, plainText, sourceText } from './text-build.ts';

const options = (given: Record<string, unknown> = {}) => completeOptions('dataset', text.options, given);
const bytesOf = (content: string) => new TextEncoder().encode(content);
const load = (content: string, given: Record<string, unknown> = {}) =>
  text.load(options({ file: 'a.txt', ...given }), async () => bytesOf(content), 1);

describe('the alphabet', () => {
  it('has 97 tokens without extra characters, and brings ASCII back as it was', () => {
    const alphabet = new Alphabet('');
    const ascii = `${Array.from({ length: 95 }, (_, k) => String.fromCharCode(32 + k)).join('')}\n`;
    expect(alphabet.size).toBe(PLAIN_TOKENS);
    expect([...alphabet.encode(ascii)].toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 96 }, (_, k) => k + 1),
    );
    expect(alphabet.decode(alphabet.encode(ascii))).toBe(ascii);
  });

  it('adds characters by code point, and makes one of all the others', () => {
    const alphabet = new Alphabet('ßäé😀ä');
    expect(alphabet.size).toBe(PLAIN_TOKENS + 4);
    expect([...alphabet.encode('ßä😀é')]).toEqual([97, 98, 100, 99]);
    expect(alphabet.decode(alphabet.encode('Fuß 😀 Ж!'))).toBe('Fuß 😀 \ufffd!');
    expect(alphabet.decode(Uint8Array.of(0, 101, 255))).toBe('\ufffd\ufffd\ufffd');
  });

  it('counts every end of a line as one, and every space as a space', () => {
    const alphabet = new Alphabet('');
    expect(alphabet.decode(alphabet.encode('a\r\nb\rc\nd\te\u00a0f'))).toBe('a\nb\nc\nd e f');
  });

  it('never has more than 256 tokens, whatever is asked for', () => {
    const many = Array.from({ length: 300 }, (_, k) => String.fromCodePoint(0x400 + k)).join('');
    expect(new Alphabet(many).size).toBe(256);
    expect(new Alphabet('abc \u00a0\u200b\n\ud800').size).toBe(PLAIN_TOKENS);
    expect([...extraCharacters(many)]).toHaveLength(MOST_EXTRA);
  });

  it('is filled in with the most frequent characters of a file', async () => {
    const content = `äää${'öü'.repeat(2)}a\u00a0ж`;
    const filled = await text.complete?.(options({ file: 'a.txt' }), async () => bytesOf(content));
    expect(filled).toEqual(options({ file: 'a.txt', characters: 'äöüж' }));
    expect(alphabetOf(options(filled)).size).toBe(PLAIN_TOKENS + 4);
    const crowd = Array.from({ length: 200 }, (_, k) => String.fromCodePoint(0x500 + k)).join('');
    const kept = extraCharacters(`${crowd}${crowd.slice(100)}`);
    expect([...kept].slice(0, 59).join('')).toBe(crowd.slice(0, 59));
    expect(kept.endsWith(crowd.slice(100))).toBe(true);
  });

  it('is left as it is if given, and for the source text', async () => {
    const never = async () => expect.fail('nothing is to be read');
    for (const given of [{}, { file: 'a.txt', characters: 'é' }]) {
      expect(await text.complete?.(options(given), never)).toEqual(options(given));
    }
  });
});

describe('windows', () => {
  it('lie side by side, sharing one token with the next', async () => {
    const data = await load('abcdefghijk', { context: 3 });
    expect(data).toMatchObject({ rows: 3, width: 4, classes: 97, scale: 1, labels: new Uint8Array(3) });
    const alphabet = alphabetOf(options());
    expect(alphabet.decode(data.features as Uint8Array)).toBe('abcddefgghij');
    expect(text.shape(options({ context: 3 }))).toEqual({ width: 4, classes: 97, tokens: true });
  });

  it('are split where they lie: the last tenth, at least one, is for testing', () => {
    expect(text.testLast).toBe(true);
    expect([2, 9, 10, 29, 1000, 9000].map((rows) => text.testRows(rows, options()))).toEqual([
      1, 1, 1, 2, 100, 200,
    ]);
    const split = splitRows(5, 2, 7, true);
    expect([[...split.train], [...split.test]]).toEqual([
      [0, 1, 2],
      [3, 4],
    ]);
  });

  it('are refused with a sentence where the text is too short, too long, or no text', async () => {
    await expect(load('abcdef', { context: 3 })).rejects.toThrow('a.txt has 6 characters');
    await expect(load('', { context: 3 })).rejects.toThrow(DataError);
    const given = options({ file: 'a.txt' });
    const reading = (bytes: Uint8Array) => text.load(given, async () => bytes, 1);
    await expect(reading(Uint8Array.of(0x61, 0xff, 0xfe))).rejects.toThrow('UTF-8');
    await expect(reading(new Uint8Array(67_108_865))).rejects.toThrow('at most');
    const page = async () => bytesOf('<!DOCTYPE html><title>404</title>');
    await expect(text.load(options(), page, 1)).rejects.toThrow('build the lab again');
  });

  it('come from the lab, or from a file of that name', async () => {
    const paths: string[] = [];
    const fetchBytes = async (path: string) => {
      paths.push(path);
      return bytesOf('x'.repeat(600));
    };
    await text.load(options(), fetchBytes, 1);
    await text.load(options({ file: 'notes.md' }), fetchBytes, 1);
    expect(paths).toEqual([SOURCE_TEXT_PATH, 'file:notes.md']);
    expect(DATASETS).toContain(text);
  });
});

describe('the source text', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'murmuration-text-'));
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  it('is plain', () => {
    expect(plainText('a × b — “é”\r\n\tλ₂ ≤ 水')).toBe('a x b - "e"\n  lambda2 <= ?');
  });

  it('is that of the lab: shaders and modules without tests, hundreds of thousands of characters', () => {
    const source = sourceText(join(import.meta.dirname, '../..'));
    expect(source.length).toBeGreaterThan(300_000);
    expect(source.length).toBeLessThanOrEqual(1_000_000);
    expect(source).toMatch(/^\/\/ shaders\/[\w-]+\.wgsl\n/);
    expect(source).toContain('// src/base/clock.ts\n');
    expect(source).not.toContain('.test.ts\n');
    expect(source).toMatch(/^[\n -~]*$/);
  });

  it('is made once, and again when something changed', () => {
    mkdirSync(join(scratch, 'shaders'));
    mkdirSync(join(scratch, 'src/deep'), { recursive: true });
    writeFileSync(join(scratch, 'shaders/b.wgsl'), 'b\n');
    writeFileSync(join(scratch, 'src/deep/a.ts'), 'a\n');
    writeFileSync(join(scratch, 'src/a.test.ts'), 'test\n');
    const path = ensureText(scratch);
    expect(path).toBe(join(scratch, 'public', SOURCE_TEXT_PATH));
    expect(readFileSync(path, 'utf8')).toBe('// shaders/b.wgsl\nb\n\n// src/deep/a.ts\na\n\n');
    const { mtimeMs } = statSync(path);
    ensureText(scratch);
    expect(statSync(path).mtimeMs).toBe(mtimeMs);
    writeFileSync(join(scratch, 'src/deep/a.ts'), 'c\n');
    expect(readFileSync(ensureText(scratch), 'utf8')).toContain('\nc\n');
    rmSync(path);
    expect(existsSync(ensureText(scratch))).toBe(true);
  });
});
