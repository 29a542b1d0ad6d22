/** The columns of a table: what they hold, and the choice of those that the target is predicted from. */
import type { OptionValue } from '../../base/options.ts';
import type { Recognised } from '../../data/files-recognise.ts';
import { nameListText } from '../../data/name-list.ts';
import { words } from '../words.ts';

/** A longer list of columns is left to the session to make. */
const LONGEST_LIST = 4000;

/** The columns of a table, and which of them are predicted from. */
export function Columns({
  recognised,
  busy,
  choose,
}: {
  readonly recognised: Recognised;
  readonly busy: boolean;
  choose(column: string, used: boolean): void;
}) {
  const { columns, columnCount, options } = recognised;
  const say = words.data;
  if (columns.length === 0) return null;
  const used = columns.filter((column) => column.used);
  const left = columns.filter((column) => !column.used && column.name !== options.target);
  // With more columns than are listed, those beyond could not be kept.
  const all = columns.length === columnCount;
  return (
    <details open={left.length > 0}>
      <summary>
        {say.columns(columnCount)}
        {left.length > 0 && `, ${say.leftOut(left.length)}`}
      </summary>
      <div className="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">{say.column}</th>
              <th scope="col">{say.kind}</th>
              <th scope="col">{say.use}</th>
            </tr>
          </thead>
          <tbody>
            {columns.map((column) => (
              <tr key={column.name}>
                <th scope="row">{column.name}</th>
                <td>{say.columnKinds[column.kind]}</td>
                <td>
                  {column.name === options.target ? (
                    say.target
                  ) : column.trouble === null ? (
                    <label className="data-use">
                      <input
                        type="checkbox"
                        checked={column.used}
                        disabled={busy || !all || (column.used && used.length === 1)}
                        aria-label={say.predictFrom(column.name)}
                        onChange={({ currentTarget: { checked } }) => choose(column.name, checked)}
                      />
                      {column.used ? say.predictor : say.left}
                    </label>
                  ) : (
                    <>
                      {say.left}: <span className="help">{column.trouble}</span>
                    </>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

/**
 * The columns to predict from as an option: those in use now, but for a new target (the old one takes its
 * place) and one that was just chosen or left out. Empty: all that can be used.
 */
export function columnList(
  { columns, columnCount, options }: Recognised,
  target: OptionValue = options.target ?? '',
  change?: { readonly column: string; readonly used: boolean },
): string {
  const names = columns
    .filter(({ name, used, trouble }) => {
      if (name === target || trouble !== null) return false;
      if (name === change?.column) return change.used;
      return used || (name === options.target && target !== options.target);
    })
    .map(({ name }) => name);
  const list = nameListText(names, LONGEST_LIST);
  return columns.length < columnCount || list.startsWith('#') ? '' : list;
}
