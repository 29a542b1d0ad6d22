/**
 * The state of a worker that rests, on the host: many more clients than train at once fit on one device.
 * Vectors come back bit for bit. FedML Parrot (arXiv 2303.01778) parks the state of its virtual clients so.
 */
import type { State } from '../algorithms/algorithm.ts';
import type { Compute, Vector } from '../compute/compute.ts';

type Named<Value> = Readonly<Record<string, Value>>;

export type Parked = Named<Float32Array | number>;

/** Copies of a state's vectors. */
export async function park(compute: Compute, state: State): Promise<Parked> {
  const entries = Object.entries(state).map(async ([name, value]) => {
    return [name, typeof value === 'number' ? value : await compute.read(value)] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** The state again, in vectors from `place`. */
export function unpark(
  compute: Compute,
  parked: Parked,
  place: (name: string, length: number) => Vector,
): State {
  const state: Record<string, Vector | number> = {};
  for (const [name, value] of Object.entries(parked)) {
    if (typeof value === 'number') {
      state[name] = value;
      continue;
    }
    const vector = place(name, value.length);
    compute.upload(vector, value);
    state[name] = vector;
  }
  const { x } = state;
  if (x === undefined || typeof x === 'number') throw new Error('A parked state has parameters.');
  return { ...state, x };
}
