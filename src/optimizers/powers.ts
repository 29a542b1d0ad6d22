/**
 * Whole powers by repeated multiplication: the same bits in every engine, which `**` does not promise.
 * Replicas on different machines compute learning rates and bias corrections by themselves.
 */

/** base^n for whole n >= 0. */
export function wholePower(base: number, n: number): number {
  let result = 1;
  let square = base;
  for (let rest = n; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result *= square;
    square *= square;
  }
  return result;
}

/** c = 1 − β^t, by which Adam divides a moment after t steps: the weight that averaging has given out. */
export function biasCorrection(beta: number, t: number): number {
  return 1 - wholePower(beta, t);
}
