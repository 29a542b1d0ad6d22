/** What a room may be called, and which names are one room. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asksForNewRoom, printable, readRoomName, roomId, sameRoom } from './room-name.ts';

const nameOf = (text: string) => {
  const read = readRoomName(text);
  return read.ok ? read.name : null;
};
const whyNot = (text: string) => {
  const read = readRoomName(text);
  return read.ok ? null : read.why;
};

describe('a room’s name', () => {
  it.each([
    'Klasse_5b',
    '日本',
    'team.1',
    'a b',
    'BCDFGH',
    'Übung 3',
    'हिन्दी',
    '٣ب',
    'a'.repeat(64),
    '𝒳'.repeat(64),
  ])('may be what people write (%#)', (text) => {
    expect(nameOf(text)).toBe(text);
  });

  it('is composed, trimmed, and has single spaces', () => {
    expect(nameOf('  U\u0308bung \u00a0\u3000 drei\n')).toBe('Übung drei');
  });

  it.each([
    ['', 'It is empty.'],
    ['   ', 'It is empty.'],
    ['a/b', 'It contains “/”.'],
    ['a%b', 'It contains “%”.'],
    ['<b>', 'It contains “<”.'],
    ['🐦', 'It contains “🐦”.'],
    ['a\u0000b', 'It contains a character that cannot be seen, U+0000.'],
    ['a\nb', 'It contains a character that cannot be seen, U+000A.'],
    ['\u202egnirts', 'It contains a character that cannot be seen, U+202E.'],
    ['a\u200bb', 'It contains a character that cannot be seen, U+200B.'],
    ['a\u2028b', 'It contains a character that cannot be seen, U+2028.'],
    ['a\ud800', 'It contains a character that cannot be seen, U+D800.'],
    ['\ufffd', 'It contains “\ufffd”.'],
    ['\u0301a', 'It begins with an accent that stands on no letter.'],
    ['_.-', 'It has no letter and no digit.'],
    ['New', '“new” is the word that opens a fresh room.'],
    ['a'.repeat(65), 'It is longer than 64 characters.'],
    ['a'.repeat(5_000_000), 'It is longer than 64 characters.'],
  ])('is refused with the reason (%#)', (text, why) => {
    expect(whyNot(text)).toBe(why);
  });

  it('is never refused or read in a way that throws, and read names can be addresses', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 0x3ff_ff }), { maxLength: 80 }), (points) => {
        const text = String.fromCodePoint(...points);
        const read = readRoomName(text);
        if (read.ok) {
          expect(decodeURIComponent(encodeURIComponent(read.name))).toBe(read.name);
          expect(readRoomName(read.name)).toEqual(read);
        }
        printable(text);
      }),
      { numRuns: 50 },
    );
  });

  it('asks for a new room however it is written', () => {
    expect(['new', 'New', ' NEW '].map(asksForNewRoom)).toEqual([true, true, true]);
    expect(['news', '', 'n'.repeat(10_000)].map(asksForNewRoom)).toEqual([false, false, false]);
  });
});

describe('a room', () => {
  it('is the same where its name sounds the same', () => {
    for (const [one, other] of [
      ['BCDFGH', 'bcdfgh'],
      ['Klasse 5B', 'klasse 5b'],
      ['Übung', 'ÜBUNG'],
      ['U\u0308bung', '\u00fcbung'],
      ['Ｋｌａｓｓｅ　５ｂ', 'Klasse 5b'],
    ] as const) {
      expect(sameRoom(nameOf(one) ?? '1', nameOf(other) ?? '2'), `${one} ${other}`).toBe(true);
    }
  });

  it('is another where it does not', () => {
    const names = ['a b', 'a-b', 'a_b', 'a.b', 'ab', 'ä b', '日本', '本日', 'straße', 'strasse'];
    expect(new Set(names.map(roomId)).size).toBe(names.length);
    // Simple names in small letters are their own ids.
    expect(roomId('team-1')).toBe('team-1');
  });
});

describe('any text', () => {
  it('can be shown: nothing turns the line around, and it ends', () => {
    expect(printable('ab\u202ecd\u0000')).toBe('abU+202EcdU+0000');
    expect(printable('a b')).toBe('a b');
    expect(printable('x'.repeat(1000))).toBe(`${'x'.repeat(64)}…`);
    expect(printable('x'.repeat(64))).toBe('x'.repeat(64));
    expect(printable('𝒳'.repeat(65))).toBe(`${'𝒳'.repeat(64)}…`);
  });
});
