/**
 * Tabs in a real Chromium: the built lab, opened N times in one browser context, driven through
 * `window.murmuration` exactly as a person in the console could.
 */
import type { Page } from 'playwright';
import { DataError } from '../../src/data/dataset.ts';
import { isPrivate } from '../../src/data/private.ts';
import { roomCode } from '../../src/network/room-code.ts';
import { urlOf } from '../../src/recipe/url.ts';
import type { TraceEvent } from '../../src/session/emulation.ts';
import { OWN_FILE_KEY } from '../../src/session/file-state.ts';
import type { WorkerModel } from '../../src/session/handle.ts';
import type { AnswerOn, QuestionOn, Topic } from '../../src/session/models-questions.ts';
import type { MetricRow, Request } from '../../src/session/snapshot.ts';
import { openChromium } from '../browser.ts';
import { messageOf } from '../sentence.ts';
import type { ConsensusPoint, ModelPoint } from './csv.ts';
import { RunFailure } from './drive.ts';
import type { Experiment } from './flags.ts';
import { BuildError } from './lab-build.ts';
import { type LabServer, serveLab } from './lab-server.ts';
import type { Polled, Tab } from './ledger.ts';
import { bring, ownFileOf, withFileName } from './own-data.ts';
import { type Pace, realPace } from './pace.ts';
import type { Progress } from './progress.ts';

/** An opened flock, and what it runs in. */
export interface Flock {
  readonly tabs: readonly Tab[];
  readonly pace: Pace;
  /** "Chromium 156.0.1", or "none". */
  readonly browser: string;
  /** Events so far, under a virtual clock. */
  readonly trace?: readonly TraceEvent[];
  close(): Promise<void>;
}

/** Each look is a message to every page. */
const POLL_MS = 200;
/** A page that has said nothing for this long is lost. */
const ANSWER_MS = 30_000;
const BUFFER = 'murmurationExperiment';

/** In the page: keeps what the session reports until the driver fetches it. */
function startBuffer(name: string): void {
  const lab = window.murmuration;
  if (lab === undefined) throw new Error('The lab is no longer in this page.');
  const buffer: { rows: MetricRow[]; consensus: ConsensusPoint[]; figures: ModelPoint[] } = {
    rows: [],
    consensus: [],
    figures: [],
  };
  lab.subscribe((report) => {
    if (report.kind === 'metrics') buffer.rows.push(...report.rows);
    if (report.kind === 'points') {
      for (const point of report.points) {
        if (point.kind === 'consensus') buffer.consensus.push(point);
        if (point.kind === 'model') buffer.figures.push(point);
      }
    }
  });
  Reflect.set(window, name, buffer);
}

/** In the page: hands over what the buffer has. */
function drainBuffer(name: string): Polled {
  const lab = window.murmuration;
  if (lab === undefined) throw new Error('The lab is no longer in this page.');
  const buffer: { rows: MetricRow[]; consensus: ConsensusPoint[]; figures: ModelPoint[] } = Reflect.get(
    window,
    name,
  );
  return {
    snapshot: lab.snapshot(),
    rows: buffer.rows.splice(0),
    consensus: buffer.consensus.splice(0),
    figures: buffer.figures.splice(0),
  };
}

function sendRequest(request: Request): void {
  const lab = window.murmuration;
  if (lab === undefined) throw new Error('The lab is no longer in this page.');
  lab.send(request);
}

async function readModels(at: 'evaluated' | undefined): Promise<readonly WorkerModel[]> {
  const lab = window.murmuration;
  if (lab === undefined) throw new Error('The lab is no longer in this page.');
  return lab.models(at);
}

interface Put {
  readonly about: Topic;
  readonly question: QuestionOn<Topic>;
}

async function putQuestion({ about, question }: Put): Promise<AnswerOn<Topic>> {
  const lab = window.murmuration;
  if (lab === undefined) throw new Error('The lab is no longer in this page.');
  return lab.ask(about, question);
}

class PageTab implements Tab {
  readonly label: string;
  readonly #page: Page;
  #lost: string | null = null;

  constructor(page: Page, label: string, progress: Progress) {
    this.#page = page;
    this.label = label;
    page.on('crash', () => this.lose('it crashed'));
    page.on('close', () => this.lose('it was closed'));
    page.on('pageerror', (error) => progress.note(`${label} reports: ${error.message}`));
  }

  lose(reason: string): void {
    this.#lost ??= reason;
  }

  lost(): string | null {
    return this.#lost;
  }

  /** An answer from the page, or the tab is lost: a stuck renderer must not stop the others. */
  async #answer<T>(answer: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        this.lose(`it did not answer for ${ANSWER_MS / 1000} s`);
        reject(new Error(`${this.label} did not answer.`));
      }, ANSWER_MS);
    });
    try {
      return await Promise.race([answer, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  poll(): Promise<Polled> {
    return this.#answer(this.#page.evaluate(drainBuffer, BUFFER));
  }

  send(request: Request): Promise<void> {
    return this.#answer(this.#page.evaluate(sendRequest, request));
  }

  models(at?: 'evaluated'): Promise<readonly WorkerModel[]> {
    return this.#answer(this.#page.evaluate(readModels, at));
  }

  async ask<About extends Topic>(about: About, question: QuestionOn<About>): Promise<AnswerOn<About>> {
    const put: Put = { about, question };
    const asked = this.#page.evaluate(putQuestion, put).catch((error: unknown) => {
      // The sentence alone, without Playwright's words and the page's stack.
      const [sentence = ''] = messageOf(error).split('\n');
      throw new Error(sentence.replace(/^page\.evaluate: (?:\w*Error: )?/, ''));
    });
    const answer: AnswerOn<Topic> = await this.#answer(asked);
    // The page answers a question on its own topic.
    return answer as AnswerOn<About>;
  }
}

async function openTab(page: Page, url: string, label: string, progress: Progress): Promise<PageTab> {
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(url);
  try {
    await page.waitForFunction(() => window.murmuration !== undefined, null, {
      polling: 50,
      timeout: ANSWER_MS,
    });
  } catch {
    const why = errors.length > 0 ? ` It reports: ${errors.join('; ')}` : '';
    throw new RunFailure(`The lab did not start in ${label} within ${ANSWER_MS / 1000} s.${why}`);
  }
  await page.evaluate(startBuffer, BUFFER);
  return new PageTab(page, label, progress);
}

/** @throws {RunFailure}, {BuildError}, {DataError}, or the signal's reason. */
export async function openBrowserFlock(
  { recipe, local, run }: Experiment,
  progress: Progress,
  signal: AbortSignal,
): Promise<Flock> {
  const file = ownFileOf(recipe);
  const known = file === null ? recipe : withFileName(recipe, file);
  const browser = await openChromium().catch((error) => {
    const without = '--transport memory --backend cpu runs without a browser';
    throw new RunFailure(`${messageOf(error)} (${without}.)`, { cause: error });
  });
  let server: LabServer | undefined;
  const close = async () => {
    await browser.close();
    await server?.close();
  };
  try {
    server = await serveLab((line) => progress.note(line));
    progress.update(`opening ${run.tabs} tabs`);
    const context = await browser.newContext();
    const room = roomCode((bytes) => crypto.getRandomValues(bytes));
    const url = new URL(urlOf(known, local, room), server.url).href;
    if (isPrivate(known.dataset.options)) {
      const own = [OWN_FILE_KEY, String(known.dataset.options.file)] as const;
      await context.addInitScript(([key, name]) => sessionStorage.setItem(key, name), own);
    }
    const tabs: PageTab[] = [];
    // One after another: the first opens the room, the others join it.
    for (let index = 1; index <= run.tabs; index++) {
      signal.throwIfAborted();
      const page = await context.newPage();
      tabs.push(await openTab(page, url, `tab ${index}`, progress));
      const problem = index === 1 && file !== null ? await bring(page, file, known) : null;
      if (problem !== null) throw new RunFailure(problem);
    }
    return { tabs, pace: realPace(POLL_MS), browser: `Chromium ${browser.version()}`, close };
  } catch (error) {
    await close();
    if (signal.aborted || error instanceof RunFailure || error instanceof BuildError) throw error;
    if (error instanceof DataError) throw error;
    // Playwright's own words, of which the first line says what happened and the rest where.
    throw new RunFailure(`The tabs could not be opened: ${messageOf(error).split('\n')[0]}`, {
      cause: error,
    });
  }
}
