/**
 * The next view from the last: who stays, who comes, and which commands take effect. Pure; who may decide
 * this, and when, is the agreement's affair. Also: what a well-formed view is, for those from peers.
 */
import type { PeerId } from '../network/transport.ts';
import { NO_VIEW } from '../protocol/frame.ts';
import { recipeProblem } from './recipe-limits.ts';
import { compact, reseat, sameSeats, seatsOf } from './seats.ts';
import type { Command, RunState, SeatHolder, View } from './view.ts';
import { viewId } from './view-id.ts';

/** A peer and how many workers it wants to host. */
export interface Guest {
  readonly peer: PeerId;
  readonly workers: number;
}

export interface Changes {
  /** Members that stay, by seniority. */
  readonly staying: readonly Guest[];
  /** Peers that join, or join anew. */
  readonly joining: readonly Guest[];
  /** In the order in which they take effect. */
  readonly commands: readonly Command[];
  /** First round that none of those staying has begun. */
  readonly startRound: number;
}

/** The view that a peer is in before it has met anybody. */
export function aloneView(peer: PeerId, workers: number, recipe: string): View {
  const seats = reseat([], new Map([[peer, workers]]), new Set(), 1);
  return {
    id: viewId(1, peer, NO_VIEW),
    counter: 1,
    leader: peer,
    parent: NO_VIEW,
    startRound: 0,
    recipeVersion: 1,
    recipe,
    run: { running: false, stopAt: null, epoch: 0, dealt: null },
    seats,
  };
}

/** The seats after a change, and whether they differ from those before. */
export function seatsAfter(
  view: View,
  staying: readonly Guest[],
  joining: readonly Guest[],
): { readonly seats: readonly SeatHolder[]; readonly changed: boolean } {
  const wanted = new Map([...staying, ...joining].map(({ peer, workers }) => [peer, workers]));
  const newcomers = new Set(joining.map(({ peer }) => peer));
  const seats = reseat(view.seats, wanted, newcomers, view.counter + 1);
  return { seats, changed: !sameSeats(seats, view.seats) };
}

/** The field `seats` of a recipe's JSON text: a whole number, or 0 if there is none. */
export function recipeSeats(recipe: string): number {
  try {
    const parsed: unknown = JSON.parse(recipe);
    if (typeof parsed !== 'object' || parsed === null || !('seats' in parsed)) return 0;
    const { seats } = parsed;
    return typeof seats === 'number' && Number.isInteger(seats) && seats > 0 ? Math.min(seats, 0xffff) : 0;
  } catch {
    return 0;
  }
}

/** Running, and not yet at its end. */
export function isActive(run: RunState, round: number): boolean {
  return run.running && (run.stopAt === null || round < run.stopAt);
}

/** Whether two states are of one and the same run, at different times or on two sides of a partition. */
export function ofOneRun(a: RunState, b: RunState): boolean {
  return a.epoch === b.epoch && (a.origin ?? b.origin) === (b.origin ?? a.origin);
}

type Draft = { -readonly [Key in 'run' | 'startRound' | 'recipe' | 'recipeVersion' | 'seats']: View[Key] };

const afresh = (run: RunState): RunState => ({
  running: false,
  stopAt: null,
  epoch: run.epoch + 1,
  dealt: null,
});

function begin(draft: Draft, parent: View, stopAt: number | null): void {
  let { dealt } = draft.run;
  const { origin = parent.id } = draft.run;
  if (dealt === null) {
    draft.seats = compact(draft.seats);
    dealt = Math.max(recipeSeats(draft.recipe), draft.seats.length);
  }
  draft.run = { ...draft.run, running: true, stopAt, dealt, origin };
}

/** Another epoch: at round 0, or where a saved run was. */
function restart(
  draft: Draft,
  parent: View,
  { model, resumed }: Extract<Command, { readonly kind: 'reset' }>,
): void {
  draft.run = { ...afresh(draft.run), ...(model === undefined ? {} : { model }) };
  draft.startRound = 0;
  if (resumed === undefined) return;
  draft.seats = compact(draft.seats);
  const began = parent.counter + 1;
  draft.run = { ...draft.run, dealt: resumed.dealt, resumed: { ...resumed, began } };
  draft.startRound = resumed.round;
}

function apply(draft: Draft, parent: View, command: Command): void {
  switch (command.kind) {
    case 'start':
      begin(draft, parent, command.stopAt);
      break;
    case 'pause':
      draft.run = { ...draft.run, running: false, stopAt: null };
      break;
    case 'step':
      if (!isActive(draft.run, draft.startRound)) begin(draft, parent, draft.startRound + 1);
      break;
    case 'reset':
      restart(draft, parent, command);
      break;
    case 'recipe':
      if (command.recipe === draft.recipe) break;
      draft.recipe = command.recipe;
      draft.recipeVersion += 1;
      if (!command.restart) break;
      draft.run = afresh(draft.run);
      draft.startRound = 0;
      break;
    case 'renew':
      break;
  }
}

/** The child of `parent` that `leader` makes. */
export function nextView(parent: View, leader: PeerId, changes: Changes): View {
  const { run, recipe, recipeVersion } = parent;
  const { seats } = seatsAfter(parent, changes.staying, changes.joining);
  const draft: Draft = { run, recipe, recipeVersion, seats, startRound: changes.startRound };
  for (const command of changes.commands) apply(draft, parent, command);
  const counter = parent.counter + 1;
  return { ...draft, id: viewId(counter, leader, parent.id), counter, leader, parent: parent.id };
}

/** Far beyond any run, and far enough from 2^32 that a stranger cannot make our own numbers overflow. */
export const MAX_COUNT = 2 ** 31;

/** Ids that peers give themselves: anything else could make our own messages too long to send. */
export const PEER_ID = /^[\w-]{1,64}$/;

/** Why a view from a peer cannot be one, or null. (Types and ranges are the schema's affair.) */
export function malformed(view: View): string | null {
  const counts = [view.counter, view.startRound, view.recipeVersion, view.run.epoch];
  if (counts.some((count) => count > MAX_COUNT)) return 'its numbers are too large';
  const recipe = recipeProblem(view.recipe);
  if (recipe !== null) return `its recipe cannot be one: ${recipe}`;
  if (view.id !== viewId(view.counter, view.leader, view.parent)) return 'its id is not its own';
  const workers = new Set<string>();
  let previous = -1;
  for (const { seat, peer, worker, since } of view.seats) {
    if (seat <= previous) return 'its seats are not in order';
    if (since > view.counter) return 'a seat was taken in the future';
    if (!PEER_ID.test(peer)) return 'a seat is held by no peer of this lab';
    if (workers.has(`${worker} ${peer}`)) return 'a worker has two seats';
    workers.add(`${worker} ${peer}`);
    previous = seat;
  }
  if (seatsOf(view, view.leader).length === 0) return 'its leader has no seat';
  return null;
}
