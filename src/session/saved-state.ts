/**
 * All that a worker's next round depends on, as a file: every vector and number that its algorithm keeps, the
 * round it is at, messages that are still to be made use of, and the totals so far. A run that goes on from
 * such files is the run that was never interrupted, as random numbers and batches are keyed by the round.
 *
 * The file is safetensors: one tensor for each vector, under its name, and the rest as JSON in the metadata
 * under `state`. Files are from anywhere: what does not fit is refused in one sentence.
 */
import * as v from 'valibot';
import type { Layout } from '../base/layout.ts';
import { decodeSafetensors, encodeSafetensors, SafetensorsError } from '../models/safetensors.ts';
import { LOSS_WINDOW, type LossRecord } from './loss-window.ts';
import type { Parked } from './parking.ts';

/** The file is no state of a worker that could go on here; one sentence says why. */
export class SavedStateError extends Error {
  override readonly name = 'SavedStateError';
}

/** A message that came, and that a coming round takes: of algorithms that look back. Payload in hexadecimal. */
const message = v.object({
  source: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xfffe)),
  round: v.pipe(v.number(), v.integer(), v.minValue(0)),
  step: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffff)),
  tag: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(255)),
  codec: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(255)),
  payload: v.pipe(v.string(), v.regex(/^(?:[0-9a-f]{2})*$/)),
});

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const finite = v.pipe(v.number(), v.finite());
/** JSON has no infinities, and no negative zero. */
const special = v.picklist(['NaN', 'Infinity', '-Infinity', '-0']);
const pairs = v.array(v.tuple([count, count]));

const schema = v.object({
  format: v.literal(1),
  /** The algorithm's whole state; otherwise the parameters alone, from which all else begins anew. */
  whole: v.boolean(),
  seat: v.pipe(count, v.maxValue(0xfffe)),
  /** Rounds behind it. */
  round: v.pipe(count, v.maxValue(0x7fff_ffff)),
  /** The first round that it has been through with the same members. */
  since: count,
  /** Seats that the data was dealt over. */
  dealt: v.pipe(count, v.minValue(1), v.maxValue(0xffff)),
  /** Simulated milliseconds of the run so far; 0 under the real clock. */
  simulated: v.pipe(finite, v.minValue(0)),
  numbers: v.record(v.string(), v.union([finite, special])),
  totals: v.record(v.string(), finite),
  sentTo: pairs,
  staleness: pairs,
  losses: v.object({
    rounds: v.pipe(
      v.array(v.object({ round: count, sum: finite, count })),
      v.maxLength(LOSS_WINDOW),
      v.readonly(),
    ),
    suffered: finite,
    batches: count,
    first: v.nullable(finite),
  }),
  late: v.array(message),
});

type About = v.InferOutput<typeof schema>;
export type LateMessage = v.InferOutput<typeof message>;

/** What of a worker's run is the worker's own. */
export interface WorkerProgress {
  readonly whole: boolean;
  readonly round: number;
  readonly since: number;
  readonly state: Parked;
  readonly totals: Readonly<Record<string, number>>;
  readonly sentTo: readonly (readonly [seat: number, bytes: number])[];
  readonly staleness: readonly (readonly [updates: number, count: number])[];
  readonly late: readonly LateMessage[];
}

/** A worker as it was between two rounds. */
export interface SavedWorker extends WorkerProgress {
  readonly seat: number;
  readonly dealt: number;
  readonly simulated: number;
  readonly losses: LossRecord;
}

/** A state file has a few vectors as long as the model; no run of this lab comes near so many bytes for a worker. */
export const MAX_STATE_BYTES = 1_073_741_824;
const KEY = 'state';

const told = (value: number) =>
  Number.isFinite(value) && !Object.is(value, -0) ? value : Object.is(value, -0) ? '-0' : String(value);
const meant = (value: number | string) => Number(value);

export function encodeState({ state, ...about }: SavedWorker): Uint8Array<ArrayBuffer> {
  const entries = Object.entries(state);
  const numbers = entries.flatMap(([name, value]) =>
    typeof value === 'number' ? [[name, told(value)]] : [],
  );
  const tensors = entries.flatMap(([name, data]) =>
    typeof data === 'number' ? [] : [{ name, shape: [data.length], data }],
  );
  const text = JSON.stringify({ format: 1, ...about, numbers: Object.fromEntries(numbers) });
  return encodeSafetensors({ tensors, metadata: { [KEY]: text } });
}

function aboutIn(metadata: Readonly<Record<string, string>>): About {
  const text = Object.hasOwn(metadata, KEY) ? metadata[KEY] : undefined;
  if (text === undefined) throw new SavedStateError('The file has parameters alone, no state to go on from.');
  let parsed: unknown = null;
  try {
    parsed = JSON.parse(text);
  } catch {
    // Said below.
  }
  const result = v.safeParse(schema, parsed, { abortEarly: true });
  if (result.success) return result.output;
  const where = (v.getDotPath(result.issues[0]) ?? 'state').slice(0, 80);
  throw new SavedStateError(`What the file says of its state cannot be: see its "${where}".`);
}

/** @throws {SavedStateError} for any bytes that are not the state of a worker with this layout. */
export function decodeState(bytes: Uint8Array, layout: Layout): SavedWorker {
  if (bytes.length > MAX_STATE_BYTES) {
    throw new SavedStateError(`The file has ${bytes.length} bytes; at most ${MAX_STATE_BYTES} are read.`);
  }
  try {
    const { tensors, metadata } = decodeSafetensors(bytes);
    const { format: _, numbers, ...about } = aboutIn(metadata);
    const state = new Map<string, Float32Array | number>();
    for (const [name, value] of Object.entries(numbers)) state.set(name, meant(value));
    for (const { name, data } of tensors) {
      if (!data.every(Number.isFinite)) {
        throw new SavedStateError(`The vector "${name}" in the file has infinite or missing numbers.`);
      }
      state.set(name, data);
    }
    const x = state.get('x');
    if (x === undefined || typeof x === 'number' || x.length !== layout.length) {
      const has = x === undefined || typeof x === 'number' ? 'none' : String(x.length);
      throw new SavedStateError(
        `The file is of another model: it has ${has} of the ${layout.length} parameters.`,
      );
    }
    return { ...about, state: Object.fromEntries(state) };
  } catch (error) {
    if (error instanceof SafetensorsError) {
      throw new SavedStateError(`This is not a safetensors file of 32-bit numbers: ${error.message}`);
    }
    throw error;
  }
}

/** States that this tab's workers are to go on from, by the name that the view gives the whole of them. */
export class SavedRuns {
  #held: { readonly id: string; readonly workers: ReadonlyMap<number, SavedWorker> } | null = null;

  hold(id: string, workers: readonly SavedWorker[]): void {
    this.#held = { id, workers: new Map(workers.map((worker) => [worker.seat, worker])) };
  }

  of(id: string, seat: number): SavedWorker | null {
    return this.#held?.id === id ? (this.#held.workers.get(seat) ?? null) : null;
  }
}
