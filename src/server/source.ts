/**
 * Which sources these are: the commit they were checked out from, whether anything was changed since, and
 * the hash of the lock file, which names every package to the byte. For whoever quotes a figure.
 *
 * Git is asked where it answers. Where it is not installed, or does not trust the folder's owner, the commit
 * is read from `.git` by hand, and whether anything was changed is not known. An archive that git made (also a
 * host's download of a commit) carries its commit in `.archive-commit`. Nothing here throws: what cannot be
 * found out is null.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';

export interface Source {
  /** Full hash of the commit, or null where there is none. */
  readonly commit: string | null;
  /** Files that git knows differ from the commit, or code stands beside it that git does not know; null: unknown. */
  readonly dirty: boolean | null;
  /** SHA-256 of package-lock.json. */
  readonly lockfile: string | null;
}

/** Longer than any checkout takes that is not broken. */
const GIT_MS = 10_000;
const HASH = /^[0-9a-f]{40}([0-9a-f]{24})?$/;
/** Where files that git does not know are code, too; elsewhere they are results, notes and the like. */
const CODE = ['src', 'shaders', 'e2e'];

export function sourceOf(root: string): Source {
  const source = fromGit(root) ?? fromFolder(root) ?? fromArchive(root) ?? { commit: null, dirty: null };
  return { ...source, lockfile: hashOf(join(root, 'package-lock.json')) };
}

type Checkout = Omit<Source, 'lockfile'>;

function attempt<Result>(work: () => Result): Result | null {
  try {
    return work();
  } catch {
    return null;
  }
}

const hashOf = (file: string): string | null =>
  attempt(() => createHash('sha256').update(readFileSync(file)).digest('hex'));

function fromGit(root: string): Checkout | null {
  // A hook's or another tool's settings must not lead to another repository; nothing is written, not even an index.
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_'));
  const env = { ...Object.fromEntries(own), GIT_OPTIONAL_LOCKS: '0', LC_ALL: 'C' };
  const git = (...args: readonly string[]) =>
    execFileSync('git', ['-c', 'core.fsmonitor=false', ...args], {
      ...{ cwd: root, env, encoding: 'utf8', timeout: GIT_MS, maxBuffer: 2 ** 26 },
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  return attempt(() => {
    // Unpacked below some other repository, the lab is none of its commits.
    if (realpathSync(git('rev-parse', '--show-toplevel')) !== realpathSync(root)) return null;
    const commit = git('rev-parse', '--verify', 'HEAD');
    if (!HASH.test(commit)) return null;
    const changed = git('status', '--porcelain', '--untracked-files=no');
    const unknown = git('ls-files', '--others', '--exclude-standard', '--', ...CODE);
    return { commit, dirty: changed !== '' || unknown !== '' };
  });
}

/** The commit that `.git` names, without git; of a linked work tree `.git` is a file that says where it is. */
function fromFolder(root: string): Checkout | null {
  return attempt(() => {
    const text = (file: string) => readFileSync(file, 'utf8').trim();
    const dot = join(root, '.git');
    const linked = attempt(() => text(dot).match(/^gitdir: (.+)$/)?.[1] ?? null);
    const folder = linked === null ? dot : resolve(root, linked);
    const common = attempt(() => resolve(folder, text(join(folder, 'commondir')))) ?? folder;
    const head = text(join(folder, 'HEAD'));
    const name = head.match(/^ref: (refs\/[\w./-]+)$/)?.[1];
    const packed = () =>
      text(join(common, 'packed-refs'))
        .split('\n')
        .find((line) => line.endsWith(` ${name}`))
        ?.split(' ')[0];
    const commit = name === undefined ? head : (attempt(() => text(join(common, name))) ?? packed());
    return commit !== undefined && HASH.test(commit) ? { commit, dirty: null } : null;
  });
}

/** What git wrote in place of the placeholder as it made the archive. */
function fromArchive(root: string): Checkout | null {
  return attempt(() => {
    const commit = readFileSync(join(root, '.archive-commit'), 'utf8').trim();
    return HASH.test(commit) ? { commit, dirty: null } : null;
  });
}
