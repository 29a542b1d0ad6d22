/** From probabilities of labelled rows to who was taken for whom, and where a model was most wrong. Pure. */

export interface Wrong {
  /** Place among the rows given. */
  readonly at: number;
  readonly truth: number;
  readonly predicted: number;
  readonly confidence: number;
  readonly truthProbability: number;
}

/** The largest of each row (ties: the lower class). */
function largest(row: Float32Array): number {
  let best = 0;
  for (let k = 1; k < row.length; k += 1) if ((row[k] ?? 0) > (row[best] ?? 0)) best = k;
  return best;
}

/**
 * @param probabilities [rows, classes], row-major.
 * @param labels the rows' classes.
 * @param most how many of the wrong rows to name: those whose truth was least probable.
 */
export function confusionOf(
  probabilities: Float32Array,
  classes: number,
  labels: ArrayLike<number>,
  most: number,
): { readonly counts: Uint32Array; readonly wrong: readonly Wrong[] } {
  const counts = new Uint32Array(classes * classes);
  const wrong: Wrong[] = [];
  for (let at = 0; at < labels.length; at += 1) {
    const row = probabilities.subarray(at * classes, (at + 1) * classes);
    const truth = labels[at] ?? 0;
    const predicted = largest(row);
    counts[truth * classes + predicted] = (counts[truth * classes + predicted] ?? 0) + 1;
    if (predicted === truth) continue;
    const [confidence, truthProbability] = [row[predicted] ?? 0, row[truth] ?? 0];
    wrong.push({ at, truth, predicted, confidence, truthProbability });
  }
  wrong.sort((a, b) => a.truthProbability - b.truthProbability || a.at - b.at);
  return { counts, wrong: wrong.slice(0, most) };
}
