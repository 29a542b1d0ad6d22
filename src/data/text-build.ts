/**
 * Makes `public/data/source.txt`, the text that the lab learns to write out of the box: its own source
 * (Node only; runs when the lab is built or served, and before command-line runs). Shaders first, then the
 * TypeScript without its tests, in order of their paths, in plain ASCII, up to about a million characters.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { keepFile } from '../base/kept-file.ts';
import { SOURCE_TEXT_PATH } from './text.ts';

const MOST_CHARACTERS = 1_000_000;

/** What typing on a plain keyboard would have made of it. */
const PLAIN: Readonly<Record<string, string>> = {
  '×': 'x',
  '·': '*',
  '÷': '/',
  '−': '-',
  '–': '-',
  '—': '-',
  '‘': "'",
  '’': "'",
  '“': '"',
  '”': '"',
  '…': '...',
  '→': '->',
  '←': '<-',
  '≤': '<=',
  '≥': '>=',
  '≠': '!=',
  '≈': '~',
  '±': '+-',
  '∞': 'infinity',
  '√': 'sqrt',
  '‖': '||',
  Σ: 'sum',
  σ: 'sigma',
  π: 'pi',
  Ξ: 'Xi',
  λ: 'lambda',
  µ: 'u',
};

/** Printable ASCII and ends of lines; letters lose their accents, and what is left becomes a question mark. */
export function plainText(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(/\t/g, '  ')
    .replace(/[^\n -~]/gu, (character) => {
      const plain = PLAIN[character] ?? character.normalize('NFKD').replace(/\p{M}/gu, '');
      return /^[ -~]+$/.test(plain) ? plain : '?';
    });
}

/** Files below `folder` that end in `extension` and are no tests, in order of their paths. */
function filesOf(root: string, folder: string, extension: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((path) => `${folder}/${path.replaceAll('\\', '/')}`)
    .filter((path) => path.endsWith(extension) && !path.endsWith(`.test${extension}`))
    .sort((a, b) => (a < b ? -1 : 1));
}

/** The lab's source as one text; each file begins with its path in a comment. */
export function sourceText(root: string): string {
  let all = '';
  for (const path of [...filesOf(root, 'shaders', '.wgsl'), ...filesOf(root, 'src', '.ts')]) {
    const next = `// ${path}\n${plainText(readFileSync(join(root, path), 'utf8'))}\n`;
    if (all.length + next.length > MOST_CHARACTERS) break;
    all += next;
  }
  return all;
}

/**
 * Writes the file if it is missing or stale; several processes may do so at once.
 * @param root the repository's root folder.
 * @returns the file's path.
 */
export function ensureText(root: string): string {
  const path = join(root, 'public', SOURCE_TEXT_PATH);
  const wanted = sourceText(root);
  if (!existsSync(path) || readFileSync(path, 'utf8') !== wanted) keepFile(path, wanted);
  return path;
}
