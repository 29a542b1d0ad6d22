/** The training loss by its definition, whenever it is asked for. */
import { describe, expect, it } from 'vitest';
import { LOSS_WINDOW, LossWindow } from './loss-window.ts';

const lossOf = (round: number) => Math.sin(round) + 3 / round;
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

describe('a training loss', () => {
  it('is the mean over the last 20 rounds, of all at the start', () => {
    const window = new LossWindow();
    for (let round = 1; round <= 50; round += 1) {
      window.add({ round, loss: lossOf(round) });
      const rounds = Array.from({ length: Math.min(round, LOSS_WINDOW) }, (_, back) => round - back);
      expect(window.at(round)).toBeCloseTo(mean(rounds.map(lossOf)), 12);
    }
    expect(window.batches).toBe(50);
  });

  it('is of all batches of a round, and of the rounds that had any', () => {
    const window = new LossWindow();
    expect(window.at(3)).toBe(null);
    for (const [round, loss] of [
      [4, 1],
      [4, 2],
      [10, 6],
    ] as const) {
      window.add({ round, loss });
    }
    expect(window.at(10)).toBe(3);
    // The fourth round is 20 rounds back, and then the tenth.
    expect([window.at(23), window.at(24), window.at(29), window.at(30)]).toEqual([3, 6, 6, null]);
    expect([window.suffered, window.batches]).toEqual([9, 3]);
  });
});
