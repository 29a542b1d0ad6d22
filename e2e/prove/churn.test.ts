/**
 * Tabs come, go, reload and change their minds while the flock trains, in an order that a seed decides.
 * After every change all living tabs share one view with exactly the workers they host, and rounds go on.
 */
import type { BrowserContext, Page } from 'playwright';
import { expect, it } from 'vitest';
import { type RandomStream, randomStream } from '../../src/math/random.ts';
import { Lab, until } from '../tests/lab.ts';
import { advance, agreed, send, start } from './flock.ts';

const STEPS = 15;
const FEWEST = 3;
const MOST = 5;
const MOST_WORKERS = 3;

interface Member {
  readonly name: string;
  readonly page: Page;
  workers: number;
}

/** The tabs there are, and what may happen to them. */
class Churn {
  readonly members: Member[] = [];
  readonly #lab: Lab;
  readonly #context: BrowserContext;
  readonly #random: RandomStream;
  readonly #address: string;
  #opened = 0;

  constructor(lab: Lab, context: BrowserContext, random: RandomStream, address: string) {
    this.#lab = lab;
    this.#context = context;
    this.#random = random;
    this.#address = address;
  }

  async open(): Promise<string> {
    const page = await this.#lab.tab(this.#context, this.#address);
    this.#opened += 1;
    const member = { name: `tab ${this.#opened}`, page, workers: 1 };
    this.members.push(member);
    return `${member.name} comes`;
  }

  async next(): Promise<string> {
    const kinds = ['reload', 'workers', 'workers'];
    if (this.members.length > FEWEST) kinds.push('close', 'close');
    if (this.members.length < MOST) kinds.push('open', 'open');
    const kind = this.#pick(kinds);
    if (kind === 'open') return this.open();
    const member = this.#pick(this.members);
    if (kind === 'close') {
      this.members.splice(this.members.indexOf(member), 1);
      await member.page.close({ runBeforeUnload: false });
      return `${member.name} closes`;
    }
    if (kind === 'reload') {
      // Its number of workers is in its address, so it comes back with as many.
      await member.page.reload();
      await until(member.page, ({ phase }) => phase !== 'starting');
      return `${member.name} reloads`;
    }
    const counts = Array.from({ length: MOST_WORKERS }, (_, index) => index + 1);
    member.workers = this.#pick(counts.filter((count) => count !== member.workers));
    await send(member.page, { kind: 'workers', count: member.workers });
    return `${member.name} wants ${member.workers} workers`;
  }

  async settled(): Promise<void> {
    const pages = this.members.map(({ page }) => page);
    const workers = this.members.reduce((sum, member) => sum + member.workers, 0);
    const snapshots = await agreed(pages, workers);
    for (const [index, { workers: all }] of snapshots.entries()) {
      const mine = all.filter(({ mine: own, health }) => own && health !== 'gone');
      expect(mine).toHaveLength(this.members[index]?.workers ?? 0);
    }
    await advance(pages, 3);
    // The view that was agreed on is still the one they train in.
    await agreed(pages, workers);
  }

  #pick<T>(choices: readonly T[]): T {
    const choice = choices[this.#random.u32() % choices.length];
    if (choice === undefined) throw new Error('There is nothing to choose from.');
    return choice;
  }
}

it.each([1, 2])('a flock survives any sequence of changes (seed %i)', async (seed) => {
  const lab = await Lab.open();
  const story: string[] = [];
  try {
    const context = await lab.browser.newContext();
    // Stream number 200 is no purpose of the lab's own.
    const random = randomStream(seed, 200, 0, 0);
    const churn = new Churn(lab, context, random, `?model.hidden=16&evalEvery=20#room=churn-${seed}`);
    for (let tab = 0; tab < FEWEST; tab += 1) story.push(await churn.open());
    const [first] = churn.members;
    if (first === undefined) throw new Error('There is a first tab.');
    await agreed(
      churn.members.map(({ page }) => page),
      FEWEST,
    );
    await start(first.page);
    for (let step = 0; step < STEPS; step += 1) {
      const since = Date.now();
      const change = await churn.next();
      story.push(change);
      await churn.settled();
      story[story.length - 1] = `${change} (${((Date.now() - since) / 1000).toFixed(1)} s)`;
    }
    expect(lab.errors).toEqual([]);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`After: ${story.join('; ')}.\n${why}`, { cause: error });
  } finally {
    await lab.close();
  }
});
