/** What a newcomer downloads before the first round, in a real Chromium with an empty cache. */
import { expect, it } from 'vitest';
import { countBytes, savingData } from '../bench/first-load.ts';
import { Lab, until } from './lab.ts';

it('is less than 350 kB, gzipped, before data, charts and what is fetched ahead', async () => {
  const lab = await Lab.open();
  try {
    const page = await (await lab.browser.newContext()).newPage();
    await savingData(page);
    const bytes = countBytes(page);
    await page.goto(new URL('?rounds=1#room=new', lab.server.url).href);
    await until(page, ({ workers }) => workers.length > 0);
    await page.getByRole('button', { name: 'Start', exact: true }).click();
    await until(page, ({ phase }) => phase === 'finished');
    expect(await bytes()).toBeGreaterThan(200_000);
    expect(await bytes()).toBeLessThan(350_000);
  } finally {
    await lab.close();
  }
});
