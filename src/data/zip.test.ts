/** Archives: round trips, and those that were made to do harm. */

import fc from 'fast-check';
import { strToU8, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { DataError } from './dataset.ts';
import { isZip, MAX_ARCHIVE_BYTES, packZip, unpackZip } from './zip.ts';
import { crc32, listedChecksums } from './zip-checksums.ts';

const complaint = async (bytes: Uint8Array) => {
  const error = await unpackZip('a.zip', bytes).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(DataError);
  return String(error);
};

/** Sets the unpacked size that an archive's table of contents gives for its first file. */
function lie(archive: Uint8Array, size: number): Uint8Array {
  const bytes = archive.slice();
  const view = new DataView(bytes.buffer);
  const at = bytes.findIndex((_, i) => i + 4 <= bytes.length && view.getUint32(i, true) === 0x02014b50);
  view.setUint32(at + 24, size, true);
  return bytes;
}

describe('an archive', () => {
  it('gives back the files that were packed, in the order of their paths', async () => {
    const path = fc.stringMatching(/^[a-z0-9]{1,8}(\/[a-z0-9]{1,8}){0,2}\.bin$/);
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(path, fc.uint8Array({ maxLength: 40 }), { maxKeys: 6 }),
        async (files) => {
          const packed = await packZip(Object.entries(files).map(([name, bytes]) => ({ path: name, bytes })));
          expect(isZip(packed)).toBe(true);
          const unpacked = await unpackZip('a.zip', packed);
          expect(Object.fromEntries(unpacked.map((each) => [each.path, new Uint8Array(each.bytes)]))).toEqual(
            { ...files },
          );
          expect(unpacked.map((each) => each.path)).toEqual(Object.keys(files).sort());
        },
      ),
    );
  });

  it('leaves out folders and clutter, and reads paths of either slash', async () => {
    const bytes = strToU8('x');
    const archive = zipSync({
      'a/': new Uint8Array(),
      'a/b.png': bytes,
      'c\\d.png': bytes,
      './e.png': bytes,
      '__MACOSX/a/._b.png': bytes,
      '.git/f.png': bytes,
      'a/.DS_Store': bytes,
    });
    expect((await unpackZip('a.zip', archive)).map(({ path }) => path)).toEqual([
      'a/b.png',
      'c/d.png',
      'e.png',
    ]);
  });

  it.each(['../a', 'a/../../b', '/etc/a', 'C:\\a', '..\\a', 'a\0b'])('refuses the path %j', async (path) => {
    expect(await complaint(zipSync({ [path]: strToU8('x') }))).toMatch(/a\.zip: the path/);
  });

  it('caps what it unpacks to, before it unpacks', async () => {
    expect(await complaint(zipSync({ zeros: new Uint8Array(20_000_000) }))).toMatch(/times its size/);
    const small = zipSync({ a: strToU8('aaaaaaaaaaaaaaaaaaaa') });
    expect(await complaint(lie(small, MAX_ARCHIVE_BYTES + 1))).toMatch(/256 MiB/);
    expect(await complaint(lie(small, 21))).toMatch(/20 bytes instead of 21/);
    // No more is written than was said, and that is not what the checksum is of.
    expect(await complaint(lie(small, 19))).toMatch(/a is damaged, as its checksum shows/);
    expect(await complaint(zipSync({ 'a/b': strToU8('1'), 'a\\b': strToU8('2') }))).toMatch(/a\/b twice/);
    const many = Object.fromEntries(Array.from({ length: 50_001 }, (_, i) => [`${i}`, new Uint8Array()]));
    expect(await complaint(zipSync(many, { level: 0 }))).toMatch(/more than 50000 files/);
  });

  it('with a byte that has changed is refused, wherever that byte lies in a file', async () => {
    const content = Uint8Array.from({ length: 300 }, (_, k) => (k * k) % 251);
    // Without compression every byte of the content lies in the archive as it is.
    const archive = zipSync({ a: strToU8('first'), 'b/c': content }, { level: 0 });
    const begin = archive.findIndex((_, at) => content.every((byte, k) => archive[at + k] === byte));
    await fc.assert(
      fc.asyncProperty(fc.nat(content.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const bytes = archive.slice();
        bytes[begin + at] = (bytes[begin + at] ?? 0) ^ change;
        expect(await complaint(bytes)).toMatch(/a\.zip: b\/c is damaged, as its checksum shows/);
      }),
    );
    const packed = zipSync({ 'b/c': content }, { level: 9, comment: 'kept' });
    expect((await unpackZip('a.zip', packed)).map(({ bytes }) => [...bytes])).toEqual([[...content]]);
  });

  it('has the checksums that its standard has', () => {
    // The check value of CRC-32/ISO-HDLC.
    expect(crc32(strToU8('123456789'))).toBe(0xcbf43926);
    expect(crc32(new Uint8Array())).toBe(0);
    const archive = zipSync({ a: strToU8('123456789'), b: new Uint8Array() });
    expect(listedChecksums(archive, 2)).toEqual([0xcbf43926, 0]);
    expect(listedChecksums(archive, 1)).toEqual([0xcbf43926]);
    expect(listedChecksums(strToU8('no archive'), 3)).toEqual([]);
  });

  it('is total: any bytes are files or a sentence that names the archive', async () => {
    const sound = zipSync({ 'a/b': strToU8('hello hello hello'), c: strToU8('there') });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(sound.length - 1), fc.nat(255)), { maxLength: 6 }),
        fc.nat(sound.length),
        async (changes, length) => {
          const bytes = sound.slice(0, length);
          for (const [at, value] of changes) if (at < length) bytes[at] = value;
          try {
            await unpackZip('a.zip', bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(DataError);
            expect(String(error)).toContain('a.zip');
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
