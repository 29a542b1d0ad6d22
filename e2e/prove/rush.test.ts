/** Three tabs opened at the same instant find each other, every time: nobody is first. */
import { expect, it } from 'vitest';
import { Lab, until } from '../tests/lab.ts';
import { advance, agreed, start } from './flock.ts';

it('three tabs opened at once are one ring of three, five times over', async () => {
  const lab = await Lab.open();
  try {
    for (let turn = 0; turn < 5; turn += 1) {
      const context = await lab.browser.newContext();
      const pages = await Promise.all([1, 2, 3].map(() => context.newPage()));
      for (const page of pages) page.on('pageerror', (error) => lab.errors.push(error.message));
      await Promise.all(pages.map((page) => page.goto(lab.server.url)));
      await Promise.all(pages.map((page) => until(page, ({ phase }) => phase !== 'starting')));
      const snapshots = await agreed(pages, 3);
      for (const { edges, room } of snapshots) {
        expect(edges).toHaveLength(3);
        expect(room.code).toBe(snapshots[0]?.room.code);
      }
      const [first] = pages;
      if (first === undefined) throw new Error('There is a first tab.');
      await start(first);
      await advance(pages, 3);
      await context.close();
    }
    expect(lab.errors).toEqual([]);
  } finally {
    await lab.close();
  }
});
