/**
 * The gate: which hellos are let in, and what a person is told when one is not. Two tabs of different
 * builds must not train together; the older one is told to reload.
 */
import type { Hello } from './roster.ts';

/** Shaped like the session's notice: what happened; what still works; what to do. */
export interface RoomNotice {
  /** Stable: a notice with the same id replaces the one before. */
  readonly id: string;
  readonly level: 'info' | 'warning' | 'error';
  readonly what: string;
  readonly works: string;
  readonly todo: string;
}

export type RefusalReason = 'protocol' | 'lab' | 'layout' | 'full';

/** Why two peers cannot be in one room, with the difference named. */
export interface Difference {
  readonly reason: RefusalReason;
  readonly message: string;
}

export type Passport = Pick<Hello, 'protocol' | 'lab' | 'built' | 'recipeHash' | 'layoutHash'>;

/** What keeps the two apart, or null. */
export function differenceBetween(mine: Passport, theirs: Passport): Difference | null {
  if (mine.protocol !== theirs.protocol) {
    const message = `protocol ${mine.protocol} here, protocol ${theirs.protocol} there`;
    return { reason: 'protocol', message };
  }
  if (mine.lab !== theirs.lab) {
    const message = `version ${mine.lab} here, version ${theirs.lab} there`;
    return { reason: 'lab', message };
  }
  const known = mine.layoutHash !== '' && theirs.layoutHash !== '';
  if (known && mine.recipeHash === theirs.recipeHash && mine.layoutHash !== theirs.layoutHash) {
    const message = `the same recipe makes layout ${brief(mine.layoutHash)} here, layout ${brief(theirs.layoutHash)} there`;
    return { reason: 'layout', message };
  }
  return null;
}

const brief = (hash: string): string => hash.slice(0, 8);

const OWN_ROOM = 'This tab goes on in a room without it.';

/** What the person at this tab is told of a peer that does not fit; `name` is the peer's own. */
export function noticeOf(difference: Difference, mine: Passport, theirs: Passport, name: string): RoomNotice {
  const id = `refused-${difference.reason}`;
  const who = name === '' ? 'Another tab' : `The tab "${name}"`;
  if (difference.reason === 'layout') {
    return {
      id,
      level: 'error',
      what: `${who} understands the recipe differently: ${difference.message}.`,
      works: OWN_ROOM,
      todo: 'Reload both tabs.',
    };
  }
  const older =
    mine.protocol < theirs.protocol || (mine.protocol === theirs.protocol && mine.built < theirs.built);
  return {
    id,
    level: older ? 'error' : 'warning',
    what: `${who} in this room runs another version of the lab: ${difference.message}.`,
    works: OWN_ROOM,
    todo: older ? 'This tab is the older one: reload this tab.' : 'Reload the other tab.',
  };
}

/** What is told when the other side closed the gate; its own words are not repeated. */
export function noticeOfRefusal(reason: RefusalReason): RoomNotice {
  const todo = { protocol: 'Reload this tab and the others.', lab: 'Reload this tab and the others.' };
  if (reason === 'full') {
    return {
      id: 'refused-full',
      level: 'warning',
      what: 'The room is full.',
      works: 'This tab goes on alone.',
      todo: 'Open another room, or host fewer workers in this tab.',
    };
  }
  return {
    id: `refused-${reason}`,
    level: 'error',
    what: `A tab in this room refused this one: ${reason === 'layout' ? 'it understands the recipe differently' : 'it runs another version of the lab'}.`,
    works: OWN_ROOM,
    todo: reason === 'layout' ? 'Reload both tabs.' : todo[reason],
  };
}
