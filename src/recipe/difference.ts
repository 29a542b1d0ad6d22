/** In what two recipes differ, in a few words each: for whoever asked for one and got the other. */
import { optionText } from '../base/options.ts';
import { partitionText } from '../data/partition-text.ts';
import type { Choice, Recipe } from './recipe.ts';
import { FAMILIES, FAMILY_NAMES, type Family, SCALAR_NAMES, SCALARS } from './schema.ts';

/** One line for each difference: what was asked for, and in brackets what is. Empty if they are the same. */
export function differences(asked: Recipe, actual: Recipe): readonly string[] {
  const lines: string[] = [];
  const line = (label: string, wanted: string, is: string) =>
    lines.push(`${label} ${wanted === '' ? 'none' : wanted} (here ${is === '' ? 'none' : is})`);
  for (const name of FAMILY_NAMES) {
    if (name === 'partition') {
      const [wanted, is] = [partitionText(asked[name]), partitionText(actual[name])];
      if (wanted !== is) line(name, wanted, is);
    } else if (asked[name].id !== actual[name].id) line(name, asked[name].id, actual[name].id);
    else
      for (const [label, wanted, is] of optionsApart(name, asked[name], actual[name]))
        line(label, wanted, is);
  }
  for (const name of SCALAR_NAMES) {
    if (asked[name] === actual[name]) continue;
    line(
      SCALARS[name].label,
      optionText(SCALARS[name], asked[name]),
      optionText(SCALARS[name], actual[name]),
    );
  }
  return lines;
}

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
