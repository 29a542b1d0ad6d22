/**
 * From characters to tokens and back. The alphabet follows from the options of a run alone, so that token
 * 40 is the same character for every peer, whatever text each of them holds:
 *
 *     0 any other character, 1 the end of a line, 2 to 96 printable ASCII, then `characters`
 *
 * in the order of their code points. All together there are at most 256, so a token is a byte.
 */

/** Tokens that every alphabet has. */
export const PLAIN_TOKENS = 97;
/** Characters that can be added. */
export const MOST_EXTRA = 256 - PLAIN_TOKENS;
const UNKNOWN = 0;
const LINE_END = 1;
const FIRST_ASCII = 0x20;
const LAST_ASCII = 0x7e;

const codeOf = (character: string) => character.codePointAt(0) ?? 0;

/** Characters beyond ASCII that can be told apart: neither control or formatting ones nor kinds of space. */
function isExtra(character: string): boolean {
  return codeOf(character) > LAST_ASCII && !/[\p{Cc}\p{Cf}\p{Z}\p{Cs}]/u.test(character);
}

export class Alphabet {
  readonly #extra: readonly string[];
  readonly #tokens: ReadonlyMap<string, number>;

  /** @param characters those beyond printable ASCII; what cannot be used, and past the 159th, is left out. */
  constructor(characters: string) {
    const extra = [...new Set(characters)].filter(isExtra).slice(0, MOST_EXTRA);
    this.#extra = extra.sort((a, b) => codeOf(a) - codeOf(b));
    this.#tokens = new Map(this.#extra.map((character, at) => [character, PLAIN_TOKENS + at]));
  }

  /** Number of tokens. */
  get size(): number {
    return PLAIN_TOKENS + this.#extra.length;
  }

  /** One token a character: ends of lines of any system count as one, a tab or other space as a space. */
  encode(text: string): Uint8Array {
    const lines = text.replace(/\r\n?/g, '\n').replace(/[\t\p{Zs}]/gu, ' ');
    const tokens = new Uint8Array(lines.length);
    let count = 0;
    for (const character of lines) {
      const code = codeOf(character);
      let token = UNKNOWN;
      if (code >= FIRST_ASCII && code <= LAST_ASCII) token = code - FIRST_ASCII + 2;
      else if (code === 10) token = LINE_END;
      else token = this.#tokens.get(character) ?? UNKNOWN;
      tokens[count] = token;
      count += 1;
    }
    return tokens.slice(0, count);
  }

  /** What is no token of this alphabet, and token 0, become U+FFFD, the replacement character. */
  decode(tokens: Uint8Array): string {
    return Array.from(tokens, (token) => {
      if (token === LINE_END) return '\n';
      if (token > LINE_END && token < PLAIN_TOKENS) return String.fromCharCode(token - 2 + FIRST_ASCII);
      return this.#extra[token - PLAIN_TOKENS] ?? '\ufffd';
    }).join('');
  }
}

/** The characters beyond ASCII that a text uses most (ties: lower code point), at most 159, by code point. */
export function extraCharacters(text: string): string {
  const counts = new Map<string, number>();
  for (const character of text) {
    if (codeOf(character) > LAST_ASCII) counts.set(character, (counts.get(character) ?? 0) + 1);
  }
  return [...counts]
    .filter(([character]) => isExtra(character))
    .sort(([a, m], [b, n]) => n - m || codeOf(a) - codeOf(b))
    .slice(0, MOST_EXTRA)
    .map(([character]) => character)
    .sort((a, b) => codeOf(a) - codeOf(b))
    .join('');
}
