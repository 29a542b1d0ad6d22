/** Data of two columns: where each model draws the line between the classes, and what it says of a place. */
import { memo, useEffect, useId, useMemo, useRef, useState } from 'react';
import type { DataShape } from '../../data/dataset.ts';
import type { AnswerOn, Whose } from '../../session/models-questions.ts';
import { useRecipe, useStage } from '../context.ts';
import { three } from '../format.ts';
import { words } from '../words.ts';
import { classNames, useLatest, useMine, useNames } from './data.ts';
import { Predictions } from './predictions.tsx';

/** Places a side, and the part of the plane that is shown: from -EDGE to EDGE. */
const SIDE = 40;
const EDGE = 1.6;
/** Pictures of more workers would be too small to read. */
const MOST = 8;
const STEP = 0.1;
/** Test rows that are drawn as dots: more would hide what is below them. */
const DOTS = 150;
/** They are the same all the while; asking again costs little, and finds them once the data is there. */
const DOTS_MS = 5000;
/** The hues of the charts: light and dark themes have their own. */
const HUES = 8;

interface Place {
  readonly x: number;
  readonly y: number;
}

const GRID = Float32Array.from({ length: 2 * SIDE * SIDE }, (_, k) => {
  const place = k >> 1;
  const [column, row] = [place % SIDE, Math.floor(place / SIDE)];
  const along = (at: number) => -EDGE + (2 * EDGE * (at + 0.5)) / SIDE;
  return k % 2 === 0 ? along(column) : -along(row);
});

/** What a colour of the style sheet is in this theme, as red, green and blue. */
function huesNow(): number[][] {
  const probe = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  return Array.from({ length: HUES }, (_, at) => {
    const holder = document.createElement('span');
    holder.style.color = `var(--c${at})`;
    document.body.append(holder);
    const colour = getComputedStyle(holder).color;
    holder.remove();
    if (probe === null) return [128, 128, 128];
    probe.fillStyle = colour;
    probe.fillRect(0, 0, 1, 1);
    return [...probe.getImageData(0, 0, 1, 1).data.subarray(0, 3)];
  });
}

/** Every test row as a dot in the hue of its class, with a rim that shows it on its own colour. */
const Dots = memo(({ rows: { features, labels } }: { readonly rows: AnswerOn<'examples'> }) => (
  <svg className="dots" viewBox={`${-EDGE} ${-EDGE} ${2 * EDGE} ${2 * EDGE}`} aria-hidden="true">
    {[...labels].map((label, row) => (
      <circle
        // biome-ignore lint/suspicious/noArrayIndexKey: rows have no other name, and never move.
        key={row}
        cx={features[2 * row]}
        cy={-(features[2 * row + 1] ?? 0)}
        r={0.045}
        style={{ fill: `var(--c${label % HUES})` }}
      />
    ))}
  </svg>
));

function Boundary(props: {
  readonly outputs: Float32Array;
  readonly classes: number;
  readonly name: string;
  readonly dots: AnswerOn<'examples'> | null;
  readonly chosen: Place;
  readonly choose: (place: Place) => void;
}) {
  const { outputs, classes, name, dots, chosen, choose } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (context === null || context === undefined) return;
    const hues = huesNow();
    const picture = context.createImageData(SIDE, SIDE);
    for (let place = 0; place < SIDE * SIDE; place += 1) {
      let top = 0;
      for (let k = 1; k < classes; k += 1) {
        if ((outputs[place * classes + k] ?? 0) > (outputs[place * classes + top] ?? 0)) top = k;
      }
      const sure = ((outputs[place * classes + top] ?? 0) - 1 / classes) / (1 - 1 / classes);
      const hue = hues[top % HUES] ?? [];
      for (let channel = 0; channel < 3; channel += 1) picture.data[4 * place + channel] = hue[channel] ?? 0;
      picture.data[4 * place + 3] = 50 + 180 * Math.max(0, sure);
    }
    context.putImageData(picture, 0, 0);
  }, [outputs, classes]);
  const percentOf = (value: number) => `${(100 * (value + EDGE)) / (2 * EDGE)}%`;
  return (
    <figure className="boundary">
      <div>
        <canvas
          ref={canvas}
          width={SIDE}
          height={SIDE}
          role="img"
          aria-label={words.model.plane.label(name)}
          onClick={(event) => {
            const box = event.currentTarget.getBoundingClientRect();
            choose({
              x: -EDGE + (2 * EDGE * (event.clientX - box.left)) / box.width,
              y: EDGE - (2 * EDGE * (event.clientY - box.top)) / box.height,
            });
          }}
        />
        {dots !== null && <Dots rows={dots} />}
        <i className="spot" style={{ left: percentOf(chosen.x), top: percentOf(-chosen.y) }} />
      </div>
      <figcaption>{name}</figcaption>
    </figure>
  );
}

export function Plane({ shape }: { readonly shape: DataShape }) {
  const { lab } = useStage();
  const recipe = useRecipe();
  const names = classNames(recipe, shape.classes);
  const nameOf = useNames();
  const mine = useMine();
  const id = useId();
  const [chosen, choose] = useState<Place>({ x: 0, y: 0 });
  const of = useMemo<readonly Whose[]>(() => ['reported', ...mine.slice(0, MOST)], [mine]);
  const maps = useLatest(of.join(), () => lab.ask('predict', { features: GRID, of }), 600);
  // Other rows are another recipe, and with it another panel.
  const dots = useLatest('dots', () => lab.ask('examples', { most: DOTS }), DOTS_MS);
  const point = useLatest(`${chosen.x} ${chosen.y}`, () =>
    lab.ask('predict', { features: Float32Array.of(chosen.x, chosen.y) }),
  );
  return (
    <div className="plane">
      <p className="help">{words.model.plane.help}</p>
      <p className="plane-key">
        {names.map((name, at) => (
          <span key={name}>
            <i className="plane-swatch" style={{ background: `var(--c${at % HUES})` }} />
            {name}
          </span>
        ))}
      </p>
      <div className="boundaries">
        {maps.answer?.predictions.map(({ of: each, outputs }) => (
          <Boundary
            key={each}
            outputs={outputs}
            classes={maps.answer?.outputs ?? 1}
            name={nameOf(each)}
            dots={dots.answer}
            chosen={chosen}
            choose={choose}
          />
        ))}
      </div>
      <div className="draw-tools">
        {(['x', 'y'] as const).map((axis) => (
          <span className="counter" key={axis}>
            <label htmlFor={`${id}${axis}`}>{words.model.plane[axis]}</label>
            <input
              id={`${id}${axis}`}
              type="range"
              min={-EDGE}
              max={EDGE}
              step={STEP}
              value={chosen[axis]}
              onChange={({ currentTarget: { valueAsNumber } }) =>
                choose({ ...chosen, [axis]: valueAsNumber })
              }
            />
          </span>
        ))}
      </div>
      <p aria-live="polite">
        <b>{words.model.plane.at(three(chosen.x), three(chosen.y))}</b>
      </p>
      {point.answer !== null && <Predictions answer={point.answer} names={names} nameOf={nameOf} />}
      {(maps.why ?? point.why) !== null && <p className="help wrong">{maps.why ?? point.why}</p>}
    </div>
  );
}
