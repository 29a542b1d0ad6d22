/** The gate of a lane whose carrier is full: reliable lanes say so, the lossy one drops. */
import { expect, test } from 'vitest';
import { DrainGate, QUEUE_LIMIT_BYTES } from './book.ts';
import { HIGH_WATER_BYTES, LANES, LOW_WATER_BYTES } from './transport.ts';

test.each(LANES)('a full queue of the %s lane', async (lane) => {
  const gate = new DrainGate(lane);
  expect(gate.admit(QUEUE_LIMIT_BYTES - 10, 10)).toBe(true);
  if (lane === 'lossy') expect(gate.admit(QUEUE_LIMIT_BYTES - 10, 11)).toBe(false);
  else expect(() => gate.admit(QUEUE_LIMIT_BYTES - 10, 11)).toThrow(/already wait to be sent/);

  let through = false;
  const waiting = gate.wait(HIGH_WATER_BYTES + 1).then(() => {
    through = true;
  });
  for (let turn = 0; turn < 5; turn += 1) await null;
  expect(through, 'nobody waits on the lossy lane').toBe(lane === 'lossy');
  gate.drained(LOW_WATER_BYTES);
  await waiting;
});
