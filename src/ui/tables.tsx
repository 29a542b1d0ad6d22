/** The flock in words and numbers: the picture's alternative, and the quickest way to compare workers. */
import type { WorkerStatus } from '../session/snapshot.ts';
import type { Selection } from '../store/view.ts';
import { useSnapshot, useStage } from './context.ts';
import { bytes, grouped, NOTHING, percent, three } from './format.ts';
import { words } from './words.ts';

function stateOf(worker: WorkerStatus): string {
  const state = words.health[worker.health];
  return worker.hidden && worker.health !== 'hidden' ? `${state}, ${words.health.hidden}` : state;
}

function Choose({ selection, text }: { readonly selection: Selection; readonly text: string }) {
  const { view } = useStage();
  return (
    <button type="button" className="plain" onClick={() => view.setState({ selected: selection })}>
      {text}
    </button>
  );
}

function Workers() {
  const workers = useSnapshot((snapshot) => snapshot?.workers) ?? [];
  const { table } = words;
  return (
    <table>
      <caption>{table.workers}</caption>
      <thead>
        <tr>
          <th scope="col">{table.worker}</th>
          <th scope="col">{table.state}</th>
          <th scope="col">{table.backend}</th>
          <th scope="col">{table.round}</th>
          <th scope="col">{table.loss}</th>
          <th scope="col">{table.accuracy}</th>
          <th scope="col">{table.distance}</th>
          <th scope="col">{table.sent}</th>
          <th scope="col">{table.received}</th>
        </tr>
      </thead>
      <tbody>
        {workers.map((worker) => (
          <tr key={worker.seat}>
            <th scope="row">
              <Choose
                selection={{ kind: 'worker', seat: worker.seat }}
                text={worker.mine ? `${worker.name} (${words.flock.you})` : worker.name}
              />
            </th>
            <td>{stateOf(worker)}</td>
            <td>{worker.adapter === '' ? words.inspector.backends[worker.backend] : worker.adapter}</td>
            <td className="number">{grouped(worker.round)}</td>
            <td className="number">{three(worker.trainLoss)}</td>
            <td className="number">{percent(worker.testAccuracy)}</td>
            <td className="number">{three(worker.distanceToMean)}</td>
            <td className="number">{bytes(worker.bytesSent)}</td>
            <td className="number">{bytes(worker.bytesReceived)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Edges() {
  const workers = useSnapshot((snapshot) => snapshot?.workers) ?? [];
  const edges = useSnapshot((snapshot) => snapshot?.edges) ?? [];
  const name = (seat: number) => workers.find((worker) => worker.seat === seat)?.name ?? NOTHING;
  return (
    <table>
      <caption>{words.table.edges}</caption>
      <thead>
        <tr>
          <th scope="col">{words.table.link}</th>
          <th scope="col">{words.table.rate}</th>
          <th scope="col">{words.table.carrier}</th>
        </tr>
      </thead>
      <tbody>
        {edges.map(({ a, b, bytesPerSecond, carrier }) => (
          <tr key={`${a}-${b}`}>
            <th scope="row">
              <Choose selection={{ kind: 'edge', a, b }} text={`${name(a)} – ${name(b)}`} />
            </th>
            <td className="number">{bytes(bytesPerSecond)}</td>
            <td>{words.room.carrier[carrier]}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function Tables() {
  return (
    <details className="tables">
      <summary>{words.flock.table}</summary>
      <div className="scroll">
        <Workers />
        <Edges />
      </div>
    </details>
  );
}
