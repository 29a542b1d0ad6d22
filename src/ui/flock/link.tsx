/**
 * One edge: as wide as its bytes a second, with a pulse each way while frames really pass, or one way and
 * an arrow head where the graph is directed (an edge then leads from its a to its b). A pulse is a
 * sample, drawn at most once an update; under reduced motion there is none and the width says it all.
 */
import type { CSSProperties } from 'react';
import type { EdgeStatus } from '../../session/snapshot.ts';
import { arrowHead, between, edgeWidth, type Spot } from './geometry.ts';

/** Where a pulse goes, for the style sheet's animation. */
interface Course extends CSSProperties {
  readonly '--across': string;
  readonly '--down': string;
}

interface Props {
  readonly edge: EdgeStatus;
  readonly from: Spot;
  readonly to: Spot;
  readonly radius: number;
  readonly chosen: boolean;
  readonly directed: boolean;
  /** Changes when the round has moved on: each value draws one pulse. Null: none. */
  readonly beat: number | null;
}

function Pulse({ from, to, width }: { readonly from: Spot; readonly to: Spot; readonly width: number }) {
  const course: Course = { '--across': `${to.x - from.x}px`, '--down': `${to.y - from.y}px` };
  return <circle className="pulse" cx={from.x} cy={from.y} r={1.5 + width / 2} style={course} />;
}

export function Link({ edge, from, to, radius, chosen, directed, beat }: Props) {
  const line = between(from, to, radius);
  const width = edgeWidth(edge.bytesPerSecond);
  const ends = { x1: line.from.x, y1: line.from.y, x2: line.to.x, y2: line.to.y };
  return (
    <g className={`link${edge.bytesPerSecond > 0 ? ' busy' : ''}${chosen ? ' picked' : ''}`}>
      <line className="hit" {...ends} />
      <line className="line" {...ends} strokeWidth={width} />
      {directed && (
        <polygon
          className="head"
          points={arrowHead(line.from, line.to, width)
            .map(({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`)
            .join(' ')}
        />
      )}
      {beat !== null && edge.bytesPerSecond > 0 && (
        <g key={beat}>
          <Pulse from={line.from} to={line.to} width={width} />
          {!directed && <Pulse from={line.to} to={line.from} width={width} />}
        </g>
      )}
    </g>
  );
}
