/** Each line's name at its end, moved apart where lines meet: instead of a legend. And the x-axis' unit. */
import { usePlotArea, useXAxisScale, useYAxisScale } from 'recharts';
import type { ChartData, Line } from './data.ts';
import { spread } from './scale.ts';

/** Height of a line of labels, in font sizes. */
const LINE_HEIGHT = 1.1;

interface Props {
  readonly data: ChartData;
  readonly unit: string;
  readonly fontSize: number;
}

interface End {
  readonly line: Line;
  readonly x: number;
  readonly y: number;
}

/** As many labels as there is room for: the strong lines', then others from the highest to the lowest. */
function fitting(ends: readonly End[], room: number): readonly End[] {
  if (ends.length <= room) return ends;
  const strong = ends.filter(({ line }) => line.strong).slice(0, room);
  const others = ends.filter((end) => !strong.includes(end)).sort((a, b) => a.y - b.y);
  const places = room - strong.length;
  const step = (others.length - 1) / Math.max(1, places - 1);
  const spaced = Array.from({ length: places }, (_, index) => others[Math.round(index * step)]);
  const kept = new Set([...strong, ...spaced]);
  return ends.filter((end) => kept.has(end));
}

export function EndLabels({ data, unit, fontSize }: Props) {
  const yScale = useYAxisScale();
  const xScale = useXAxisScale();
  const area = usePlotArea();
  if (yScale === undefined || xScale === undefined || area === undefined) return null;
  const right = area.x + area.width;
  const bottom = area.y + area.height;
  const ends = data.lines.flatMap((line): End[] => {
    if (line.label === '') return [];
    const row = data.rows.findLast((candidate) => typeof candidate[line.key] === 'number');
    const y = row === undefined ? undefined : yScale(row[line.key]);
    const x = row === undefined ? undefined : xScale(row.x);
    return x === undefined || y === undefined || !Number.isFinite(y) ? [] : [{ line, x, y }];
  });
  // A prediction that ends early is named where it ends; the others share the margin.
  const early = ends.filter(({ line, x }) => line.dashed && x < right - 0.2 * area.width);
  const room = Math.max(1, Math.floor(area.height / (fontSize * LINE_HEIGHT)));
  const late = fitting(
    ends.filter((candidate) => !early.includes(candidate)),
    room,
  );
  const places = spread(
    late.map(({ y }) => y),
    fontSize * LINE_HEIGHT,
    area.y + 4,
    bottom - fontSize * 0.3,
  );
  const text = (line: Line, x: number, y: number) => (
    <text x={x} y={y} dy="0.35em" fontSize={fontSize} fill={line.colour} fontWeight={line.strong ? 700 : 400}>
      {line.label}
    </text>
  );
  return (
    <g className="end-labels">
      {early.map(({ line, x, y }) => (
        <g key={line.key}>{text(line, x + 5, Math.min(y, bottom - fontSize * 0.5))}</g>
      ))}
      {late.map(({ line, x, y }, index) => {
        const place = places[index] ?? y;
        return (
          <g key={line.key}>
            <path d={`M${x + 1} ${y}L${right + 8} ${place}`} stroke={line.colour} />
            {text(line, right + 11, place)}
          </g>
        );
      })}
      <text x={right + 11} y={bottom + fontSize * 1.35} fontSize={fontSize} fill="var(--quiet)">
        {unit}
      </text>
    </g>
  );
}
