import { expect, it } from 'vitest';
import { VirtualClock } from '../base/virtual-clock.ts';
import { Idle } from './idle.ts';

it('counts waits that overlap once, and none while something is computed that has not stopped', async () => {
  const clock = new VirtualClock();
  let total = 0;
  const idle = new Idle(clock, (milliseconds) => {
    total += milliseconds;
  });
  const sleep = (milliseconds: number) => () => clock.sleep(milliseconds);
  const all = Promise.all([
    idle.waiting(sleep(30)),
    idle.waiting(sleep(50)),
    // Computes from 0 to 10 and from 20 to 40.
    idle.computing(async () => {
      await clock.sleep(10);
      await idle.pausing(sleep(10));
      await clock.sleep(20);
    }),
  ]);
  await clock.pass(100);
  await all;
  expect(total).toBe(10 + 10);
  await Promise.all([idle.waiting(() => Promise.reject(new Error('gone'))).catch(() => 0), clock.pass(5)]);
  expect(total).toBe(20);
});
