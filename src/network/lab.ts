/**
 * What a lab's server says about itself in `/lab.json`: its current room, which version it serves, and
 * where its signalling is. A static host says nothing; then the tabs of one browser find each other
 * without a server.
 */
import * as v from 'valibot';
import { readRoomName } from './room-name.ts';

/** Which build of the lab a tab runs. */
export interface LabBuild {
  /** Package version and a hash of the sources: equal means the same lab. */
  readonly version: string;
  /** When it was built, milliseconds since 1970: of two versions, the later wins. */
  readonly built: number;
}

export const labBuild = v.object({
  version: v.pipe(v.string(), v.minLength(1), v.maxLength(64)),
  built: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
});

const roomName = v.pipe(
  v.string(),
  v.check((room) => readRoomName(room).ok),
);
const origin = v.pipe(
  v.string(),
  v.maxLength(300),
  v.check((text) => URL.canParse(text) && new URL(text).origin === text && /^https?:/.test(text)),
);

const labSchema = v.object({
  ...labBuild.entries,
  /** The server's own room: where its plain address leads. */
  room: roomName,
  /** Rooms that were the server's before, and in which somebody still is. */
  former: v.optional(v.pipe(v.array(roomName), v.maxLength(8)), []),
  /** Where others can open the lab, the likeliest first: told to whoever opened it on localhost. */
  addresses: v.optional(v.pipe(v.array(origin), v.maxLength(16)), []),
  /** `path`: of the signalling server, below the folder that this file is in. */
  signalling: v.object({ path: v.pipe(v.string(), v.maxLength(256), v.regex(/^(?:\/[A-Za-z0-9._~-]+)+$/)) }),
});

/** The content of `/lab.json`. */
export type Lab = v.InferOutput<typeof labSchema>;

/** The name of a request's parameter by which a tab says that its room was the server's when it came. */
export const FORMER_ROOM = 'in';

/** Checks what a host answered for `/lab.json`; null if it is no lab's server (or anything else). */
export function parseLab(value: unknown): Lab | null {
  const result = v.safeParse(labSchema, value);
  return result.success ? result.output : null;
}
