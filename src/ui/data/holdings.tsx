/**
 * Who holds what: a bar for each worker, as long as its rows are many, in pieces for the classes (or for
 * ranges of the number to predict). Counted by the session; drawn here.
 */
import { useEffect, useState } from 'react';
import { useStore } from 'zustand';
import type { HoldingsReport, SeatHoldings } from '../../session/holdings.ts';
import { useRecipe, useSnapshot, useStage } from '../context.ts';
import { grouped, three } from '../format.ts';
import { words } from '../words.ts';

/** So many hues stay apart; beyond, and for ranges, shades do. */
const HUES = 8;

function colourOf(bin: number, { bins, ranges }: HoldingsReport): string {
  if (bins.length <= HUES && !ranges) return `var(--c${bin})`;
  // From one end of the scale over its middle to the other.
  const share = bins.length < 2 ? 0 : Math.round((200 * bin) / (bins.length - 1));
  return share <= 100
    ? `color-mix(in oklab, var(--loss-middle) ${share}%, var(--loss-high))`
    : `color-mix(in oklab, var(--loss-low) ${share - 100}%, var(--loss-middle))`;
}

const rowsOf = ({ counts }: SeatHoldings) => counts.reduce((sum, count) => sum + count, 0);

function Bar({
  seat,
  name,
  report,
  most,
}: {
  readonly seat: SeatHoldings;
  readonly name: string;
  readonly report: HoldingsReport;
  readonly most: number;
}) {
  const rows = rowsOf(seat);
  const parts = seat.counts
    .map((count, bin) => ({ bin, count, label: report.bins[bin] ?? '' }))
    .filter(({ count }) => count > 0);
  const told = parts.map(({ label, count }) => `${label}: ${grouped(count)}`).join(', ');
  return (
    <li>
      <span className="holder">{name}</span>
      <span
        className="held"
        role="img"
        aria-label={words.data.bar(name, grouped(rows), told)}
        style={{ width: `${most === 0 ? 0 : (100 * rows) / most}%` }}
      >
        {parts.map(({ bin, count, label }) => (
          <span
            key={bin}
            title={`${label}: ${words.data.rowsShort(grouped(count))}`}
            style={{ flexGrow: count, background: colourOf(bin, report) }}
          />
        ))}
      </span>
      <span className="number help">{words.data.rowsShort(grouped(rows))}</span>
    </li>
  );
}

/** ζ², when somebody wants to know: it costs about as much as going through all the data once. */
function GradientDifference() {
  const { lab } = useStage();
  const [told, setTold] = useState<{ readonly text: string; readonly help: string } | null>(null);
  const [busy, setBusy] = useState(false);
  const say = words.data;
  const measure = async () => {
    setBusy(true);
    try {
      const { difference, gradient, rows, available } = await lab.ask('difference', {});
      const part = rows < available ? ` ${say.gradientsPart(grouped(rows), grouped(available))}` : '';
      setTold({ text: three(difference), help: say.gradientsHelp(three(gradient)) + part });
    } catch (error) {
      setTold({ text: '–', help: error instanceof Error ? error.message : String(error) });
    }
    setBusy(false);
  };
  return (
    <div>
      <dt>{say.gradients}</dt>
      <dd>
        {told !== null && (
          <output className="number" aria-label={say.gradients}>
            {told.text}
          </output>
        )}{' '}
        <button type="button" disabled={busy} onClick={() => void measure()}>
          {busy ? say.measuring : say.measure}
        </button>
        <small>{told?.help ?? say.gradientsAsk}</small>
      </dd>
    </div>
  );
}

export function Holdings() {
  const { lab } = useStage();
  const report = useStore(lab.store, ({ holdings }) => holdings);
  const recipe = useRecipe();
  const workers = useSnapshot((snapshot) => snapshot?.workers) ?? [];
  // Whatever may deal the data anew; loading it takes a moment, and shows as a change of phase or parameters.
  const occasion = useSnapshot((snapshot) =>
    snapshot === null
      ? ''
      : [
          snapshot.view.counter,
          snapshot.view.epoch,
          snapshot.recipeVersion,
          snapshot.phase,
          snapshot.workers.length,
          snapshot.notices.length,
        ].join(' '),
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: the occasion is the reason to ask again.
  useEffect(() => {
    lab.send({ kind: 'holdings' });
  }, [lab, occasion]);
  // Nothing tells when the data has been loaded: ask until it has.
  const missing = report === null;
  useEffect(() => {
    if (!missing) return;
    const timer = setInterval(() => lab.send({ kind: 'holdings' }), 1000);
    return () => clearInterval(timer);
  }, [lab, missing]);

  const say = words.data;
  if (report === null) {
    return (
      <section className="holdings">
        <h3>{say.holdings}</h3>
        <p className="help">{say.noHoldings}</p>
      </section>
    );
  }
  const sizes = report.seats.map(rowsOf);
  const most = Math.max(0, ...sizes);
  const least = Math.min(...sizes);
  const nameOf = (seat: number) => workers.find((worker) => worker.seat === seat)?.name ?? `Worker ${seat}`;
  return (
    <section className="holdings">
      <h3>{say.holdings}</h3>
      <ul>
        {report.seats.map((seat) => (
          <Bar key={seat.seat} seat={seat} name={nameOf(seat.seat)} report={report} most={most} />
        ))}
      </ul>
      {report.bins.length > 1 && (
        <p className="holdings-key">
          <span className="help">{report.ranges ? say.ranges : say.classesLabel}</span>
          {report.bins.slice(0, 26).map((bin, at) => (
            <span key={bin}>
              <i style={{ background: colourOf(at, report) }} />
              {bin}
            </span>
          ))}
          {report.bins.length > 26 && <span>…</span>}
        </p>
      )}
      {report.seats.length > 1 && (
        <dl className="facts">
          <div>
            <dt>{say.heterogeneity}</dt>
            <dd>
              <span className="number">{three(report.heterogeneity)}</span>
              <small>{say.heterogeneityHelp}</small>
            </dd>
          </div>
          <div>
            <dt>{say.imbalance}</dt>
            <dd>
              <span className="number">{least > 0 ? three(most / least) : '∞'}</span>
              <small>{say.imbalanceHelp}</small>
            </dd>
          </div>
          {!report.private && (
            // Another deal is another number.
            <GradientDifference
              key={JSON.stringify([recipe.dataset, recipe.model, recipe.seed, report.seats])}
            />
          )}
        </dl>
      )}
      {!report.dealt && !report.private && <p className="help">{say.preview}</p>}
      {report.private && <p className="help">{say.ownOnly}</p>}
    </section>
  );
}
