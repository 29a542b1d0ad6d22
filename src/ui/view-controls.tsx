/** What this person sees: theme, projector view, and what the charts are drawn against. */
import { useId } from 'react';
import { type Axis, nextTheme } from '../store/view.ts';
import { useMedia, useStage, useView } from './context.ts';
import { words } from './words.ts';

export function ViewControls() {
  const { view } = useStage();
  const theme = useView((state) => state.theme);
  const dark = useMedia('(prefers-color-scheme: dark)');
  return (
    <div className="view-controls">
      <button
        type="button"
        className="quiet"
        onClick={() => view.setState((state) => ({ theme: nextTheme(state.theme, dark) }))}
      >
        {words.view.theme[theme]}
      </button>
      <button
        type="button"
        className="quiet to-projector"
        onClick={() => view.setState({ projector: true, selected: null })}
      >
        {words.view.projector}
      </button>
    </div>
  );
}

const AXES: readonly Axis[] = ['rounds', 'bytes'];

export function AxisSwitch() {
  const { view } = useStage();
  const axis = useView((state) => state.axis);
  const name = useId();
  return (
    <fieldset className="axis-switch">
      <legend>{words.charts.axis}</legend>
      {AXES.map((candidate) => (
        <label key={candidate}>
          <input
            type="radio"
            name={name}
            checked={axis === candidate}
            onChange={() => view.setState({ axis: candidate })}
          />
          <span>{words.charts.axes[candidate]}</span>
        </label>
      ))}
    </fieldset>
  );
}
