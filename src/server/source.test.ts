/** The commit is found with git, without it, in a shallow clone and in an archive; and never one of another repository. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { sourceOf } from './source.ts';

const COMMIT = '0123456789abcdef0123456789abcdef01234567';
let root = '';

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'murmuration-source-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true });
});

function put(name: string, text: string): void {
  mkdirSync(join(root, name, '..'), { recursive: true });
  writeFileSync(join(root, name), text);
}

/** All of git's own settings are left out, as a test must not depend on them. */
function git(folder: string, ...args: readonly string[]): string {
  const who = ['-c', 'user.name=t', '-c', 'user.email=t@t', '-c', 'commit.gpgsign=false'];
  const env = { PATH: process.env.PATH, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' };
  return execFileSync('git', [...who, ...args], {
    ...{ cwd: folder, env, encoding: 'utf8' },
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
}

describe('with git, where there is one', () => {
  it('names the commit of a shallow clone, and says whether anything was changed', () => {
    if (spawnSync('git', ['--version']).error !== undefined) {
      expect(sourceOf(root)).toEqual({ commit: null, dirty: null, lockfile: null });
      return;
    }
    put('origin/package-lock.json', '{}');
    put('origin/src/a.ts', 'one');
    const origin = join(root, 'origin');
    git(origin, 'init', '-q', '-b', 'main');
    git(origin, 'add', '.');
    git(origin, 'commit', '-q', '-m', 'one');
    const commit = git(origin, 'rev-parse', 'HEAD');
    git(root, 'clone', '-q', '--depth', '1', `file://${origin}`, 'shallow');
    const clone = join(root, 'shallow');
    const lockfile = createHash('sha256').update('{}').digest('hex');
    expect(sourceOf(clone)).toEqual({ commit, dirty: false, lockfile });
    // Results and notes are no code; a new file among the sources is.
    put('shallow/results/run.json', '{}');
    expect(sourceOf(clone).dirty).toBe(false);
    put('shallow/src/new.ts', 'new');
    expect(sourceOf(clone).dirty).toBe(true);
    rmSync(join(clone, 'src/new.ts'));
    put('shallow/src/a.ts', 'two');
    expect(sourceOf(clone).dirty).toBe(true);
    // What a hook sets must not lead elsewhere, and a folder within another repository is not of its commits.
    vi.stubEnv('GIT_DIR', join(origin, '.git'));
    expect(sourceOf(clone).dirty).toBe(true);
    expect(sourceOf(join(clone, 'results'))).toEqual({ commit: null, dirty: null, lockfile: null });
    // Without git on the path the same commit is found, and the rest is not known.
    vi.stubEnv('PATH', '');
    expect(sourceOf(clone)).toEqual({ commit, dirty: null, lockfile });
  });
});

describe('without git', () => {
  beforeEach(() => vi.stubEnv('PATH', ''));

  it('reads the commit of a branch, a packed branch, a detached head and a linked work tree', () => {
    put('.git/HEAD', 'ref: refs/heads/main\n');
    put('.git/refs/heads/main', `${COMMIT}\n`);
    expect(sourceOf(root)).toEqual({ commit: COMMIT, dirty: null, lockfile: null });
    rmSync(join(root, '.git/refs'), { recursive: true });
    put('.git/packed-refs', `# pack-refs with: peeled\n${COMMIT} refs/heads/main\n`);
    expect(sourceOf(root).commit).toBe(COMMIT);
    put('.git/HEAD', `${COMMIT}\n`);
    expect(sourceOf(root).commit).toBe(COMMIT);
    put('.git/worktrees/w/HEAD', 'ref: refs/heads/main\n');
    put('.git/worktrees/w/commondir', '../..\n');
    put('w/.git', `gitdir: ${join(root, '.git/worktrees/w')}\n`);
    expect(sourceOf(join(root, 'w')).commit).toBe(COMMIT);
  });

  it('takes what an archive says, and nothing that is no commit', () => {
    expect(sourceOf(root).commit).toBeNull();
    put('.archive-commit', `${'$'}Format:%H${'$'}\n`);
    expect(sourceOf(root).commit).toBeNull();
    put('.archive-commit', `${COMMIT}\n`);
    expect(sourceOf(root)).toEqual({ commit: COMMIT, dirty: null, lockfile: null });
    put('.git/HEAD', 'ref: refs/heads/../../../etc/passwd\n');
    expect(sourceOf(root).commit).toBe(COMMIT);
    put('.git/HEAD', 'not a ref');
    expect(sourceOf(root).commit).toBe(COMMIT);
  });
});
