/**
 * Makes sure there is a Chromium to test in; quiet and quick if there is one already.
 *
 * Order: one that is there (`browser.ts` knows where to look, `MURMURATION_CHROMIUM` overrides), then
 * Playwright's download, then the system's package. Every attempt has an end, and never asks for a
 * password. Plain JavaScript, because Node 20 runs it before anything else.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const here = path.dirname(fileURLToPath(import.meta.url));
const MINUTE = 60_000;

/** Runs one command with an end; true if it succeeded. Its output goes to standard error. */
function attempt(command, commandArguments, milliseconds) {
  console.error(`> ${[command, ...commandArguments].join(' ')}`);
  const result = spawnSync(command, commandArguments, {
    stdio: ['ignore', 2, 2],
    timeout: milliseconds,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  return result.status === 0;
}

/** The prefix that gives root without a question, or null. */
function rootPrefix() {
  if (process.platform !== 'linux') return null;
  if (process.getuid?.() === 0) return [];
  return spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0 ? ['sudo', '-n'] : null;
}

function works(executable) {
  if (executable === undefined) return false;
  // Windows' Chromium opens a window for --version; there its presence has to do.
  if (process.platform === 'win32') return true;
  return spawnSync(executable, ['--version'], { stdio: 'ignore', timeout: MINUTE }).status === 0;
}

function viaPlaywright(root) {
  const cli = path.join(here, '..', 'node_modules', 'playwright', 'cli.js');
  const withLibraries = root === null ? [] : ['--with-deps'];
  return attempt(process.execPath, [cli, 'install', '--no-shell', ...withLibraries, 'chromium'], 8 * MINUTE);
}

function viaPackages(root) {
  if (root === null || spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).status !== 0) return false;
  const [command, ...first] = [...root, 'apt-get'];
  attempt(command, [...first, 'update', '-q'], 5 * MINUTE);
  return attempt(command, [...first, 'install', '-y', '-q', 'chromium'], 10 * MINUTE);
}

const { module: browser } = await runnerImport(path.join(here, 'browser.ts'), { logLevel: 'error' });
const own = process.env.MURMURATION_CHROMIUM;
if (own && !works(own)) {
  console.error(`MURMURATION_CHROMIUM is ${own}, which does not start: correct it, or leave it out.`);
  process.exitCode = 1;
} else if (browser.findChromium() === undefined) {
  console.error('No Chromium found; bringing one for the tests (this happens once).');
  const root = rootPrefix();
  const found = () => works(browser.findChromium());
  if (!((viaPlaywright(root) && found()) || (viaPackages(root) && found()))) {
    console.error(
      'There is no Chromium, and none could be installed. Install one yourself ("npx playwright install ' +
        '--with-deps chromium", or your system\'s chromium or Google Chrome package), or set ' +
        'MURMURATION_CHROMIUM to the path of one, and run this again.',
    );
    process.exitCode = 1;
  }
}
