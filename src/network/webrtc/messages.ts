/**
 * Everything the parts of the WebRTC transport say to each other: page and worker over a MessagePort (one
 * program, hence plain types), and tabs through the signalling server (strangers, hence schemas). The
 * signalling server relays PeerJS's OFFER, ANSWER and CANDIDATE, and our own ring and roster as CANDIDATEs
 * of a reserved connection id, so any PeerServer will do.
 */
import * as v from 'valibot';
import { type LabBuild, labBuild } from '../lab.ts';
import type { Lane, PeerId } from '../transport.ts';

/** Most peers a tab connects to: a full mesh of so many and itself. */
export const MAX_LINKS = 64;
/** Label of our PeerJS connections; any other is refused. */
export const LINK_LABEL = 'murmuration';
/** Stream ids of the lanes, the same at both ends; PeerJS's own channel takes a low one. */
export const LANE_STREAMS: Readonly<Record<Lane, number>> = { control: 101, bulk: 102, lossy: 103 };

/** How a tab stands with the signalling server and its room. */
export interface WebRtcStatus {
  /** `down`: unreachable for now; connections that exist go on, and it is tried again for ever. */
  readonly signalling: 'connecting' | 'connected' | 'down';
  /**
   * `searching` until it is known who is there; then `alone` (nobody is), `found` (connected to somebody),
   * or `unreachable` (the room has others, but no WebRTC connection to them comes about).
   */
  readonly discovery: 'searching' | 'alone' | 'found' | 'unreachable';
  /** A newer version of the lab is in this room: reload. */
  readonly outdated: boolean;
  /** This tab answers the room's door. */
  readonly holder: boolean;
}

export const INITIAL_STATUS: WebRtcStatus = {
  signalling: 'connecting',
  discovery: 'searching',
  outdated: false,
  holder: false,
};

/** Page to worker. */
export type ToWorker =
  | {
      readonly kind: 'link';
      readonly link: number;
      readonly peer: PeerId;
      /** The channels themselves, or (where they cannot be transferred) a port that stands for all. */
      readonly via: Readonly<Record<Lane, RTCDataChannel>> | MessagePort;
    }
  | { readonly kind: 'down'; readonly link: number; readonly reason: string }
  | { readonly kind: 'status'; readonly status: WebRtcStatus };

/** Worker to page. */
export type ToPage =
  | { readonly kind: 'joined'; readonly link: number }
  /** The worker is done with a link; `ours`: it ended it itself, for cause. */
  | { readonly kind: 'drop'; readonly link: number; readonly ours: boolean }
  | { readonly kind: 'close' };

/** On a relay's port, page to worker. `left`: so many bytes of a lane have left the page's queue. */
export type RelayToWorker =
  | { readonly kind: 'open'; readonly lane: Lane }
  | { readonly kind: 'bytes'; readonly lane: Lane; readonly bytes: ArrayBuffer }
  | { readonly kind: 'left'; readonly lane: Lane; readonly bytes: number }
  | { readonly kind: 'closed'; readonly lane: Lane; readonly reason: string };

/** On a relay's port, worker to page. `taken`: the worker has dealt with so many bytes. */
export type RelayToPage =
  | { readonly kind: 'bytes'; readonly lane: Lane; readonly bytes: ArrayBuffer }
  | { readonly kind: 'taken'; readonly bytes: number }
  | { readonly kind: 'close' };

const peerId = v.pipe(v.string(), v.maxLength(64), v.regex(/^[A-Za-z0-9]+(?:[_-][A-Za-z0-9]+)*$/));
const connectionId = v.pipe(v.string(), v.minLength(1), v.maxLength(64));
const sdp = (type: 'offer' | 'answer') =>
  v.looseObject({ type: v.literal(type), sdp: v.pipe(v.string(), v.maxLength(16_384)) });

/** Who is calling, with which lab. */
const metadata = v.object({ lab: v.literal('murmuration'), ...labBuild.entries });

const RING = 'murmuration-ring';
const ROSTER = 'murmuration-roster';

const ringPayload = v.object({ connectionId: v.literal(RING), ...metadata.entries });
const rosterPayload = v.object({
  connectionId: v.literal(ROSTER),
  ...metadata.entries,
  /** `outdated`: the caller is the older one; `released`: the holder is, and has given up the door. */
  verdict: v.picklist(['welcome', 'outdated', 'released']),
  peers: v.pipe(v.array(peerId), v.maxLength(2 * MAX_LINKS)),
});

/** Everything the signalling server may deliver; what does not fit is dropped before PeerJS sees it. */
export const fromServer = v.variant('type', [
  v.object({ type: v.literal('OPEN') }),
  v.object({ type: v.literal('ID-TAKEN') }),
  v.object({ type: v.literal('ERROR'), payload: v.object({ msg: v.pipe(v.string(), v.maxLength(256)) }) }),
  v.object({ type: v.literal('EXPIRE'), src: peerId }),
  v.object({
    type: v.literal('OFFER'),
    src: peerId,
    payload: v.looseObject({
      connectionId,
      sdp: sdp('offer'),
      type: v.literal('data'),
      label: v.literal(LINK_LABEL),
      serialization: v.literal('raw'),
      reliable: v.literal(true),
      metadata,
    }),
  }),
  v.object({
    type: v.literal('ANSWER'),
    src: peerId,
    payload: v.looseObject({ connectionId, sdp: sdp('answer') }),
  }),
  v.object({
    type: v.literal('CANDIDATE'),
    src: peerId,
    payload: v.union([
      ringPayload,
      rosterPayload,
      v.looseObject({
        connectionId,
        candidate: v.looseObject({ candidate: v.pipe(v.string(), v.maxLength(1024)) }),
      }),
    ]),
  }),
]);
export type FromServer = v.InferOutput<typeof fromServer>;

export type Ring = LabBuild;
export type Roster = LabBuild & Pick<v.InferOutput<typeof rosterPayload>, 'verdict' | 'peers'>;

const ringSchema = v.object({ type: v.literal('CANDIDATE'), src: peerId, payload: ringPayload });
const rosterSchema = v.object({ type: v.literal('CANDIDATE'), src: peerId, payload: rosterPayload });

/** The ring in a message, if it is one. */
export function ringIn(message: FromServer): { from: PeerId; ring: Ring } | null {
  const { success, output } = v.safeParse(ringSchema, message);
  return success ? { from: output.src, ring: output.payload } : null;
}

/** The roster in a message, if it is one. */
export function rosterIn(message: FromServer): { from: PeerId; roster: Roster } | null {
  const { success, output } = v.safeParse(rosterSchema, message);
  return success ? { from: output.src, roster: output.payload } : null;
}

export function ringMessage(door: PeerId, build: LabBuild): object {
  return { type: 'CANDIDATE', dst: door, payload: { connectionId: RING, ...linkMetadata(build) } };
}

export function rosterMessage(to: PeerId, roster: Roster): object {
  const { verdict, peers } = roster;
  const payload = { connectionId: ROSTER, ...linkMetadata(roster), verdict, peers };
  return { type: 'CANDIDATE', dst: to, payload };
}

/** What every connection says of its lab. */
export function linkMetadata({ version, built }: LabBuild): object {
  return { lab: 'murmuration', version, built };
}

/** Negative if `a` is the older lab, 0 if they are the same, positive if it is the newer. */
export function compareBuilds(a: LabBuild, b: LabBuild): number {
  if (a.version === b.version) return 0;
  return a.built === b.built ? (a.version < b.version ? -1 : 1) : a.built - b.built;
}
