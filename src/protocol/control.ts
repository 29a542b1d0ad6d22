/**
 * Control messages: the small JSON messages about who is here and what the flock is doing.
 *
 * Every field is bounded, so a valid message is also a small one; unknown fields are dropped, so that two
 * builds of one protocol version can differ by an addition. What the messages mean is the room's affair;
 * this file only says what they look like. Checked with valibot, as everything from a peer is.
 */
import * as v from 'valibot';
import { failure, type ProtocolFailure } from './error.ts';
import { MAX_PART_BYTES } from './frame.ts';

/** Most bytes of one control message: it always fits in a single frame. */
export const MAX_CONTROL_BYTES = MAX_PART_BYTES;
/** Most seats of a view, and most workers of one peer. */
export const MAX_SEATS = 256;
export const MAX_WORKERS_PER_PEER = 64;
/** Most rows of a report, and most edges of a row. */
export const MAX_REPORT_ROWS = 64;
/** Most characters of a recipe's JSON text. */
export const MAX_RECIPE_LENGTH = 16_384;
/** Most commands that one view carries out. */
export const MAX_COMMANDS = 64;

const text = (maximum: number) => v.pipe(v.string(), v.maxLength(maximum));
const whole = (maximum: number) => v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(maximum));
const u32 = whole(0xffff_ffff);
const seat = whole(0xfffe);
const bytes = whole(Number.MAX_SAFE_INTEGER);
const finite = v.pipe(v.number(), v.finite());
const list = <Item extends v.GenericSchema>(item: Item, maximum: number) =>
  v.pipe(v.array(item), v.maxLength(maximum), v.readonly());

const peerId = v.pipe(v.string(), v.minLength(1), v.maxLength(64));
const viewId = v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/));
const hash = v.pipe(v.string(), v.regex(/^[0-9a-f]{0,64}$/));
/** SHA-256 of parameters as little-endian f32. */
const modelHash = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
/** A saved run that an epoch goes on from: see the room's `Resumed`. */
const resumedEntries = {
  id: modelHash,
  round: v.pipe(u32, v.maxValue(0x7fff_ffff)),
  dealt: v.pipe(whole(0xffff), v.minValue(1)),
  workers: whole(MAX_SEATS),
  exact: v.boolean(),
};
const backend = v.picklist(['webgpu', 'cpu', 'unknown']);
const mode = v.picklist(['graceful', 'abort']);

/** A proposal's number; the peer's id breaks ties. */
const ballot = v.object({ counter: u32, leader: peerId });
const viewName = v.object({ id: viewId, counter: u32 });

/** A view in brief: all that is needed to tell which of two views the other one's members join. */
export const standingSchema = v.object({
  id: viewId,
  counter: u32,
  leader: peerId,
  /** Seats in it. */
  size: whole(MAX_SEATS),
  /** Its data has been dealt: it may have something to lose. */
  trained: v.boolean(),
  /** Discovery found nobody else, or it has begun to train: a room, not a tab on its way to one. */
  established: v.boolean(),
});

/** The wire shape of the room's `View`. */
export const viewSchema = v.object({
  id: viewId,
  counter: u32,
  leader: peerId,
  parent: viewId,
  startRound: u32,
  recipeVersion: u32,
  recipe: text(MAX_RECIPE_LENGTH),
  run: v.object({
    running: v.boolean(),
    stopAt: v.nullable(u32),
    epoch: u32,
    dealt: v.nullable(whole(0xffff)),
    model: v.optional(modelHash),
    resumed: v.optional(v.object({ ...resumedEntries, began: u32 })),
    origin: v.optional(viewId),
  }),
  seats: list(
    v.object({ seat, peer: peerId, worker: whole(MAX_WORKERS_PER_PEER - 1), since: u32 }),
    MAX_SEATS,
  ),
});

/** The wire shape of the room's `Command`. */
export const commandSchema = v.variant('kind', [
  v.object({ kind: v.literal('start'), stopAt: v.nullable(u32) }),
  v.object({ kind: v.literal('pause') }),
  v.object({ kind: v.literal('step') }),
  v.object({
    kind: v.literal('reset'),
    model: v.optional(modelHash),
    resumed: v.optional(v.object(resumedEntries)),
  }),
  v.object({ kind: v.literal('recipe'), recipe: text(MAX_RECIPE_LENGTH), restart: v.boolean() }),
  v.object({ kind: v.literal('renew') }),
]);

const reportRow = v.object({
  seat,
  /** Rounds completed. */
  round: u32,
  /** The rounds that the training loss, and that loss and accuracy of the test, are of. */
  lossRound: u32,
  testRound: u32,
  trainLoss: v.nullable(finite),
  testLoss: v.nullable(finite),
  testAccuracy: v.nullable(v.pipe(v.number(), v.minValue(0), v.maxValue(1))),
  bytesSent: bytes,
  bytesReceived: bytes,
  /** Its training has diverged. */
  diverged: v.boolean(),
  /** ‖e‖ of what its compressor has left out so far. */
  residualNorm: v.nullable(v.pipe(finite, v.minValue(0))),
  /** Rows of training data it holds. */
  rows: u32,
  /** [neighbour's seat, algorithm bytes sent to it so far]. */
  edges: list(v.pipe(v.tuple([seat, bytes]), v.readonly()), MAX_REPORT_ROWS),
});

const controlSchema = v.variant('kind', [
  /** First message on a connection, both ways. */
  v.object({
    kind: v.literal('hello'),
    protocol: u32,
    /** Version of the lab, and when it was built (ms since 1970). */
    lab: text(40),
    built: whole(Number.MAX_SAFE_INTEGER),
    workers: whole(MAX_WORKERS_PER_PEER),
    name: text(40),
    backend,
    adapter: text(120),
    hidden: v.boolean(),
    view: standingSchema,
    recipeHash: hash,
    layoutHash: hash,
  }),
  v.object({
    kind: v.literal('refused'),
    reason: v.picklist(['protocol', 'lab', 'layout', 'full']),
    message: text(400),
  }),
  v.object({
    kind: v.literal('heartbeat'),
    view: standingSchema,
    /** To who leads its view: peers outside it that it hears. To who leads a senior one: all that it hears. */
    hears: list(peerId, MAX_SEATS),
    /** To who leads its view: members that it does not hear. Otherwise these lists are empty. */
    misses: list(peerId, MAX_SEATS),
    /** It is among those that lead its view, or would be next. */
    leads: v.boolean(),
    /** It rolled back for a change that never came, and needs another to go on. */
    owed: v.boolean(),
  }),
  /** Still there, and as in its last heartbeat. `ask`: the receiver is to answer at once. */
  v.object({ kind: v.literal('pulse'), ask: v.boolean() }),
  /** `view`: the view to be changed. `member`: the receiver is in it; otherwise it is asked to join. */
  v.object({ kind: v.literal('prepare'), ballot, mode, view: standingSchema, member: v.boolean() }),
  /** `next`: the first round this peer has not committed yet. */
  v.object({ kind: v.literal('promise'), ballot, next: u32, view: viewName }),
  /**
   * `ballot`: a higher one was promised. `view`: the receiver is in another view than was supposed.
   * `junior`: it will not leave its own view for that one. `recipe`: it cannot run the room's recipe.
   */
  v.object({
    kind: v.literal('reject'),
    ballot,
    view: viewName,
    reason: v.picklist(['ballot', 'view', 'junior', 'recipe']),
  }),
  /** `applied`: the commands that this view carries out. */
  v.object({
    kind: v.literal('commit'),
    ballot,
    view: viewSchema,
    mode,
    applied: list(v.object({ peer: peerId, number: u32 }), MAX_COMMANDS),
  }),
  /** `number` counts the sender's commands, so that one sent twice is carried out once. */
  v.object({ kind: v.literal('command'), number: u32, command: commandSchema }),
  v.object({ kind: v.literal('report'), rows: list(reportRow, MAX_REPORT_ROWS), epoch: u32 }),
  v.object({ kind: v.literal('bye') }),
]);

export type ControlMessage = v.InferOutput<typeof controlSchema>;
export type ControlKind = ControlMessage['kind'];
/** The control message of one kind. */
export type ControlOf<Kind extends ControlKind> = Extract<ControlMessage, { kind: Kind }>;
export type ReportRow = ControlOf<'report'>['rows'][number];

export type ControlResult = { readonly ok: true; readonly message: ControlMessage } | ProtocolFailure;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * UTF-8 JSON of a message, ready to be a control frame's payload.
 * @throws {RangeError} for a message that no peer would accept: a mistake of the caller's.
 */
export function encodeControl(message: ControlMessage): Uint8Array {
  const encoded = encoder.encode(JSON.stringify(message));
  const checked = decodeControl(encoded);
  if (!checked.ok) throw new RangeError(`Cannot send this ${message.kind}: ${checked.error.message}`);
  return encoded;
}

/** Reads and checks a control frame's payload. Total: any bytes give a message or a named error. */
export function decodeControl(payload: Uint8Array): ControlResult {
  if (payload.length > MAX_CONTROL_BYTES) {
    return failure(
      'too-large',
      `A control message of ${payload.length} bytes; ${MAX_CONTROL_BYTES} are allowed.`,
    );
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(decoder.decode(payload));
  } catch {
    return failure('control', 'A control message is not JSON in UTF-8.');
  }
  const result = v.safeParse(controlSchema, parsed, { abortEarly: true });
  if (result.success) return { ok: true, message: result.output };
  const [issue] = result.issues;
  const path = (v.getDotPath(issue) ?? 'message').slice(0, 80);
  return failure('control', `A control message is malformed at "${path}": ${issue.message.slice(0, 200)}.`);
}

/** Splits a report with many rows into messages that each stay well within the size limit. */
export function reportMessages(rows: readonly ReportRow[], epoch: number): ControlOf<'report'>[] {
  const messages: ControlOf<'report'>[] = [];
  const rowsEach = 16; // of at most about 2 kB
  for (let start = 0; start < rows.length; start += rowsEach) {
    messages.push({ kind: 'report', rows: rows.slice(start, start + rowsEach), epoch });
  }
  return messages;
}
