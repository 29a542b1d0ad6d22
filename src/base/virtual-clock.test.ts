/** Virtual time: when it moves, in which order sleepers wake, and that it is real time's twin. */
import { describe, expect, it } from 'vitest';
import { VirtualClock } from './virtual-clock.ts';

const never = () => false;

describe('VirtualClock', () => {
  it('wakes sleepers by deadline, equal ones in the order they lay down', async () => {
    const clock = new VirtualClock();
    const woken: string[] = [];
    for (const [name, delay] of [
      ['c', 20],
      ['a', 10],
      ['b', 10],
      ['d', 20],
    ] as const) {
      clock.after(delay, () => woken.push(`${name}@${clock.now()}`));
    }
    expect(await clock.run(never, 100)).toBe(false);
    expect(woken).toEqual(['a@10', 'b@10', 'c@20', 'd@20']);
    expect(clock.waiting).toBe(0);
  });

  it('lets everything that is runnable run before time moves', async () => {
    const clock = new VirtualClock();
    const log: string[] = [];
    const chain = async () => {
      for (let step = 0; step < 50; step++) await Promise.resolve();
      log.push(`chain@${clock.now()}`);
      await clock.sleep(5);
      log.push(`slept@${clock.now()}`);
    };
    clock.after(5, () => log.push(`timer@${clock.now()}`));
    void chain();
    await clock.run(never, 100);
    // The chain lay down after the timer was set, at the same instant.
    expect(log).toEqual(['chain@0', 'timer@5', 'slept@5']);
  });

  it('finishes what one sleeper set in motion before an equal one wakes', async () => {
    const clock = new VirtualClock();
    const log: string[] = [];
    clock.after(1, () => {
      void Promise.resolve().then(() => log.push('aftermath of the first'));
    });
    clock.after(1, () => log.push('second'));
    await clock.run(never, 10);
    expect(log).toEqual(['aftermath of the first', 'second']);
  });

  it('stops as soon as the condition holds, and never passes the limit', async () => {
    const clock = new VirtualClock(1000);
    let count = 0;
    const again = () => {
      count++;
      clock.after(10, again);
    };
    again();
    expect(await clock.run(() => count === 4, 1000)).toBe(true);
    expect(clock.now()).toBe(1030);
    expect(await clock.run(never, 25)).toBe(false);
    expect(clock.now()).toBe(1055);
    await clock.pass(3);
    expect(clock.now()).toBe(1058);
  });

  it('cancels timers and aborts sleeps', async () => {
    const clock = new VirtualClock();
    const woken: number[] = [];
    const cancel = clock.after(5, () => woken.push(5));
    clock.after(4, cancel);
    const aborter = new AbortController();
    const outcome = clock.sleep(50, aborter.signal).then(
      () => 'slept',
      (reason: unknown) => reason,
    );
    clock.after(6, () => aborter.abort('stop'));
    await clock.run(never, 100);
    expect(woken).toEqual([]);
    expect(await outcome).toBe('stop');
    expect(clock.now()).toBe(6); // nothing was left to wait for
  });

  it('knows since when nobody works, whoever else sleeps', async () => {
    const clock = new VirtualClock(100);
    const { work } = clock;
    const seen: [number, number | null][] = [];
    for (const at of [1, 4, 9, 20]) clock.after(at, () => seen.push([clock.now(), clock.idleSince]));
    expect(clock.idleSince).toBe(100);
    const aborter = new AbortController();
    const stopped = work.sleep(50, aborter.signal).catch(() => clock.now());
    clock.after(6, () => aborter.abort());
    const woken: number[] = [];
    work.after(3, () => woken.push(work.now()));
    work.after(8, () => woken.push(work.now()))();
    await clock.run(never, 100);
    expect(seen).toEqual([
      [101, null],
      [104, null],
      [109, 106],
      [120, 106],
    ]);
    expect([await stopped, woken]).toEqual([106, [103]]);
  });
});
