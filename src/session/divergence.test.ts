/** What is divergence, and what is not, loss by loss. */
import { describe, expect, it } from 'vitest';
import { constantLoss, DivergenceJudge } from './divergence.ts';

const GUESS = Math.log(10);

/** The round in which losses (of rounds 1, 2, …) are divergence, or null; and whether they are high at the end. */
function judged(losses: readonly number[], constant = GUESS) {
  const judge = new DivergenceJudge(constant);
  let at: number | null = null;
  for (const [index, loss] of losses.entries()) {
    if (judge.add([{ round: index + 1, loss }])) at ??= index + 1;
  }
  return { at, high: judge.isHigh(losses.length) };
}
const series = (length: number, loss: (round: number) => number) =>
  Array.from({ length }, (_, index) => loss(index + 1));

describe('divergence', () => {
  it('is a loss far above its start for long, also if it grows no more', () => {
    expect(judged(series(300, (t) => (t < 5 ? 2.3 : 15.7)))).toEqual({ at: 70, high: true });
    expect(judged(series(40, (t) => 2.3 * 1.5 ** t)).high).toBe(true);
  });

  it('is a loss very far above at the end of a run, however short', () => {
    expect(judged([2.4, 800, 2.5e31])).toEqual({ at: null, high: true });
    expect(judged([2.4, 2.5e31]).high).toBe(false);
  });

  it('is neither an overshoot of some rounds nor spikes, nor a start that is worse than guessing', () => {
    // As of a learning rate of 1 on two classes a worker, and of momentum.
    expect(judged(series(200, (t) => (t === 1 ? 2.5 : t < 12 ? 60 / t : 2)))).toEqual({
      at: null,
      high: false,
    });
    expect(judged(series(400, (t) => (t % 3 === 0 ? 1e9 : 2)))).toEqual({ at: null, high: false });
    expect(judged(series(400, (t) => 900 - t))).toEqual({ at: null, high: false });
  });

  it('is never a loss below that of the start or of a guess', () => {
    expect(judged(series(500, () => 6.8))).toEqual({ at: null, high: false });
    expect(judged(series(500, (t) => (t === 1 ? 0.001 : 2.4)))).toEqual({ at: null, high: false });
  });

  it('is judged by the rounds in which a client computed, as long as they are not long ago', () => {
    const judge = new DivergenceJudge(GUESS);
    const rounds = [3, 12, 21, 33, 40, 52, 61, 73];
    expect(rounds.map((round) => judge.add([{ round, loss: round === 3 ? 2.3 : 20 }]))).toEqual([
      ...[false, false, false, false, false, false, false],
      true,
    ]);
    expect([judge.isHigh(73), judge.isHigh(93)]).toEqual([true, false]);
  });

  it('is the same however losses come in', () => {
    const losses = series(100, (t) => (t < 9 ? 2 : 50)).map((loss, index) => ({ round: index + 1, loss }));
    const whole = new DivergenceJudge(GUESS);
    expect(whole.add(losses)).toBe(true);
    expect(whole.add([{ round: 101, loss: 50 }])).toBe(false);
  });
});

describe('a constant predictor', () => {
  it('gives every class alike, or the mean of the numbers', () => {
    expect(constantLoss(10, [], [])).toBe(GUESS);
    // Of 1, 3 and 8: mean 4, squares 9, 1 and 16.
    expect(constantLoss(0, [7, 1, 3, 8], [1, 2, 3])).toBeCloseTo(26 / 3 / 2, 12);
    expect(constantLoss(0, [], [])).toBe(0);
  });
});
