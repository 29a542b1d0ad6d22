/** What the session says to people: every notice has what happened, what still works, what to do. */
import { ROOM_NAME_RULE, roomFragment } from '../network/room-name.ts';
import type { Divergence } from './divergence.ts';
import type { Notice } from './snapshot.ts';

const notice = (id: string, level: Notice['level'], what: string, works: string, todo: string): Notice => ({
  id,
  level,
  what,
  works,
  todo,
});

/** Three digits, as people write them. */
const short = (value: number) => String(Number(value.toPrecision(3)));

export const WORDS = {
  refused: (reason: string) =>
    notice('refused', 'warning', reason, 'The recipe stays as it was.', 'Choose another combination.'),
  waitsForWorkers: (reason: string) =>
    notice(
      'workers',
      'warning',
      reason,
      'Nothing is lost: the run goes on as soon as the number of workers fits.',
      'Open or close a tab, change the number of workers, or choose another combination.',
    ),
  caution: (doubt: string) =>
    notice('caution', 'info', doubt, 'The run starts as it is.', 'Watch the consensus distance.'),
  noWebGpu: (reason: string) =>
    notice(
      'backend',
      'info',
      `This browser cannot use the graphics processor here: ${reason}`,
      'Everything works; this worker computes on the processor, only slower.',
      'Chrome or Edge over https (or localhost) usually has WebGPU.',
    ),
  noGraphicsPart: (reason: string) =>
    notice(
      'backend',
      'warning',
      reason,
      'Everything works; this worker computes on the processor, only slower.',
      'To use the graphics processor, reload this tab when the server is back.',
    ),
  deviceLost: (reason: string) =>
    notice(
      'backend',
      'warning',
      `The graphics device was lost${reason === '' ? '' : ` (${reason})`}.`,
      'The run goes on from a neighbour’s parameters, or from the last evaluation.',
      'If it happens again, choose the backend "cpu".',
    ),
  badAddress: (index: number, error: string) =>
    notice(
      `address-${index}`,
      'warning',
      `The address was not understood: ${error}`,
      'What is understood of it is used; what is not is at its default.',
      'Correct the address, or set it here.',
    ),
  fragmentIgnored: (settings: readonly string[]) =>
    notice(
      'address-fragment',
      'warning',
      `The address was not understood: ${settings.join(', ')} stands behind the #, where only a room is named.`,
      'Nothing changed by it.',
      'Write settings before the # (?lr=0.2#room=…), or choose them in the sentence.',
    ),
  twoRooms: (other: string) =>
    notice(
      'address-room',
      'warning',
      `The address names two rooms: “${other}” before the #, and another behind it.`,
      'The one behind the # counts.',
      `For the other, open the lab with #room=${other} alone.`,
    ),
  roomUnusable: (name: string, why: string) =>
    notice(
      'address-room',
      'warning',
      `The address asked for a room whose name cannot be used: “${name}”. ${why}`,
      'This tab has stayed in its room.',
      `Choose another name: ${ROOM_NAME_RULE}.`,
    ),
  hostSilent: () =>
    notice(
      'signalling',
      'warning',
      'The lab’s server could not be asked for its room and for other tabs.',
      'The tabs of this browser still find each other, in the room “local” if the address names none.',
      'Check that the lab’s server is running, and reload this tab.',
    ),
  hostOdd: () =>
    notice(
      'signalling',
      'warning',
      'What this host says of itself (lab.json) cannot be understood.',
      'The tabs of this browser still find each other, in the room “local” if the address names none.',
      'Whoever runs the host may have to bring it up to date.',
    ),
  hostMoved: (host: string, room: string): Notice => ({
    ...notice(
      'host-room',
      'warning',
      `This server’s room is now “${host}”; this tab is in “${room}”.`,
      `Who is in “${room}” goes on together, but who opens the server’s plain address now comes to “${host}”.`,
      'Join them when it suits you:',
    ),
    link: { text: `Go to “${host}”`, href: roomFragment(host) },
  }),
  othersStayed: (other: string, room: string): Notice => ({
    ...notice(
      'host-room',
      'warning',
      `This server’s room was “${other}” before; now it is “${room}”, and this tab is in it.`,
      `Tabs that stayed in “${other}” go on there, apart from this one.`,
      'To join them:',
    ),
    link: { text: `Go to “${other}”`, href: roomFragment(other) },
  }),
  /** `query`: of the address that asked for it. */
  overruled: (apart: readonly string[], query: string): Notice => ({
    ...notice(
      'overruled',
      'info',
      `Your link asked for another recipe than this room has: ${apart.slice(0, 4).join(', ')}${apart.length > 4 ? ` and ${apart.length - 4} more` : ''}.`,
      'The room’s recipe goes for everybody in it, so the link’s was not used.',
      'To run the link’s:',
    ),
    link: { text: 'Open it in a fresh room', href: `${query}#room=new`, apart: true },
  }),
  outdated: () =>
    notice(
      'outdated',
      'warning',
      'This tab runs an older version of the lab than the others.',
      'It cannot join them.',
      'Reload this tab.',
    ),
  noThread: (why: string) =>
    `its thread does not run (${why === '' ? 'a file of it did not come from the server' : why}).`,
  staticHost: () =>
    notice(
      'no-server',
      'info',
      'This page comes from a host without a signalling server, so only the tabs of this browser can join.',
      'They find each other and train together.',
      'For other browsers and machines, open the lab at a server of its own (npm start).',
    ),
  noWebRtc: () =>
    notice(
      'no-server',
      'warning',
      'This browser has no WebRTC, or it is switched off, so only the tabs of this browser can join.',
      'They find each other and train together.',
      'To meet the others, allow WebRTC, or use another browser.',
    ),
  noSignalling: () =>
    notice(
      'signalling',
      'warning',
      'The server that introduces tabs to each other cannot be reached.',
      'Tabs that are connected stay connected, and the tabs of this browser still find each other.',
      'Check that the lab’s server is running; this tab keeps trying.',
    ),
  unreachable: () =>
    notice(
      'unreachable',
      'warning',
      'There are others in this room, but no direct connection to them comes about.',
      'The tabs of this browser still find each other.',
      'Join the same network as the others, without a VPN or guest isolation. (A room connects up to 65 tabs.)',
    ),
  deviceBack: () =>
    notice(
      'backend',
      'info',
      'The graphics device was lost, and a new one has taken its place.',
      'Training goes on from a neighbour’s parameters, or from the last evaluation.',
      'If it happens again and again, choose the backend "cpu".',
    ),
  noData: (reason: string) =>
    notice(
      'data',
      'error',
      `The training data could not be loaded: ${reason}`,
      'Whoever has the data trains without this tab.',
      'Choose other data, or put it right and reload the page.',
    ),
  loadedModel: () =>
    notice(
      'loaded-model',
      'info',
      'Somebody loaded a model: every worker begins from it, at round 0.',
      'Nothing of the recipe has changed.',
      'Press Start to train it on; Reset goes back to the seed.',
    ),
  resumed: (round: number) =>
    notice(
      'resumed',
      'info',
      `A saved run goes on: every worker has its state of round ${round} again.`,
      'Nothing of the recipe has changed.',
      'Press Start to train on; Reset goes back to the seed.',
    ),
  noFile: (reason: string) =>
    notice(
      'data',
      'warning',
      reason,
      'Whoever has the data trains without this tab.',
      'Drop the file anywhere on this page, or press the data in the sentence; it stays in this tab.',
    ),
  diverged: (finite: Divergence | null) =>
    notice(
      'diverged',
      'error',
      finite === null
        ? 'The training diverged: numbers became infinite.'
        : `The training diverged: the loss of worker ${finite.seat} is ${short(finite.loss)}, far above the ` +
            `${short(finite.reference)} that it started from or that a constant guess has.`,
      finite === null
        ? 'All workers are paused at their last good round.'
        : 'All workers are paused; their models and figures are kept as they are.',
      'Lower the learning rate (or η), then press Reset and Start.',
    ),
  divergedElsewhere: (name: string) =>
    notice(
      'diverged',
      'error',
      `The training diverged: ${name} has stopped, as its loss is far too high or its numbers became infinite.`,
      'All workers are paused; their models and figures are kept as they are.',
      'Lower the learning rate (or η), then press Reset and Start.',
    ),
  invalidMessage: (text: string) =>
    notice(
      'invalid-message',
      'warning',
      text,
      'The connection to that tab was cut; the others go on without it.',
      'If it is one of yours, reload it.',
    ),
  failed: (text: string) =>
    notice(
      'failed',
      'error',
      `A round failed: ${text}`,
      'All workers are paused at their last good round.',
      'Press Start to try again, or reload the page.',
    ),
};
