/** Emulated links against their formula: α + βs, one after another, in order, losses as delays. */
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../base/virtual-clock.ts';
import type { LinkQuality } from '../recipe/conditions.ts';
import { EmulatedLinks } from './conditions.ts';

const PLAIN: LinkQuality = {
  bandwidth: Number.POSITIVE_INFINITY,
  latency: 0,
  jitter: 0,
  loss: 0,
  per: 'link',
};

/** When messages [from, to, bytes], all sent at once, arrive; in the order of arrival. */
async function arrivals(
  quality: Partial<LinkQuality>,
  messages: readonly (readonly [number, number, number])[],
  reliable = true,
  seed = 1,
) {
  const clock = new VirtualClock();
  const links = new EmulatedLinks(clock, seed, { ...PLAIN, ...quality });
  const came: { index: number; at: number }[] = [];
  for (const [index, [from, to, bytes]] of messages.entries()) {
    links.pass(from, to, bytes, reliable, () => came.push({ index, at: clock.now() }));
  }
  await clock.run(() => false, 1e9);
  return came;
}

describe('emulated links', () => {
  it('take latency and the time of the bytes, one message after another on each direction of a link', async () => {
    const came = await arrivals({ bandwidth: 1e6, latency: 50 }, [
      [0, 1, 1250],
      [0, 1, 2500],
      [1, 0, 1250],
      [0, 2, 1250],
    ]);
    const at = (index: number) => came.find((each) => each.index === index)?.at;
    expect([at(0), at(1), at(2), at(3)]).toEqual([60, 80, 60, 60]);
  });

  it('share what a worker has for all that it sends, if asked to', async () => {
    const came = await arrivals({ bandwidth: 1e6, latency: 50, per: 'worker' }, [
      [0, 1, 1250],
      [0, 2, 1250],
      [1, 2, 1250],
    ]);
    expect(came.map(({ index, at }) => [index, at])).toEqual([
      [0, 60],
      [2, 60],
      [1, 70],
    ]);
  });

  it('vary within the jitter, and keep the order of a link', async () => {
    const messages = Array.from({ length: 400 }, () => [0, 1, 100] as const);
    const came = await arrivals({ latency: 50, jitter: 20 }, messages);
    expect(came.map(({ index }) => index)).toEqual(messages.map((_, index) => index));
    const single = await Promise.all(
      Array.from({ length: 400 }, (_, seed) =>
        arrivals({ latency: 50, jitter: 20 }, [[0, 1, 100]], true, seed),
      ),
    );
    const times = single.map(([first]) => first?.at ?? Number.NaN);
    expect(Math.min(...times)).toBeGreaterThanOrEqual(30);
    expect(Math.max(...times)).toBeLessThan(70);
    expect(Math.abs(times.reduce((a, b) => a + b, 0) / 400 - 50)).toBeLessThan(2);
  });

  it('delay by a round trip what is lost, where everything must arrive', async () => {
    // One packet: each loss, with probability 1/4, costs a round trip of 100 ms; on average 100 / 3.
    const times = await Promise.all(
      Array.from({ length: 3000 }, async (_, seed) => {
        const [first] = await arrivals({ latency: 50, loss: 0.25 }, [[0, 1, 1000]], true, seed);
        return (first?.at ?? Number.NaN) - 50;
      }),
    );
    expect(times.every((late) => late % 100 === 0)).toBe(true);
    expect(Math.abs(times.filter((late) => late > 0).length / 3000 - 0.25)).toBeLessThan(0.03);
    expect(Math.abs(times.reduce((a, b) => a + b, 0) / 3000 - 100 / 3)).toBeLessThan(4);
  });

  it('lose a message with any of its packets, where nothing is sent again', async () => {
    // Ten packets: all arrive with probability 0.9 to the tenth, 0.349.
    let came = 0;
    for (let seed = 0; seed < 2000; seed += 1) {
      came += (await arrivals({ loss: 0.1 }, [[0, 1, 12_000]], false, seed)).length;
    }
    expect(Math.abs(came / 2000 - 0.9 ** 10)).toBeLessThan(0.035);
  });

  it('give the same times for the same seed', async () => {
    const messages = Array.from({ length: 50 }, (_, k) => [k % 3, (k + 1) % 3, 5000] as const);
    const quality = { bandwidth: 1e7, latency: 20, jitter: 5, loss: 0.05 };
    expect(await arrivals(quality, messages)).toEqual(await arrivals(quality, messages));
    expect(await arrivals(quality, messages, true, 2)).not.toEqual(await arrivals(quality, messages));
  });
});
