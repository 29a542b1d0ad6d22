/**
 * One worker: a disc whose fill is its training loss, with its seat, its name and its state in words.
 * State is shape and text before it is colour: dashed rim, bars, question mark, empty disc.
 */
import type { WorkerStatus } from '../../session/snapshot.ts';
import { three } from '../format.ts';
import { words } from '../words.ts';
import { learned, type Spot } from './geometry.ts';

interface Props {
  readonly worker: WorkerStatus;
  readonly at: Spot;
  /** Direction in which its label stands, of length 1. */
  readonly out: Spot;
  readonly radius: number;
  /** Names and losses beside the disc; left out where there are too many to read. */
  readonly labelled: boolean;
  /** The ring around it alone says that it is this tab's. */
  readonly brief: boolean;
  readonly chosen: boolean;
}

/** Place on the loss scale beyond which the other ink reads better on it. */
const LIGHT_INK = 0.6;

/** Colour on the sequential scale, mixed by the style sheet's two or three stops. */
function fill(loss: number | null): string {
  if (loss === null) return 'var(--unmeasured)';
  const place = learned(loss);
  const [from, to, part] =
    place < 0.5
      ? ['var(--loss-high)', 'var(--loss-middle)', place * 2]
      : ['var(--loss-middle)', 'var(--loss-low)', place * 2 - 1];
  return `color-mix(in oklab, ${to} ${(part * 100).toFixed(1)}%, ${from})`;
}

function State({ worker, radius }: { readonly worker: WorkerStatus; readonly radius: number }) {
  const size = radius * 0.34;
  switch (worker.health) {
    case 'paused':
      return (
        <g className="bars" transform={`translate(0 ${radius * 0.55})`}>
          <rect x={-size * 0.55} y={-size / 2} width={size * 0.35} height={size} />
          <rect x={size * 0.2} y={-size / 2} width={size * 0.35} height={size} />
        </g>
      );
    case 'suspected':
      return (
        <text className="mark" y={radius * 0.68} fontSize={size * 1.5}>
          ?
        </text>
      );
    case 'gone':
      return (
        <path
          className="cross"
          d={`M${-radius * 0.5} ${-radius * 0.5}L${radius * 0.5} ${radius * 0.5}M${radius * 0.5} ${-radius * 0.5}L${-radius * 0.5} ${radius * 0.5}`}
        />
      );
    default:
      return null;
  }
}

export function Disc({ worker, at, out, radius, labelled, brief, chosen }: Props) {
  const gone = worker.health === 'gone';
  const trained = worker.trainLoss !== null && learned(worker.trainLoss) > LIGHT_INK;
  const state =
    worker.health === 'active' ? (worker.hidden ? words.health.hidden : null) : words.health[worker.health];
  const anchor = out.x > 0.3 ? 'start' : out.x < -0.3 ? 'end' : 'middle';
  const rim = radius * 1.1 + 2.5;
  const gap = (worker.mine ? rim + 2 : radius) + 9;
  // Lines of text grow away from the disc: upwards above it, downwards below it.
  const lines = [
    worker.mine && !brief ? `${worker.name} (${words.flock.you})` : worker.name,
    state ?? (worker.trainLoss === null ? '' : three(worker.trainLoss)),
  ];
  const [y, first] = out.y < -0.3 ? [-gap, '-1.3em'] : out.y > 0.3 ? [gap, '0.75em'] : [0, '-0.25em'];
  return (
    <g
      className={`disc ${worker.health}${worker.hidden ? ' background' : ''}${trained ? ' trained' : ''}`}
      style={{ transform: `translate(${at.x.toFixed(1)}px, ${at.y.toFixed(1)}px)` }}
    >
      {worker.mine && <circle className="mine" r={rim} strokeWidth={1 + radius / 24} />}
      {chosen && <circle className="chosen" r={rim + 5} />}
      <circle className="body" r={radius} style={gone ? undefined : { fill: fill(worker.trainLoss) }} />
      {!gone && (
        <text
          className="seat"
          fontSize={Math.max(11, radius * 0.62)}
          dy={worker.health === 'paused' || worker.health === 'suspected' ? '0.1em' : '0.35em'}
        >
          {worker.seat}
        </text>
      )}
      <State worker={worker} radius={radius} />
      {(labelled || state !== null) && (
        <text className="label" textAnchor={anchor} x={anchor === 'middle' ? 0 : out.x * gap} y={y}>
          {lines.map((line, index) => (
            <tspan
              key={index === 0 ? 'name' : 'state'}
              className={index === 0 ? 'name' : state === null ? 'value' : 'state'}
              x={anchor === 'middle' ? 0 : out.x * gap}
              dy={index === 0 ? first : '1.25em'}
            >
              {line}
            </tspan>
          ))}
        </text>
      )}
    </g>
  );
}
