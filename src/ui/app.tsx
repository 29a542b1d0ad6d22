/**
 * The page: sentence and buttons on top, the flock as the hero, charts beside it. Only arrangement;
 * each part reads what it shows by itself.
 */
import { type ReactNode, useEffect } from 'react';
import { urlOf } from '../recipe/url.ts';
import { Boundary } from './boundary.tsx';
import { useSnapshot, useStage, useView } from './context.ts';
import { DataButton, DataDoor } from './data/data-door.tsx';
import { Flock } from './flock/flock.tsx';
import { Inspector } from './inspector.tsx';
import { CHARTS, useLate } from './late-parts.ts';
import { ModelSection } from './model/section.tsx';
import { MyWorker } from './my-worker.tsx';
import { Notices } from './notices.tsx';
import { Projector } from './projector.tsx';
import { RecipeSentence } from './recipe/recipe-sentence.tsx';
import { RoomLink } from './room-link.tsx';
import { RunControls } from './run-controls.tsx';
import { PhaseAnnouncer, StatusLine } from './status-line.tsx';
import { Tables } from './tables.tsx';
import { AxisSwitch, ViewControls } from './view-controls.tsx';
import { words } from './words.ts';
import { WorkerCount } from './worker-count.tsx';

type Part = keyof typeof words.broken.parts;

/** A part of the page that may fail without the others. `area` is its place in the grid. */
function Fenced({ part, area, children }: { part: Part; area?: string; children: ReactNode }) {
  return (
    <Boundary name={words.broken.parts[part]} {...(area === undefined ? {} : { area })}>
      {children}
    </Boundary>
  );
}

function Charts() {
  const Loaded = useLate(CHARTS);
  return Loaded === null ? <p className="chart-empty">{words.charts.loading}…</p> : <Loaded />;
}

function FencedCharts() {
  return (
    <Fenced part="charts">
      <Charts />
    </Fenced>
  );
}

/** Keeps the address of this page in step with the recipe, so that it can be copied at any time. */
function useAddress(): void {
  const { address } = useStage();
  const recipe = useSnapshot((snapshot) => snapshot?.recipe ?? null);
  const local = useSnapshot((snapshot) => JSON.stringify(snapshot?.local ?? null));
  const projector = useView((state) => state.projector);
  useEffect(() => {
    if (recipe === null) return;
    const query = urlOf(recipe, JSON.parse(local));
    address.show(projector ? `${query === '' ? '?' : `${query}&`}view=projector` : query);
  }, [recipe, local, projector, address]);
}

/** Moves the keyboard to the flock; the address, which names the room, is none of its business. */
function SkipLink() {
  return (
    <button type="button" className="skip" onClick={() => document.getElementById('flock')?.focus()}>
      {words.view.skip}
    </button>
  );
}

function Desk() {
  const chosen = useView((state) => state.selected !== null);
  return (
    <div className="desk">
      <header className="top">
        <div className="brand">
          <h1>{words.title}</h1>
          <SkipLink />
          <Fenced part="room">
            <RoomLink />
          </Fenced>
          <ViewControls />
        </div>
        <Fenced part="notices">
          <Notices />
        </Fenced>
        <Fenced part="sentence">
          <RecipeSentence />
        </Fenced>
        <div className="bar">
          <Fenced part="run">
            <RunControls />
            <WorkerCount label={words.run.workers} />
            <DataButton />
            <StatusLine />
          </Fenced>
        </div>
      </header>
      <main className={chosen ? 'stage inspecting' : 'stage'}>
        <Fenced part="mine">
          <MyWorker />
        </Fenced>
        <Fenced part="flock" area="flock">
          <Flock />
        </Fenced>
        <section className="charts" aria-label={words.charts.label}>
          <AxisSwitch />
          <FencedCharts />
        </section>
        <Fenced part="inspector" area="charts">
          <Inspector />
        </Fenced>
        <Fenced part="model" area="model">
          <ModelSection />
        </Fenced>
        <Fenced part="tables" area="tables">
          <Tables />
        </Fenced>
      </main>
    </div>
  );
}

export function App() {
  useAddress();
  const projector = useView((state) => state.projector);
  return (
    <>
      {projector ? (
        <Fenced part="projector">
          <Projector charts={<FencedCharts />} />
        </Fenced>
      ) : (
        <Desk />
      )}
      <DataDoor />
      <PhaseAnnouncer />
    </>
  );
}
