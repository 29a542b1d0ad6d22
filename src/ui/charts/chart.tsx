/**
 * One chart: title, latest value, lines with their names at the end, faint gridlines, units on both axes.
 * No animation and no dots on lines: both cost frames and say nothing.
 */
import { useCallback, useRef } from 'react';
import {
  Area,
  CartesianGrid,
  ComposedChart,
  Line,
  ResponsiveContainer,
  Tooltip,
  XAxis,
  YAxis,
} from 'recharts';
import type { Axis } from '../../store/view.ts';
import { bytes, byteTick, grouped, tick } from '../format.ts';
import { words } from '../words.ts';
import { type ChartData, type ChartRow, extent } from './data.ts';
import { EndLabels } from './end-labels.tsx';
import { linearDomain, linearTicks, logDomain, logTicks } from './scale.ts';

export interface ChartProps {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  /** Latest value in words, beside the title, and what it is the value of. */
  readonly value: string;
  readonly of?: string;
  readonly note?: string;
  readonly empty: string;
  readonly data: ChartData;
  readonly axis: Axis;
  /** x at the right end: the same for all charts. */
  readonly end: number;
  readonly large: boolean;
  readonly log?: boolean;
  readonly floor?: number;
  readonly ceiling?: number;
  /** Shared by all charts, so that the same x stands under the same place. */
  readonly right: number;
  readonly format: (value: number) => string;
  readonly tickFormat: (value: number) => string;
}

const CURSOR = { stroke: 'var(--quiet)', strokeDasharray: '2 3' };
const FIRST_SIZE = { width: 320, height: 120 };

function Tip({
  row,
  data,
  axis,
  format,
}: { readonly row: ChartRow } & Pick<ChartProps, 'data' | 'axis' | 'format'>) {
  const lines = data.lines.filter((line) => typeof row[line.key] === 'number');
  return (
    <div className="tip">
      <b>
        {axis === 'rounds'
          ? `${words.status.round} ${grouped(row.x)}`
          : `${bytes(row.x)} ${words.charts.sent}`}
      </b>
      {lines.map((line) => {
        const value = row[line.key];
        return (
          <span key={line.key} style={{ color: line.colour }}>
            {line.label} <span className="number">{typeof value === 'number' ? format(value) : ''}</span>
          </span>
        );
      })}
    </div>
  );
}

/** The value of before while nothing in it has changed: a new identity makes recharts work all anew. */
function useStable<Value>(value: Value): Value {
  const kept = useRef(value);
  if (JSON.stringify(kept.current) !== JSON.stringify(value)) kept.current = value;
  return kept.current;
}

function Plot(props: ChartProps & { readonly range: readonly [number, number] }) {
  const { data, axis, end, large, log, floor, ceiling, right, range, format, tickFormat } = props;
  const [low, high] = range;
  const domain = log ? logDomain(low, high) : linearDomain(floor ?? low, ceiling ?? high);
  const fontSize = large ? 20 : 12;
  const axisText = useStable({ fontSize, fill: 'var(--quiet)' });
  const margin = useStable({ top: 6, right, bottom: 0, left: 0 });
  const xDomain = useStable([0, end]);
  const xTicks = useStable(linearTicks(0, end, 4));
  const yDomain = useStable([...domain]);
  const yTicks = useStable(log ? logTicks(domain) : linearTicks(domain[0], domain[1], 4));
  const shown = useRef({ data, axis, format });
  shown.current = { data, axis, format };
  const tip = useCallback(({ active, label }: { readonly active?: boolean; readonly label?: unknown }) => {
    const row = active ? shown.current.data.rows.find((candidate) => candidate.x === label) : undefined;
    return row === undefined ? null : <Tip row={row} {...shown.current} />;
  }, []);
  return (
    <ResponsiveContainer width="100%" height="100%" initialDimension={FIRST_SIZE}>
      <ComposedChart data={[...data.rows]} margin={margin} accessibilityLayer={false}>
        <CartesianGrid stroke="var(--hairline)" vertical={false} syncWithTicks />
        <XAxis
          dataKey="x"
          type="number"
          domain={xDomain}
          ticks={xTicks}
          // All of our few ticks: nothing is measured to leave some out.
          interval={0}
          tickFormatter={axis === 'rounds' ? tick : byteTick}
          tick={axisText}
          tickLine={false}
          stroke="var(--hairline)"
          height={large ? 30 : 20}
          allowDataOverflow
        />
        <YAxis
          scale={log ? 'log' : 'linear'}
          domain={yDomain}
          ticks={yTicks}
          interval={0}
          tickFormatter={tickFormat}
          tick={axisText}
          tickLine={false}
          axisLine={false}
          width={large ? 84 : 52}
          allowDataOverflow
        />
        {data.band && (
          <Area
            dataKey="band"
            stroke="none"
            fill="var(--c0)"
            fillOpacity={0.18}
            isAnimationActive={false}
            connectNulls
            activeDot={false}
          />
        )}
        {data.lines.map((line) => (
          <Line
            key={line.key}
            dataKey={line.key}
            stroke={line.colour}
            strokeWidth={(line.strong ? 2.2 : 1.5) * (large ? 1.6 : 1)}
            {...(line.dashed ? { strokeDasharray: '3 4' } : {})}
            // One measurement is a dot, and whole even at the edge of the plot.
            dot={data.rows.length === 1 && { r: 3, fill: line.colour, strokeWidth: 0, clipDot: false }}
            activeDot={false}
            isAnimationActive={false}
            connectNulls
          />
        ))}
        <EndLabels data={data} unit={words.charts.axisUnit[axis]} fontSize={fontSize} />
        {!large && <Tooltip isAnimationActive={false} cursor={CURSOR} content={tip} />}
      </ComposedChart>
    </ResponsiveContainer>
  );
}

export function Chart(props: ChartProps) {
  const { id, title, unit, value, of, note, empty, data } = props;
  const range = extent(data);
  return (
    <figure className={`chart ${id}`}>
      <figcaption>
        <h3>
          {title} <small>{unit}</small>
        </h3>
        <span>
          {of !== undefined && <small>{of} </small>}
          <b className="number">{value}</b>
        </span>
      </figcaption>
      {range === null ? (
        <p className="chart-empty">{empty}</p>
      ) : (
        <div className="plot" role="img" aria-label={words.charts.summary(title, value)}>
          <Plot {...props} range={range} />
        </div>
      )}
      {note !== undefined && range !== null && <p className="note">{note}</p>}
    </figure>
  );
}
