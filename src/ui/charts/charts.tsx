/**
 * All charts, one x-axis for all of them. Loaded apart from the shell, so that the page can be used
 * before the charting library is there.
 */
import { startTransition, useEffect, useState } from 'react';
import type { Snapshot } from '../../session/snapshot.ts';
import type { History } from '../../store/history.ts';
import type { Axis } from '../../store/view.ts';
import { useStage, useView } from '../context.ts';
import { bytes, byteTick, percent, three, tick } from '../format.ts';
import { learns } from '../sentence.ts';
import { words } from '../words.ts';
import { Chart, type ChartProps } from './chart.tsx';
import {
  consensusChart,
  contraction,
  endOf,
  LINE_LIMIT,
  latestMean,
  trafficChart,
  workerChart,
} from './data.ts';

/** Charts take turns: one of these at every tick. */
const TURNS = 4;
/** Milliseconds after the rest of the page was drawn. */
const AFTER_THE_REST = 120;

type Spectrum = NonNullable<Snapshot['spectrum']>;

interface Given {
  readonly axis: Axis;
  readonly end: number;
  readonly history: History;
  readonly snapshot: Snapshot | null;
  readonly large: boolean;
}

function shared({ axis, end, large }: Given): Pick<ChartProps, 'axis' | 'end' | 'large' | 'right'> {
  return { axis, end, large, right: large ? 140 : 100 };
}

function Loss(given: Given) {
  const { axis, history, snapshot } = given;
  const count = history.loss.size;
  const latest = latestMean(history.loss, snapshot);
  const { catalogue } = useStage();
  const learning = snapshot === null || learns(snapshot.recipe, catalogue);
  return (
    <Chart
      {...shared(given)}
      id="loss"
      title={words.charts.loss}
      unit={words.charts.lossUnit}
      value={three(latest)}
      {...(count > 1 ? { of: words.charts.mean } : {})}
      {...(count > LINE_LIMIT ? { note: words.charts.band(count) } : {})}
      empty={learning ? words.charts.empty.loss : words.charts.empty.unlearned}
      data={workerChart(axis, history, history.loss, snapshot)}
      floor={0}
      format={three}
      tickFormat={tick}
    />
  );
}

function Accuracy(given: Given) {
  const { axis, history, snapshot } = given;
  const known = history.model.last !== undefined;
  const latest = history.model.last?.y ?? latestMean(history.accuracy, snapshot);
  const several = history.accuracy.size > 1;
  return (
    <Chart
      {...shared(given)}
      id="accuracy"
      title={words.charts.accuracy}
      unit={words.charts.accuracyUnit}
      value={percent(latest)}
      {...(several && known ? { of: words.charts.ofReported[snapshot?.model.of ?? 'average'] } : {})}
      {...(several && !known ? { of: words.charts.ofOwn, note: words.charts.ownNote } : {})}
      empty={words.charts.empty.accuracy(snapshot?.recipe.evalEvery ?? 10)}
      data={workerChart(axis, history, history.accuracy, snapshot, history.model)}
      ceiling={1}
      format={percent}
      tickFormat={percent}
    />
  );
}

/** Of a matrix that averages exactly they are 0 but for rounding. */
function eigenvalue(value: number): string {
  return three(Math.abs(value) < 1e-9 ? 0 : value).replace('-', '−');
}

/** What the mixing matrix predicts for gossip alone, beside what is measured of gossip and learning. */
function gossipNote(spectrum: Spectrum, measured: number | null, dashed: boolean): string {
  const { matrix, dashedNote } = words.charts;
  const { kind, lambda2, lambdaN, rho, gap } = spectrum;
  const values = kind === 'eigenvalues' ? matrix.eigenvalues(eigenvalue(lambda2), eigenvalue(lambdaN)) : '';
  const left = rho < 1e-6 ? matrix.exact : rho > 1 - 1e-9 ? matrix.never : matrix.left(percent(rho));
  const beside = measured === null ? '' : matrix.measured(percent(measured));
  const sentence = `${values}${matrix.gap(three(gap))}${left}${beside}.`;
  return dashed ? `${sentence} ${dashedNote}` : sentence;
}

function Consensus(given: Given) {
  const { axis, history, snapshot } = given;
  const data = consensusChart(axis, history, snapshot);
  const dashed = data.lines.some((line) => line.dashed);
  const known = history.consensus.last !== undefined;
  const how = history.exact ? words.charts.exact : words.charts.estimated;
  return (
    <Chart
      {...shared(given)}
      id="consensus"
      title={words.charts.consensus}
      unit={known ? `${words.charts.consensusUnit}, ${how}` : words.charts.consensusUnit}
      value={three(history.consensus.last?.y)}
      {...(known && snapshot?.spectrum
        ? { note: gossipNote(snapshot.spectrum, contraction(history.consensus.samples), dashed) }
        : {})}
      empty={
        snapshot?.model.of === 'server'
          ? words.charts.empty.server
          : history.consensus.last?.y === 0
            ? words.charts.empty.agreed
            : words.charts.empty.consensus
      }
      data={data}
      log
      format={three}
      tickFormat={tick}
    />
  );
}

function Traffic(given: Given) {
  const { axis, history } = given;
  const sent = history.sent.last?.y ?? 0;
  const full = history.uncompressed.last?.y ?? 0;
  const moved = sent > 0 || (history.received.last?.y ?? 0) > 0;
  const data = trafficChart(axis, history);
  return (
    <Chart
      {...shared(given)}
      id="traffic"
      title={words.charts.traffic}
      unit={words.charts.trafficUnit}
      value={moved ? bytes(sent) : ''}
      {...(moved ? { of: words.charts.sent } : {})}
      {...(sent > 0 && full > sent * 1.05 ? { note: words.charts.ratio(three(full / sent)) } : {})}
      empty={words.charts.empty.traffic}
      data={moved ? data : { ...data, rows: [] }}
      floor={0}
      format={bytes}
      tickFormat={byteTick}
    />
  );
}

/** A chart that draws itself anew at every fourth tick: one chart at a time, so that the page never stalls. */
function InTurn({ turn, chart: Drawn }: { readonly turn: number; readonly chart: typeof Loss }) {
  const { lab } = useStage();
  const axis = useView((state) => state.axis);
  const large = useView((state) => state.projector);
  // The history is not React's: its tick says when to read it again. Not in the task that draws the rest
  // of the page, and in slices.
  const [, drawn] = useState(0);
  useEffect(
    () =>
      lab.store.subscribe(({ tick }, before) => {
        if (tick === before.tick || (tick + turn) % TURNS !== 0) return;
        setTimeout(() => startTransition(() => drawn(tick)), AFTER_THE_REST);
      }),
    [lab, turn],
  );
  const { snapshot } = lab.store.getState();
  return (
    <Drawn
      axis={axis}
      end={endOf(axis, lab.history)}
      history={lab.history}
      snapshot={snapshot}
      large={large}
    />
  );
}

export default function Charts() {
  const large = useView((state) => state.projector);
  return (
    <>
      <InTurn turn={3} chart={Loss} />
      {!large && <InTurn turn={2} chart={Accuracy} />}
      <InTurn turn={1} chart={Consensus} />
      {!large && <InTurn turn={0} chart={Traffic} />}
    </>
  );
}
