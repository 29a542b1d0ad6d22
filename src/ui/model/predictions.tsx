/** What every worker says, next to what the model that the run reports says: a small bar for every class. */
import type { AnswerOn, Whose } from '../../session/models-questions.ts';
import { grouped, percent, three } from '../format.ts';
import { words } from '../words.ts';

/** More classes than this are not drawn apart; the likeliest are. */
const MOST_BARS = 16;

function best(outputs: Float32Array): number {
  let at = 0;
  outputs.forEach((value, k) => {
    if (value > (outputs[at] ?? 0)) at = k;
  });
  return at;
}

function Bars({ outputs, names }: { readonly outputs: Float32Array; readonly names: readonly string[] }) {
  const chosen = [...outputs.keys()];
  if (chosen.length > MOST_BARS) {
    chosen.sort((a, b) => (outputs[b] ?? 0) - (outputs[a] ?? 0)).splice(MOST_BARS);
    chosen.sort((a, b) => a - b);
  }
  const top = best(outputs);
  return (
    <div className="bars" aria-hidden="true">
      {chosen.map((k) => (
        <span
          key={k}
          className={k === top ? 'bar best' : 'bar'}
          title={`${names[k]}: ${percent(outputs[k])}`}
        >
          <i style={{ height: `${Math.round(100 * (outputs[k] ?? 0))}%` }} />
          <small>{names[k]}</small>
        </span>
      ))}
    </div>
  );
}

export function Predictions({
  answer,
  names,
  nameOf,
}: {
  readonly answer: AnswerOn<'predict'>;
  readonly names: readonly string[];
  readonly nameOf: (of: Whose) => string;
}) {
  const reported = answer.predictions.filter(({ of }) => of === 'reported');
  const workers = answer.predictions.filter(({ of }) => of !== 'reported');
  return (
    <ul className="predictions">
      {[...reported, ...workers].map(({ of, round, outputs }) => {
        const top = best(outputs);
        return (
          <li key={of} className={of === 'reported' ? 'reported' : ''}>
            <span className="who">
              <b>{nameOf(of)}</b> <small className="number">{words.model.asOf(grouped(round))}</small>
            </span>
            <span className="said">
              {answer.classifies ? (
                <>
                  <b>{names[top]}</b> <span className="number">{percent(outputs[top])}</span>
                </>
              ) : (
                <>
                  {words.model.value} <b className="number">{three(outputs[0])}</b>
                </>
              )}
            </span>
            {answer.classifies && <Bars outputs={outputs} names={names} />}
          </li>
        );
      })}
      {answer.noReported !== null && <li className="note">{answer.noReported}</li>}
    </ul>
  );
}
