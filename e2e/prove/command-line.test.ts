/**
 * The command line on a disk that can only be read and on one that is full: real ones, mounted in a
 * namespace of their own (Linux, `unshare`).
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ensureBuilt, ROOT } from '../experiments/lab-build.ts';

const RUN =
  'node e2e/cli.mjs e2e/experiments/main.ts --transport memory --backend cpu --workers-per-tab 2 --rounds 3';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'murmuration-disks-'));
  await ensureBuilt(() => undefined);
});
afterAll(() => rm(folder, { recursive: true }));

/** A shell's lines with mounts of their own, in the lab's folder, with `$DIR` to write into. */
function shell(lines: string) {
  const script = `set -e\n${lines}`;
  const env = { ...process.env, DIR: folder, LAB: ROOT };
  return spawnSync('unshare', ['--mount', '--map-root-user', 'sh', '-c', script], {
    ...{ cwd: ROOT, env, encoding: 'utf8', timeout: 120_000 },
  });
}

it('serves the lab, and runs, where the lab can only be read', () => {
  const { stdout, stderr } = shell(`
    mount --bind "$LAB" "$LAB" && mount -o remount,ro,bind "$LAB" && cd "$LAB"
    ! touch node_modules/.vite-temp/x 2>/dev/null && echo read-only
    ${RUN} --json --out "$DIR/read-only" >/dev/null 2>&1; echo "run $?"
    ${RUN} --json >/dev/null || echo "refused $?"
    PORT=0 timeout -s INT 15 node e2e/cli.mjs e2e/start.ts || true`);
  expect(stdout).toMatch(/read-only\nrun 0\nrefused 2\n[\s\S]*Murmuration is at http:\/\/localhost:/);
  expect(stderr).toMatch(/results\/\S+ cannot be written to: that disk can only be read \(EROFS\)/);
});

it('leaves no half of a model where the disk is full, nor a run that looks complete', () => {
  const { stdout, stderr } = shell(`
    mkdir -p "$DIR/small" && mount -t tmpfs -o size=600k none "$DIR/small"
    ${RUN} --json --out "$DIR/small/run" || echo "full $?"
    ls "$DIR/small/run" "$DIR/small/run/unfinished"
    stat -c %s "$DIR/small/run/unfinished/model-0.safetensors"`);
  expect(stderr).toMatch(/model-1\.safetensors could not be written: the disk is full \(ENOSPC\)\. What is/);
  expect(stdout).toMatch(/"rounds":3[\s\S]*full 1\n/);
  expect(stdout).not.toMatch(/run\.json|model-1|model\.safetensors/);
  expect(Number(stdout.trim().split('\n').at(-1))).toBeGreaterThan(407_080);
});
