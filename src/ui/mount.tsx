/**
 * Puts the page together: stores, theme, address, React. The shell shows at once; the session is started
 * beside it and whatever is pressed before it is there waits for it.
 */
import { createRoot } from 'react-dom/client';
import type { Cost } from '../algorithms/algorithm.ts';
import { realClock } from '../base/clock.ts';
import { fetchAhead } from '../base/late.ts';
import { asControl, costOf, refusalOf, withChoice } from '../recipe/legality.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { FAMILIES, SCALARS } from '../recipe/schema.ts';
import { recipeFromUrl, urlOf } from '../recipe/url.ts';
import { whenIdle } from '../session/ahead.ts';
import { layoutOf } from '../session/assets.ts';
import type { LabHandle } from '../session/handle.ts';
import type { PageAddress } from '../session/page-address.ts';
import { createLab, type Lab } from '../store/lab.ts';
import { createView, themeOf, type ViewStore } from '../store/view.ts';
import { App } from './app.tsx';
import { Boundary } from './boundary.tsx';
import { type Stage, StageContext } from './context.ts';
import { CHARTS, LATE_PARTS } from './late-parts.ts';
import { PageBroken } from './page-broken.tsx';
import { RoomRefused } from './room-refused.tsx';
import './styles/all.css';
import { words } from './words.ts';

const THEME_KEY = 'murmuration.theme';

/** Storage may be switched off, in which case the theme is chosen anew in every tab. */
function remembered(): string | null {
  try {
    return localStorage.getItem(THEME_KEY);
  } catch {
    return null;
  }
}

function remember(theme: string): void {
  try {
    localStorage.setItem(THEME_KEY, theme);
  } catch {
    // Only comfort is lost.
  }
}

function createPageView(url: URL): ViewStore {
  const view = createView({
    theme: themeOf(url.searchParams.get('theme') ?? remembered()),
    projector: url.searchParams.get('view') === 'projector',
  });
  const show = (theme: string) => {
    if (theme === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  };
  show(view.getState().theme);
  view.subscribe((state, before) => {
    if (state.theme === before.theme) return;
    show(state.theme);
    remember(state.theme);
  });
  return view;
}

/** Once the session is ready and the charts are there, fetches what a press may need. */
function fetchLater(lab: Lab): void {
  const stop = lab.store.subscribe(({ snapshot }) => {
    if (snapshot === null || snapshot.phase === 'starting') return;
    stop();
    const later = () => whenIdle(() => void fetchAhead(LATE_PARTS));
    CHARTS.load().then(later, later);
  });
}

function startWith(lab: Lab, start: () => Promise<LabHandle>): void {
  start().then(
    (handle) => lab.attach(handle),
    (error: unknown) => {
      lab.notify({
        id: 'page-start',
        level: 'error',
        what: words.notices.failedWhat(error instanceof Error ? error.message : String(error)),
        works: words.notices.failedWorks,
        todo: words.notices.failedTodo,
      });
    },
  );
}

/** The cost of a round, every worker in a tab of its own; null where the data's shape is not known yet. */
function cost(recipe: Recipe, workers: number): Cost | null {
  try {
    return costOf(
      recipe,
      layoutOf(recipe),
      Array.from({ length: workers }, (_, tab) => tab),
    );
  } catch {
    return null;
  }
}

/**
 * Shows the page in `root` and starts the session with `start`; where the room's name cannot be used, says
 * so instead, and joins nobody.
 */
export function mount(root: HTMLElement, address: PageAddress, start: () => Promise<LabHandle>): void {
  const url = address.opened;
  const view = createPageView(url);
  if (address.asked.kind === 'unusable') {
    createRoot(root).render(<RoomRefused name={address.asked.text} why={address.asked.why} />);
    return;
  }
  const { recipe, local } = recipeFromUrl(url);
  const lab = createLab({ after: realClock.after, hidden: () => document.hidden });
  document.addEventListener('visibilitychange', () => lab.visibilityChanged());
  const stage: Stage = {
    lab,
    view,
    address,
    catalogue: { families: FAMILIES, scalars: SCALARS, refusal: refusalOf, asControl, withChoice, cost },
    wanted: { recipe, local },
    linkOf: (chosen, settings, room, origin) =>
      `${origin}${window.location.pathname}${urlOf(chosen, settings, room)}`,
  };
  createRoot(root).render(
    <StageContext value={stage}>
      <Boundary
        name={words.broken.parts.page}
        instead={(reason, again) => <PageBroken reason={reason} again={again} />}
      >
        <App />
      </Boundary>
    </StageContext>,
  );
  fetchLater(lab);
  startWith(lab, start);
}
