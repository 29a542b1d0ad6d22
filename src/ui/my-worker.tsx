/** This tab's own workers in a few numbers: what a phone shows first. */
import { useSnapshot } from './context.ts';
import { grouped, percent, three } from './format.ts';
import { words } from './words.ts';

const mean = (values: readonly (number | null)[]): number | null => {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
};

export function MyWorker() {
  const snapshot = useSnapshot((latest) => latest);
  const mine = snapshot?.workers.filter((worker) => worker.mine && worker.health !== 'gone') ?? [];
  const [first] = mine;
  if (first === undefined || snapshot === null) return null;
  const title = mine.length === 1 ? `${words.mine.title}: ${first.name}` : words.mine.several(mine.length);
  const { packetsMissed, packetsExpected } = snapshot.totals;
  const missed = words.mine.missedOf(grouped(packetsMissed), grouped(packetsExpected));
  const facts: readonly (readonly [string, string])[] = [
    [words.table.loss, three(mean(mine.map((worker) => worker.trainLoss)))],
    [words.table.accuracy, percent(mean(mine.map((worker) => worker.testAccuracy)))],
    [words.table.round, grouped(first.round)],
    [words.table.backend, words.inspector.backends[snapshot.backend]],
    // Of algorithms that send over the lane where a packet that is lost stays lost.
    ...(packetsExpected > 0 ? [[words.mine.missed, missed] as const] : []),
  ];
  return (
    <section className="my-worker" aria-label={title}>
      <h2>{title}</h2>
      <dl>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd className="number">{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
