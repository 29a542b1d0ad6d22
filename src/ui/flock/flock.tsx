/**
 * The picture of the flock: workers on a circle or in the pattern of their graph, edges between them,
 * everything on it measured. One stop in the tab order: arrow keys walk over workers and then edges, Enter opens the details, Escape closes
 * them. The same facts stand in words in `tables.tsx`.
 */
import { type KeyboardEvent, useRef, useState } from 'react';
import type { EdgeStatus, Snapshot, WorkerStatus } from '../../session/snapshot.ts';
import { type Selection, sameSelection } from '../../store/view.ts';
import { useMedia, useRecipe, useSnapshot, useStage, useView } from '../context.ts';
import { bytes, grouped, three } from '../format.ts';
import { sentenceOf, textOf } from '../sentence.ts';
import { words } from '../words.ts';
import { arrangementOf, hasDirection } from './arrangement.ts';
import { Disc } from './disc.tsx';
import { circle, HEIGHT, type Spot, spot, upright, WIDTH } from './geometry.ts';
import { Legend } from './legend.tsx';
import { Link } from './link.tsx';

/** One disc needs no room for a circle around it: the hint stands closer. */
const ALONE = `0 ${HEIGHT / 2 - 110} ${WIDTH} 230`;

const NO_WORKERS: readonly WorkerStatus[] = [];
const NO_EDGES: readonly EdgeStatus[] = [];
/** More labels than this would lie over one another. */
const LABELLED = 12;
const LABELLED_NARROW = 8;
/** More pulses than this are noise: beyond it only this tab's edges show them. */
const PULSED = 40;

/** What a screen reader says of a worker. */
export function describeWorker(worker: WorkerStatus): string {
  const parts = [worker.name];
  if (worker.mine) parts.push(words.flock.you);
  parts.push(words.health[worker.health]);
  if (worker.hidden && worker.health !== 'hidden') parts.push(words.health.hidden);
  parts.push(`${words.table.round} ${grouped(worker.round)}`);
  if (worker.trainLoss !== null) parts.push(`${words.table.loss} ${three(worker.trainLoss)}`);
  return words.flock.workerLabel(parts);
}

function nameOf(workers: readonly WorkerStatus[], seat: number): string {
  return workers.find((worker) => worker.seat === seat)?.name ?? String(seat);
}

export function describeEdge(edge: EdgeStatus, workers: readonly WorkerStatus[]): string {
  const rate = edge.bytesPerSecond > 0 ? bytes(edge.bytesPerSecond) : words.flock.noTraffic;
  return words.flock.edgeLabel(
    nameOf(workers, edge.a),
    nameOf(workers, edge.b),
    rate,
    words.room.carrier[edge.carrier],
  );
}

function selections(workers: readonly WorkerStatus[], edges: readonly EdgeStatus[]): readonly Selection[] {
  return [
    ...workers.map((worker) => ({ kind: 'worker', seat: worker.seat }) as const),
    ...edges.map((edge) => ({ kind: 'edge', a: edge.a, b: edge.b }) as const),
  ];
}

function useDescription(): string {
  const { catalogue } = useStage();
  const recipe = useRecipe();
  const snapshot = useSnapshot((latest) => latest);
  const count = snapshot?.workers.filter((worker) => worker.health !== 'gone').length ?? 0;
  const sentence = textOf(sentenceOf(recipe, count, catalogue));
  const phase = words.phase[snapshot?.phase ?? 'starting'];
  return `${sentence} ${words.flock.state(grouped(snapshot?.round ?? 0), phase)}`;
}

/** Keyboard walking: which of the items has the tab stop, and what the keys do. */
function useWalk(items: readonly Selection[]) {
  const { view } = useStage();
  const [current, setCurrent] = useState(0);
  const elements = useRef(new Map<number, SVGGElement>());
  const stop = Math.min(current, Math.max(0, items.length - 1));
  const press = (event: KeyboardEvent, index: number) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      const next = (index + step + items.length) % items.length;
      setCurrent(next);
      elements.current.get(next)?.focus();
    } else if (event.key === 'Enter' || event.key === ' ') {
      view.setState({ selected: items[index] ?? null });
    } else if (event.key === 'Escape') {
      view.setState({ selected: null });
    } else return;
    event.preventDefault();
  };
  return {
    stop,
    press,
    /** Remembers the element of an item, so that the arrows can focus it. */
    hold: (index: number) => (element: SVGGElement | null) => {
      if (element === null) elements.current.delete(index);
      else elements.current.set(index, element);
    },
    choose: (index: number) => {
      setCurrent(index);
      const item = items[index] ?? null;
      view.setState((state) => ({ selected: sameSelection(state.selected, item) ? null : item }));
    },
  };
}

function Hint({ workers }: { readonly workers: readonly WorkerStatus[] }) {
  const present = workers.filter((worker) => worker.health !== 'gone');
  if (present.length === 0 || present.some((worker) => !worker.mine)) return null;
  return (
    <p className="hint">
      {present.length === 1 && <b>{words.flock.alone} </b>}
      {words.flock.joinHint} {present.length === 1 && words.flock.virtualHint}
    </p>
  );
}

/** Milliseconds between two pulses on an edge: painting them takes time from training. */
const BEAT_MS = 1200;

/** The latest round, renewed once in a while; null while nothing moves. */
function useBeat(round: number | null): number | null {
  const beat = useRef({ round, at: Number.NEGATIVE_INFINITY });
  const now = performance.now();
  if (round === null || (round !== beat.current.round && now - beat.current.at >= BEAT_MS)) {
    beat.current = { round, at: now };
  }
  return beat.current.round;
}

/** Before the first Start nobody trains, which is no news: only a pause in a run is drawn as one. */
function shown({ phase, workers }: Snapshot): readonly WorkerStatus[] {
  if (phase !== 'idle') return workers;
  return workers.map((worker) => (worker.health === 'paused' ? { ...worker, health: 'active' } : worker));
}

function usePicture(snapshot: Snapshot | null) {
  const { lab } = useStage();
  const workers = snapshot === null ? NO_WORKERS : shown(snapshot);
  const arrangement = snapshot === null ? circle(0) : arrangementOf(snapshot.recipe, workers);
  const spots = new Map<number, Spot>();
  workers.forEach((worker, index) => {
    const distance = worker.health === 'gone' ? null : worker.distanceToMean;
    const there = arrangement.homes[index];
    if (there === undefined) return;
    spots.set(worker.seat, spot(there, distance, lab.history.farthest, arrangement.agreement));
  });
  const edges = (snapshot?.edges ?? NO_EDGES).filter((edge) => spots.has(edge.a) && spots.has(edge.b));
  const mine = new Set(workers.filter((worker) => worker.mine).map((worker) => worker.seat));
  const directed = snapshot !== null && hasDirection(snapshot.recipe);
  return { workers, edges, arrangement, spots, mine, directed };
}

export function Flock() {
  const snapshot = useSnapshot((latest) => latest);
  const selected = useView((state) => state.selected);
  const still = useMedia('(prefers-reduced-motion: reduce)');
  const description = useDescription();
  const { workers, edges, arrangement, spots, mine, directed } = usePicture(snapshot);
  const narrow = useMedia('(max-width: 34rem)');
  const { homes, radius } = arrangement;
  const labels = narrow ? arrangement.labels.map(upright) : arrangement.labels;
  const walk = useWalk(selections(workers, edges));
  const beat = useBeat(snapshot?.phase === 'running' && !still ? snapshot.round : null);
  const item = (index: number, label: string, chosen: boolean) => ({
    ref: walk.hold(index),
    className: 'item',
    role: 'button',
    tabIndex: index === walk.stop ? 0 : -1,
    'aria-label': label,
    'aria-pressed': chosen,
    onClick: () => walk.choose(index),
    onKeyDown: (event: KeyboardEvent) => walk.press(event, index),
  });

  return (
    <section className="flock" id="flock" tabIndex={-1} aria-label={words.flock.title}>
      <svg viewBox={workers.length > 1 ? `0 0 ${WIDTH} ${HEIGHT}` : ALONE} aria-label={description}>
        {workers.length > 1 &&
          workers.map((worker, index) => {
            const there = homes[index];
            const now = spots.get(worker.seat) ?? there;
            if (there === undefined || now === undefined) return null;
            return (
              <g key={worker.seat} className="home">
                <line x1={there.x} y1={there.y} x2={now.x} y2={now.y} />
                <circle cx={there.x} cy={there.y} r={radius * 0.5} />
              </g>
            );
          })}
        {edges.map((edge, index) => {
          const from = spots.get(edge.a);
          const to = spots.get(edge.b);
          if (from === undefined || to === undefined) return null;
          const chosen = sameSelection(selected, { kind: 'edge', a: edge.a, b: edge.b });
          const pulsed = edges.length <= PULSED || mine.has(edge.a) || mine.has(edge.b);
          const label = describeEdge(edge, workers);
          return (
            <g key={`${edge.a}-${edge.b}`} {...item(workers.length + index, label, chosen)}>
              <title>{label}</title>
              <Link
                edge={edge}
                from={from}
                to={to}
                radius={radius}
                chosen={chosen}
                directed={directed}
                beat={pulsed ? beat : null}
              />
            </g>
          );
        })}
        {workers.map((worker, index) => {
          const chosen = sameSelection(selected, { kind: 'worker', seat: worker.seat });
          const label = describeWorker(worker);
          const at = spots.get(worker.seat);
          const out = labels[index];
          if (at === undefined || out === undefined) return null;
          return (
            <g key={worker.seat} {...item(index, label, chosen)}>
              <title>{label}</title>
              <Disc
                worker={worker}
                at={at}
                out={out}
                radius={radius}
                labelled={workers.length <= (narrow ? LABELLED_NARROW : LABELLED)}
                brief={narrow}
                chosen={chosen}
              />
            </g>
          );
        })}
        {workers.length === 0 && (
          <text className="none" x={WIDTH / 2} y={HEIGHT / 2}>
            {words.flock.empty}
          </text>
        )}
      </svg>
      <Hint workers={workers} />
      <Legend pulses={!still} />
    </section>
  );
}
