/** `run.json` of the page: recipe, where it ran, and how far it came, with the fields of `npm run experiment`. */
import { REPORTED_MODEL } from '../../algorithms/reported.ts';
import type { LabBuild } from '../../network/lab.ts';
import type { Snapshot } from '../../session/snapshot.ts';
import type { History } from '../../store/history.ts';

const mean = (values: readonly (number | null)[]) => {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
};

/** The lab that this page is, and the sources it was built from. */
export interface Built extends LabBuild {
  readonly source: typeof __LAB_SOURCE__;
}

const time = (milliseconds: number | null) =>
  milliseconds === null ? null : new Date(milliseconds).toISOString();

export function runJson(
  snapshot: Snapshot,
  history: History,
  browser: string,
  { version, built, source }: Built,
): string {
  const { recipe, local, model, totals } = snapshot;
  const workers = snapshot.workers.filter(({ health }) => health !== 'gone');
  const accuracies = workers.map(({ testAccuracy }) => testAccuracy).filter((value) => value !== null);
  const record = {
    config: recipe,
    local: {
      tabs: new Set(workers.map(({ peer }) => peer)).size,
      workersPerTab: local.workers,
      transport: snapshot.room.transport,
      backend: local.backend,
    },
    limits: { rounds: recipe.rounds, seconds: null, targetAccuracy: null },
    // No command: the page's recipe is in `config`, and in its address.
    provenance: { ...source, command: null, startedAt: time(history.startedAt), builtAt: time(built) },
    environment: {
      browser,
      adapter: [...new Set(workers.map(({ adapter }) => adapter))].join(', '),
      backend: snapshot.backend,
      versions: { murmuration: version },
    },
    summary: {
      rounds: snapshot.round,
      seconds: null,
      model: { of: model.of, seat: model.seat, says: REPORTED_MODEL[model.of] },
      finalTrainLoss: mean(workers.map(({ trainLoss }) => trainLoss)),
      // Of the last evaluation; an average over several tabs is not known to any of them.
      finalTestLoss: model.testLoss,
      finalTestAccuracy: model.testAccuracy,
      ownTestAccuracy:
        accuracies.length === 0
          ? null
          : { mean: mean(accuracies), worst: Math.min(...accuracies), workers: accuracies.length },
      consensusDistance: history.consensus.last?.y ?? null,
      bytesSent: totals.bytesSent,
      bytesUncompressed: totals.bytesUncompressed,
      bytesControl: totals.bytesControl,
      bytesResync: totals.bytesResync,
      packetsExpected: totals.packetsExpected,
      packetsMissed: totals.packetsMissed,
      packetsLate: totals.packetsLate,
      stoppedBy: snapshot.phase,
    },
    failure: snapshot.notices.find(({ id }) => id === 'diverged' || id === 'failed')?.what ?? null,
    workers: workers.map(
      ({ seat, round, rows, backend, adapter, trainLoss, testAccuracy, distanceToMean, ...rest }) => ({
        seat,
        rounds: round,
        rows,
        backend,
        adapter,
        trainLoss,
        testAccuracy,
        distanceToMean,
        bytesSent: rest.bytesSent,
        bytesReceived: rest.bytesReceived,
      }),
    ),
  };
  return `${JSON.stringify(record, null, 2)}\n`;
}
