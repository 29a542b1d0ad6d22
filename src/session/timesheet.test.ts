import { expect, it } from 'vitest';
import { VirtualClock } from '../base/virtual-clock.ts';
import { type Occupation, Timesheet } from './timesheet.ts';

it('counts every moment once, for what comes first', async () => {
  const clock = new VirtualClock();
  const total: Record<Occupation, number> = { applying: 0, computing: 0, compressing: 0, waiting: 0 };
  const sheet = new Timesheet(clock, (occupation, milliseconds) => {
    total[occupation] += milliseconds;
  });
  const sleep = (milliseconds: number) => () => clock.sleep(milliseconds);
  const all = Promise.all([
    sheet.during('waiting', sleep(30)),
    sheet.during('waiting', sleep(50)),
    sheet.during('compressing', sleep(14)),
    sheet.during('compressing', sleep(18)),
    // Computes from 0 to 10 and from 20 to 40.
    sheet.during('computing', async () => {
      await clock.sleep(10);
      await sheet.pausing(sleep(10));
      await clock.sleep(20);
    }),
  ]);
  await clock.pass(100);
  await all;
  expect(total).toEqual({ applying: 0, computing: 30, compressing: 8, waiting: 2 + 10 });
  // What fails is over, too.
  const failing = sheet.during('waiting', () => Promise.reject(new Error('gone'))).catch(() => 0);
  await Promise.all([failing, clock.pass(5)]);
  expect(sheet.now('applying', () => 7)).toBe(7);
  expect(total).toEqual({ applying: 0, computing: 30, compressing: 8, waiting: 12 });
});
