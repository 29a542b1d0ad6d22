/** Rows of a table: step through those held out for testing, and see what the models say of each. */
import { useState } from 'react';
import type { DataShape } from '../../data/dataset.ts';
import { useRecipe, useStage } from '../context.ts';
import { grouped, three } from '../format.ts';
import { words } from '../words.ts';
import { classNames, useLatest, useNames } from './data.ts';
import { Predictions } from './predictions.tsx';

/** Features shown; the model sees them all. */
const MOST = 24;

export function Rows({ shape }: { readonly shape: DataShape }) {
  const { lab } = useStage();
  const recipe = useRecipe();
  const names = classNames(recipe, shape.classes);
  const nameOf = useNames();
  const [index, setIndex] = useState(0);
  const { answer, why } = useLatest(`${index}`, async () => {
    const row = await lab.ask('example', { index });
    return { row, said: await lab.ask('predict', { features: row.features }) };
  });
  const say = words.model.draw;
  return (
    <div className="rows">
      <p className="help">{words.model.rows.help}</p>
      <div className="draw-tools">
        <button type="button" aria-label={say.previous} onClick={() => setIndex(index - 1)}>
          ←
        </button>
        <button type="button" aria-label={say.next} onClick={() => setIndex(index + 1)}>
          →
        </button>
      </div>
      {answer !== null && (
        <>
          <p aria-live="polite">
            {say.example(
              grouped(answer.row.index + 1),
              grouped(answer.row.count),
              shape.classes > 0 ? (names[answer.row.label] ?? '') : three(answer.row.label),
            )}
          </p>
          <p className="number features">
            {[...answer.row.features.subarray(0, MOST)].map(three).join('   ')}
            {answer.row.features.length > MOST ? ' …' : ''}
          </p>
          <Predictions answer={answer.said} names={names} nameOf={nameOf} />
        </>
      )}
      {why !== null && <p className="help wrong">{why}</p>}
    </div>
  );
}
