/** How well a model does on data that nobody trains on: what it takes for what, and where it is most wrong. */
import type { Confusion } from '../../session/models-questions.ts';
import { useRecipe, useStage } from '../context.ts';
import { grouped, percent, three } from '../format.ts';
import { words } from '../words.ts';
import { classNames, shapeOf, useCounter, useLatest } from './data.ts';
import { Picture } from './picture.tsx';
import { useWhose, WhoseChoice } from './write.tsx';

const MISTAKES = 12;
/** A table of more classes could not be read. */
const MOST_CLASSES = 32;
/** An evaluation costs as much as many rounds: not more often, in ms. */
const INTERVAL_MS = 4000;

function Matrix({ confusion, names }: { readonly confusion: Confusion; readonly names: readonly string[] }) {
  const { classes, counts } = confusion;
  const all = [...names.keys()];
  const count = (truth: number, predicted: number) => counts[truth * classes + predicted] ?? 0;
  const say = words.model.mistakes;
  return (
    <div className="scroll">
      <table className="confusion">
        <caption>{say.matrix}</caption>
        <thead>
          <tr>
            <th scope="col">
              <span className="unseen">{say.truth}</span>
            </th>
            {all.map((k) => (
              <th key={k} scope="col">
                {names[k]}
              </th>
            ))}
            <th scope="col">{say.perClass}</th>
          </tr>
        </thead>
        <tbody>
          {all.map((truth) => {
            const total = all.reduce((sum, k) => sum + count(truth, k), 0);
            return (
              <tr key={truth}>
                <th scope="row">{names[truth]}</th>
                {all.map((k) => {
                  const share = total === 0 ? 0 : count(truth, k) / total;
                  const colour = k === truth ? 'var(--c2)' : 'var(--c1)';
                  // Rare mistakes are what one looks for: the root shows them.
                  const strength = Math.round(60 * Math.sqrt(share));
                  return (
                    <td
                      key={k}
                      className="number"
                      title={say.cell(names[truth] ?? '', names[k] ?? '', grouped(count(truth, k)))}
                      style={{ background: `color-mix(in srgb, ${colour} ${strength}%, transparent)` }}
                    >
                      {count(truth, k) === 0 ? '' : grouped(count(truth, k))}
                    </td>
                  );
                })}
                <td className="number">{total === 0 ? '' : percent(count(truth, truth) / total)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

export default function HowWell() {
  const { lab } = useStage();
  const recipe = useRecipe();
  const [of, choose] = useWhose();
  const [count, again] = useCounter();
  const shape = shapeOf(recipe);
  const { answer, why } = useLatest(
    `${of} ${count} ${JSON.stringify([recipe.dataset, recipe.model])}`,
    () => lab.ask('confusion', { of, mistakes: MISTAKES }),
    INTERVAL_MS,
  );
  const say = words.model.mistakes;
  const names = answer === null ? [] : classNames(recipe, answer.classes);
  if (shape !== null && (shape.tokens === true || shape.classes === 0)) {
    return <p className="help">{say.noClasses}</p>;
  }
  const right = names.reduce((sum, _, k) => sum + (answer?.counts[k * (names.length + 1)] ?? 0), 0);
  return (
    <div className="how-well">
      <div className="draw-tools">
        <WhoseChoice label={say.whose} value={of} choose={choose} />
        <button type="button" onClick={again}>
          {say.again}
        </button>
      </div>
      {why !== null && <p className="help wrong">{why}</p>}
      {answer === null && why === null && <p className="help">{say.waiting}</p>}
      {answer !== null && why === null && (
        <>
          <p aria-live="polite">
            {say.total(percent(right / answer.rows), grouped(answer.rows), grouped(answer.round))}{' '}
            {answer.rows < answer.available && say.part(grouped(answer.rows), grouped(answer.available))}
          </p>
          <div className="how-well-parts">
            {answer.classes <= MOST_CLASSES && <Matrix confusion={answer} names={names} />}
            <div>
              <h3>{say.worst}</h3>
              <p className="help">{answer.mistakes.length === 0 ? say.none : say.worstHelp}</p>
              <ul className="mistakes">
                {answer.mistakes.map(({ index, label, predicted, confidence, features }) => {
                  const text = say.one(names[label] ?? '', names[predicted] ?? '', percent(confidence));
                  return (
                    <li key={index}>
                      {shape?.image === undefined ? (
                        <span className="number">{[...features.subarray(0, 4)].map(three).join(', ')}</span>
                      ) : (
                        <Picture features={features} image={shape.image} label={text} />
                      )}
                      <small>{text}</small>
                    </li>
                  );
                })}
              </ul>
            </div>
          </div>
        </>
      )}
    </div>
  );
}
