/**
 * What the published algorithms promise, on real digits in four tabs over real data channels, by the same
 * command line that a person would use: accuracy that hardly differs, at a fraction of the bytes.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { main } from '../experiments/main.ts';
import type { Summary } from '../experiments/summary.ts';

const ROUNDS = 160;
/** One percentage point of test accuracy. */
const POINT = 0.01;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'murmuration-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const known = new Map<string, Promise<Summary>>();

async function experiment(flags: string): Promise<Summary> {
  const out = path.join(folder, String(known.size));
  const args = `--tabs 4 --rounds ${ROUNDS} --eval-every ${ROUNDS} --seed 1 --json --out ${out} ${flags}`;
  const code = await main(args.split(' '), new AbortController().signal);
  if (code !== 0) throw new Error(`The experiment ended with ${code}: ${flags}`);
  const { summary }: { summary: Summary } = JSON.parse(readFileSync(path.join(out, 'run.json'), 'utf8'));
  return summary;
}

/** The summary of a run; a baseline that several tests compare with runs once. */
function run(flags: string): Promise<Summary> {
  let summary = known.get(flags);
  if (summary === undefined) {
    summary = experiment(flags);
    known.set(flags, summary);
  }
  return summary;
}

const accuracy = async (flags: string) => (await run(flags)).finalTestAccuracy ?? Number.NaN;
const bytes = async (flags: string) => (await run(flags)).bytesSent;

describe('central algorithms, four tabs over WebRTC', () => {
  const plain = '--algorithm allreduce-sgd --lr 0.2';
  const squeezed = '--algorithm double-squeeze --compressor one-bit --lr 0.2';
  const lowRank = '--algorithm power-sgd --set algorithm.rank=2 --lr 0.2';
  const adam = '--algorithm allreduce-sgd --optimizer adam --lr 0.002';
  const oneBit = `--algorithm one-bit-adam --set algorithm.warmupRounds=${ROUNDS * 0.15} --lr 0.002`;

  it('AllReduce-SGD learns the digits', async () => {
    expect(await accuracy(plain)).toBeGreaterThan(0.88);
  });

  it('DoubleSqueeze with one bit: within a point, at a twenty-eighth of the bytes', async () => {
    expect(await accuracy(squeezed)).toBeGreaterThan((await accuracy(plain)) - POINT);
    expect(await bytes(squeezed)).toBeLessThan((await bytes(plain)) / 28);
  });

  it('PowerSGD of rank 2: within a point, at a tenth of the bytes', async () => {
    expect(await accuracy(lowRank)).toBeGreaterThan((await accuracy(plain)) - POINT);
    expect(await bytes(lowRank)).toBeLessThan((await bytes(plain)) / 10);
  });

  it('1-bit Adam with 15 % of warm-up: within a point of Adam, at a fifth of the bytes', async () => {
    expect(await accuracy(adam)).toBeGreaterThan(0.88);
    expect(await accuracy(oneBit)).toBeGreaterThan((await accuracy(adam)) - POINT);
    expect(await bytes(oneBit)).toBeLessThan((await bytes(adam)) / 5);
  });
});

describe('gossip algorithms, four tabs over WebRTC', () => {
  const gossip = '--algorithm d-psgd --lr 0.2';
  const choco = '--algorithm choco-sgd --compressor one-bit --lr 0.2';
  const split = '--partition shards:2 --lr 0.2';

  it('CHOCO with one bit: within a point of D-PSGD, at a twenty-eighth of the bytes', async () => {
    expect(await accuracy(gossip)).toBeGreaterThan(0.88);
    expect(await accuracy(choco)).toBeGreaterThan((await accuracy(gossip)) - POINT);
    expect(await bytes(choco)).toBeLessThan((await bytes(gossip)) / 28);
  });

  it('D² beats D-PSGD where workers hold different labels', async () => {
    const d2 = await run(`--algorithm d2 ${split}`);
    const dPsgd = await run(`--algorithm d-psgd ${split}`);
    expect(d2.ownTestAccuracy?.worst ?? 0).toBeGreaterThan((dPsgd.ownTestAccuracy?.worst ?? 1) + 5 * POINT);
  });

  it('RPS: a fifth of the messages lost costs less than a point', async () => {
    const rps = (rate: number) => `--algorithm rps --set algorithm.dropRate=${rate} --lr 0.2`;
    expect(await accuracy(rps(0.2))).toBeGreaterThan((await accuracy(rps(0))) - POINT);
  });

  it('RPS over the unreliable lane: within a point of reliable messages, hardly a packet missed', async () => {
    const lossy = '--algorithm rps --set algorithm.lane=lossy --lr 0.2';
    const reliable = '--algorithm rps --set algorithm.dropRate=0 --lr 0.2';
    expect(await accuracy(lossy)).toBeGreaterThan((await accuracy(reliable)) - POINT);
    const { packetsExpected, packetsMissed } = await run(lossy);
    expect(packetsExpected).toBeGreaterThan(ROUNDS * 4 * 3 * 2);
    expect(packetsMissed).toBeLessThan(packetsExpected / 10);
  });

  it('push-sum learns and agrees over one-way edges', async () => {
    const summary = await run('--algorithm sgp --topology directed-random --lr 0.2');
    expect(summary.finalTestAccuracy ?? 0).toBeGreaterThan(0.88);
    expect(summary.consensusDistance ?? Number.NaN).toBeLessThan(1);
  });
});
