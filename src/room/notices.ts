/**
 * What the person at this tab is told when something in the room went wrong: what happened, what still
 * works, what to do.
 */
import type { RoomNotice } from './gate.ts';
import type { Command } from './view.ts';

const someone = (name: string): string => (name === '' ? 'A tab' : `The tab "${name}"`);

export function full(): RoomNotice {
  return {
    id: 'room-full',
    level: 'warning',
    what: 'Another tab could not join: there is no free seat.',
    works: 'The flock goes on as it is.',
    todo: 'Host fewer workers in some tab, or open another room.',
  };
}

export function dropped(name: string, error: string): RoomNotice {
  return {
    id: 'peer-dropped',
    level: 'warning',
    what: `${someone(name)} kept sending messages that make no sense and was disconnected. The last: ${error}`,
    works: 'The others go on without it.',
    todo: 'Reload that tab.',
  };
}

export function recipe(reason: string): RoomNotice {
  return {
    id: 'recipe-refused',
    level: 'error',
    what: `The new recipe was not taken: ${reason}`,
    works: 'The room keeps the recipe it has.',
    todo: 'Change what is named and try again.',
  };
}

export function foreignRecipe(reason: string): RoomNotice {
  return {
    id: 'recipe-foreign',
    level: 'error',
    what: `The recipe of the others cannot be run here: ${reason}`,
    works: 'This tab goes on by itself.',
    todo: 'Choose another recipe in the other tabs, or reload this tab.',
  };
}

export function commandLost(command: Command): RoomNotice {
  return {
    id: 'command-lost',
    level: 'warning',
    what: `"${command.kind}" was not carried out: the others could not be reached in time.`,
    works: 'The flock goes on as it is.',
    todo: 'Try again.',
  };
}
