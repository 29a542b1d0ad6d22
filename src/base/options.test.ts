/** Options of text: length, form, what is said when they are wrong. Other kinds: `src/recipe`. */
import { describe, expect, it } from 'vitest';
import { allowed, OptionError, optionText, parseOption, type TextOption, textOption } from './options.ts';

const plain: TextOption = { kind: 'text', default: '', maxLength: 8, label: 'name', help: 'A name.' };
const formed: TextOption = {
  ...plain,
  pattern: { expression: /^[a-z]*$/, words: 'small letters' },
};

describe('a text option', () => {
  it('takes any printable line up to its length, without spaces around it', () => {
    expect(parseOption('name', plain, '  a b:c ')).toBe('a b:c');
    expect(parseOption('name', plain, '')).toBe('');
    expect(parseOption('name', plain, '12345678')).toBe('12345678');
    expect(optionText(plain, 'a,b')).toBe('a,b');
  });

  it.each(['123456789', 'a\nb', 'a\u0000', 7, null, ['a']])('refuses %j, saying what is allowed', (given) => {
    expect(() => parseOption('name', plain, given)).toThrow(OptionError);
    expect(() => parseOption('name', plain, given)).toThrow(
      'it must be text of one line, up to 8 characters.',
    );
  });

  it('of a form refuses what has another', () => {
    expect(parseOption('name', formed, ' abc ')).toBe('abc');
    expect(() => parseOption('name', formed, 'aBc')).toThrow('must be small letters, up to 8 characters.');
    expect(allowed(formed)).toBe('small letters, up to 8 characters');
  });

  it('is read back as text, and nothing else is', () => {
    expect(textOption({ name: 'x' }, 'name')).toBe('x');
    expect(() => textOption({ name: 3 }, 'name')).toThrow(OptionError);
  });
});
