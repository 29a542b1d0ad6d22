/** Details of one worker or one link, sliding over the charts. Escape or the button closes it. */
import { useEffect, useRef } from 'react';
import type { EdgeStatus, WorkerStatus } from '../session/snapshot.ts';
import { useSnapshot, useStage, useView } from './context.ts';
import { bytes, grouped, percent, three } from './format.ts';
import { Staleness } from './staleness.tsx';
import { words } from './words.ts';

type Fact = readonly [name: string, value: string, help?: string];

export function factsOfWorker(worker: WorkerStatus): readonly Fact[] {
  const { table, inspector } = words;
  return [
    [table.state, words.health[worker.health]],
    [table.tab, worker.hidden ? table.hidden : table.visible],
    [table.backend, inspector.backends[worker.backend], worker.adapter],
    [table.round, grouped(worker.round)],
    [table.loss, `${three(worker.trainLoss)} ${words.charts.lossUnit}`],
    [table.testLoss, `${three(worker.testLoss)} ${words.charts.lossUnit}`],
    [table.accuracy, percent(worker.testAccuracy)],
    [table.distance, three(worker.distanceToMean), inspector.help.distance],
    ...(worker.residualNorm === null
      ? []
      : [[table.residual, three(worker.residualNorm), inspector.help.residual] as const]),
    [table.rows, grouped(worker.rows)],
    [table.sent, bytes(worker.bytesSent)],
    [table.received, bytes(worker.bytesReceived)],
    [table.seat, String(worker.seat)],
    [table.peer, worker.mine ? table.thisTab : worker.peer, inspector.help.peer],
  ];
}

function factsOfEdge(edge: EdgeStatus): readonly Fact[] {
  return [
    [words.table.rate, bytes(edge.bytesPerSecond)],
    [words.table.carrier, words.room.carrier[edge.carrier]],
  ];
}

export function Facts({ facts }: { readonly facts: readonly Fact[] }) {
  return (
    <dl className="facts">
      {facts.map(([name, value, help]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <span className="number">{value}</span>
            {help !== undefined && help !== '' && <small>{help}</small>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

export function Inspector() {
  const { view } = useStage();
  const selected = useView((state) => state.selected);
  const workers = useSnapshot((snapshot) => snapshot?.workers) ?? [];
  const edges = useSnapshot((snapshot) => snapshot?.edges) ?? [];
  const heading = useRef<HTMLHeadingElement>(null);
  const key = JSON.stringify(selected);
  useEffect(() => {
    if (key !== 'null') heading.current?.focus({ preventScroll: true });
  }, [key]);
  if (selected === null) return null;
  const named = (seat: number) => workers.find((worker) => worker.seat === seat)?.name ?? String(seat);
  const worker =
    selected.kind === 'worker' ? workers.find((candidate) => candidate.seat === selected.seat) : undefined;
  const edge =
    selected.kind === 'edge'
      ? edges.find((candidate) => candidate.a === selected.a && candidate.b === selected.b)
      : undefined;
  const title =
    selected.kind === 'worker'
      ? named(selected.seat)
      : words.inspector.edge(named(selected.a), named(selected.b));
  const close = () => {
    view.setState({ selected: null });
    document.querySelector<SVGElement>('.flock [tabindex="0"]')?.focus();
  };
  const facts = worker !== undefined ? factsOfWorker(worker) : edge !== undefined ? factsOfEdge(edge) : null;
  return (
    <aside
      className="inspector"
      aria-label={title}
      onKeyDown={(event) => {
        if (event.key === 'Escape') close();
      }}
    >
      <header>
        <h2 ref={heading} tabIndex={-1}>
          {title}
        </h2>
        <button type="button" className="icon" aria-label={words.inspector.close} onClick={close}>
          ×
        </button>
      </header>
      {facts === null ? <p>{words.inspector.vanished}</p> : <Facts facts={facts} />}
      {worker?.staleness != null && <Staleness histogram={worker.staleness} />}
    </aside>
  );
}
