/** What keeps `npm start` and a browser from starting is one sentence that says what to do. */
import { createServer } from 'node:http';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { BrowserError, openChromium } from './browser.ts';
import { main } from './start.ts';

afterEach(() => void vi.unstubAllEnvs());

async function refusal(env: Readonly<Record<string, string>>, args: readonly string[] = []) {
  for (const [name, value] of Object.entries({
    ...{ PORT: '', HOST: '', MURMURATION_ROOM: '', MURMURATION_HOSTS: '' },
    ...env,
  }))
    vi.stubEnv(name, value);
  const said: string[] = [];
  const spy = vi.spyOn(console, 'error').mockImplementation((text) => void said.push(String(text)));
  const code = await main(args, AbortSignal.abort());
  spy.mockRestore();
  return { code, said };
}

describe('npm start', () => {
  it('refuses an address that cannot be had before it builds anything', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const bound = server.address();
    const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
    const cases = [
      [{ PORT: 'abc' }, [], /^PORT: “abc” is no port/],
      [{ PORT: '18080', HOST: 'no such host' }, [], /^HOST: “no such host”/],
      [
        { MURMURATION_ROOM: 'a/b' },
        [],
        /^MURMURATION_ROOM: “a\/b” cannot be a room's name[.] It contains “\/”/,
      ],
      [{ MURMURATION_HOSTS: 'http://a' }, [], /^MURMURATION_HOSTS: “http:\/\/a” is no host name/],
      [{ PORT: String(port) }, [], /is already in use; choose another with PORT/],
      [{}, ['--port', '3000'], /takes no flags: PORT and HOST/],
    ] as const;
    for (const [env, args, words] of cases) {
      expect(await refusal(env, args)).toEqual({ code: 2, said: [expect.stringMatching(words)] });
    }
    server.close();
  });
});

describe('a Chromium that is none', () => {
  it.each([
    ['/nowhere/chromium', /there is no such file/],
    [process.execPath, /exitCode=9/],
  ])('%s: a sentence with the cure', async (executable, words) => {
    vi.stubEnv('MURMURATION_CHROMIUM', executable);
    const error = await openChromium().then(
      () => null,
      (why: unknown) => why,
    );
    if (!(error instanceof BrowserError)) throw error;
    expect(error.message).toMatch(words);
    expect(error.message).toMatch(/MURMURATION_CHROMIUM names it; correct that, or leave it out\.$/);
    expect(error.message.length).toBeLessThan(300);
    expect(error.message).not.toContain('\n');
  });
});
