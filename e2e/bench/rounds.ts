/** What a round of every algorithm costs beside its gradients, with eight virtual workers in one tab. */
import type { Browser } from 'playwright';
import type { Bench } from './page/main.ts';
import { type Row, row } from './rows.ts';

const TURNS = 3;
const ROUNDS = 4;

function runRounds([turns, rounds]: [number, number]) {
  const bench: Bench = Reflect.get(window, 'bench');
  return bench.rounds(turns, rounds);
}

export async function benchRounds(browser: Browser, url: string): Promise<readonly Row[]> {
  const page = await browser.newPage();
  await page.goto(url);
  await page.waitForFunction(() => Reflect.has(window, 'bench'));
  const { adapter, times } = await page.evaluate(runRounds, [TURNS, ROUNDS] satisfies [number, number]);
  await page.close();
  return times.flatMap(({ id, with: setting, round, plain, shares }) => {
    const subject = `${id} (${setting})`;
    const parts = ['compute', 'compress', 'wait', 'apply'] as const;
    return [
      row('round', subject, 'ms', adapter, round, { name: '8 plain SGD steps', value: plain }),
      ...parts.map((part, index) =>
        row(`round-${part}`, subject, 'share', adapter, shares[index] ?? Number.NaN),
      ),
    ];
  });
}
