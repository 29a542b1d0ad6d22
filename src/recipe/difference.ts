/** In what two recipes differ, in a few words each: for whoever asked for one and got the other. */
import { optionText } from '../base/options.ts';
import { partitionText } from '../data/partition-text.ts';
import type { Choice, Recipe } from './recipe.ts';
import { DEFAULT_RECIPE, FAMILIES, FAMILY_NAMES, type Family, SCALAR_NAMES, SCALARS } from './schema.ts';

/**
 * One line for each difference: what was asked for, and in brackets what is; first what was asked for by name,
 * not by leaving it at its default. Empty if they are the same.
 */
export function differences(asked: Recipe, actual: Recipe): readonly string[] {
  const lines: { readonly text: string; readonly meant: boolean }[] = [];
  const line = (label: string, wanted: string, is: string, meant: boolean) => {
    const text = `${label} ${wanted === '' ? 'none' : wanted} (here ${is === '' ? 'none' : is})`;
    lines.push({ text, meant });
  };
  for (const name of FAMILY_NAMES) {
    const [ours, theirs] = [asked[name], actual[name]];
    const meant = ours.id !== DEFAULT_RECIPE[name].id;
    if (name === 'partition') {
      const [wanted, is] = [partitionText(ours), partitionText(theirs)];
      if (wanted !== is) line(name, wanted, is, meant);
    } else if (ours.id !== theirs.id) line(name, labelOf(name, ours), labelOf(name, theirs), meant);
    else for (const [label, wanted, is] of optionsApart(name, ours, theirs)) line(label, wanted, is, true);
  }
  for (const name of SCALAR_NAMES) {
    if (asked[name] === actual[name]) continue;
    const text = (recipe: Recipe) => optionText(SCALARS[name], recipe[name]);
    line(SCALARS[name].label, text(asked), text(actual), asked[name] !== DEFAULT_RECIPE[name]);
  }
  return [...lines.filter(({ meant }) => meant), ...lines.filter(({ meant }) => !meant)].map(
    ({ text }) => text,
  );
}

const labelOf = (family: Family, { id }: Choice) =>
  FAMILIES[family].find((entry) => entry.id === id)?.label ?? id;

function optionsApart(family: Family, asked: Choice, actual: Choice): [string, string, string][] {
  const entry = FAMILIES[family].find(({ id }) => id === asked.id);
  const names = [...new Set([...Object.keys(asked.options), ...Object.keys(actual.options)])];
  return names.flatMap((name) => {
    const spec = entry?.options[name];
    const text = ({ options }: Choice) =>
      options[name] === undefined ? '' : optionText(spec, options[name]);
    const [wanted, is] = [text(asked), text(actual)];
    return wanted === is
      ? []
      : [[`${spec?.label ?? name} of ${asked.id}`, wanted, is] satisfies [string, string, string]];
  });
}
