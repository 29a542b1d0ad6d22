/** How large a recipe may be: it travels in every view, next to the seats, in one control message. */
import { MAX_RECIPE_LENGTH } from '../protocol/control.ts';

/** Most bytes of a recipe as it is written inside a message (JSON in JSON, UTF-8). */
const MAX_RECIPE_BYTES = 24_576;

const encoder = new TextEncoder();

/** Why a recipe's text cannot be a room's, or null. */
export function recipeProblem(recipe: string): string | null {
  const small =
    recipe.length <= MAX_RECIPE_LENGTH && encoder.encode(JSON.stringify(recipe)).length <= MAX_RECIPE_BYTES;
  return small ? null : `it is longer than ${MAX_RECIPE_LENGTH} characters.`;
}
