/**
 * Lists of names as one line of text, for options that peers must agree on (the columns of a table, its
 * classes): names separated by commas, a comma or backslash in a name after a backslash. Where that would
 * be too long the number of names stands for them, as `#784`.
 */

export interface NameList {
  readonly count: number;
  /** null if only their number is known. */
  readonly names: readonly string[] | null;
}

const COUNT = /^#(\d{1,6})$/;

/** `names` in one line of at most `maxLength` characters. */
export function nameListText(names: readonly string[], maxLength: number): string {
  const text = names.map((name) => name.replace(/[\\,]/g, '\\$&')).join(',');
  // A lone name that looks like a count gives way to the count.
  return text.length > maxLength || COUNT.test(text) ? `#${names.length}` : text;
}

/** The inverse of `nameListText`; no text is no names. */
export function readNameList(text: string): NameList {
  const count = COUNT.exec(text)?.[1];
  if (count !== undefined) return { count: Number(count), names: null };
  if (text === '') return { count: 0, names: [] };
  const names = [''];
  for (let i = 0; i < text.length; i++) {
    const character = text.charAt(i);
    if (character === ',') names.push('');
    else if (character === '\\' && i + 1 < text.length) names.push((names.pop() ?? '') + text.charAt(++i));
    else names.push((names.pop() ?? '') + character);
  }
  return { count: names.length, names: names.map((name) => name.trim()) };
}
