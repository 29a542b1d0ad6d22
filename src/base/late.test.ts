/** Parts fetched late: once if they come, anew if they did not, and ahead of being asked for. */
import { expect, it } from 'vitest';
import { fetchAhead, Late, LateError } from './late.ts';

/** A part that comes at the n-th fetch. */
function arrivingAt(attempt: number, cause: unknown = new TypeError('Failed to fetch')) {
  let fetches = 0;
  const part = new Late('The reader of tables', async () => {
    fetches += 1;
    if (fetches < attempt) throw cause;
    return { read: fetches };
  });
  return { part, fetches: () => fetches };
}

it('fetches a part once for all who ask', async () => {
  const { part, fetches } = arrivingAt(1);
  expect(part.part).toBeNull();
  const [a, b] = await Promise.all([part.load(), part.load()]);
  expect(a).toBe(b);
  expect(await part.load()).toBe(a);
  expect(part.part).toBe(a);
  expect(fetches()).toBe(1);
});

it('says in a sentence what did not come, and fetches it anew when asked again', async () => {
  const { part, fetches } = arrivingAt(2);
  const failed = await part.load().catch((error: unknown) => error);
  expect(failed).toBeInstanceOf(LateError);
  expect(String(failed)).toMatch(
    /The reader of tables could not be fetched: the lab’s server does not answer/,
  );
  expect(part.part).toBeNull();
  expect(await part.load()).toEqual({ read: 2 });
  expect(fetches()).toBe(2);
});

it('does not blame the server for a part that is broken', async () => {
  const { part } = arrivingAt(2, new RangeError('too much recursion'));
  await expect(part.load()).rejects.toThrow('The reader of tables does not start: too much recursion');
});

it('goes on fetching ahead what did not come, and leaves the rest alone', async () => {
  const timers: (() => void)[] = [];
  const after = (_milliseconds: number, action: () => void) => {
    timers.push(action);
    return () => {};
  };
  const fine = arrivingAt(1);
  const late = arrivingAt(3);
  await fetchAhead([late.part, fine.part], { after });
  expect([late.part.part, fine.part.part, timers.length]).toEqual([null, { read: 1 }, 1]);
  while (late.part.part === null) {
    timers.shift()?.();
    await late.part.load().catch(() => undefined);
  }
  expect(late.fetches()).toBe(3);
  expect(fine.fetches()).toBe(1);
});
