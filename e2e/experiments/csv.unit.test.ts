/** Columns, order, and what stands where nothing is known. */
import { describe, expect, it } from 'vitest';
import type { MetricRow } from '../../src/session/snapshot.ts';
import { type ConsensusPoint, type ModelPoint, metricsCsv, timingCsv } from './csv.ts';

const row = (seat: number, round: number, trainLoss = 0.5): MetricRow => ({
  seat,
  round,
  samples: round * 32,
  trainLoss,
  testLoss: 0.25,
  testAccuracy: 0.9,
  suffered: 16,
  batches: 32,
  bytesSent: 1000,
  bytesReceived: 2000,
  simulatedSeconds: null,
  seconds: [0.5, 0.25, 1e-7, 0],
});

const point = (round: number, value: number, exact: boolean): ConsensusPoint => ({
  kind: 'consensus',
  epoch: 0,
  round,
  value,
  exact,
  distances: { 0: value, 1: value / 2 },
});

const figure = (round: number, testAccuracy: number): ModelPoint => ({
  kind: 'model',
  epoch: 0,
  round,
  testLoss: 0.125,
  testAccuracy,
});

describe('metrics.csv', () => {
  it('leaves a cell empty where there is no number, or none that is finite', () => {
    const resting = { ...row(0, 10), trainLoss: null, testLoss: null, testAccuracy: null };
    const text = metricsCsv([resting, { ...row(1, 10), testLoss: Number.NaN }], [], []);
    expect(text.split('\n').slice(1, 3)).toEqual([
      '0,10,320,,,,,,,,1000,2000,',
      '1,10,320,0.5,,0.9,,,,,1000,2000,',
    ]);
    expect(text).not.toContain('NaN');
  });

  it('has the agreed columns, sorted by round and seat, and an empty last one', () => {
    const text = metricsCsv([row(1, 10), row(0, 20), row(0, 10)], [point(10, 3, true)], [figure(10, 0.97)]);
    expect(text.split('\n')).toEqual([
      'seat,round,samples,trainLoss,testLoss,testAccuracy,modelTestLoss,modelTestAccuracy,distanceToMean,consensusDistance,bytesSent,bytesReceived,simulatedSeconds',
      '0,10,320,0.5,0.25,0.9,0.125,0.97,3,3,1000,2000,',
      '1,10,320,0.5,0.25,0.9,0.125,0.97,1.5,3,1000,2000,',
      '0,20,640,0.5,0.25,0.9,,,,,1000,2000,',
      '',
    ]);
  });

  it('does not depend on the order in which reports arrive', () => {
    const rows = [row(0, 1), row(1, 1), row(0, 2), row(1, 2)];
    const points = [point(1, 2, true), point(2, 1, true)];
    expect(metricsCsv([...rows].reverse(), [...points].reverse(), [])).toBe(metricsCsv(rows, points, []));
  });

  it('keeps the later of two rows for one seat and round, and exact distances over estimates', () => {
    const text = metricsCsv([row(0, 1, 9), row(0, 1, 8)], [point(1, 4, true), point(1, 5, false)], []);
    expect(text.split('\n')[1]).toBe('0,1,32,8,0.25,0.9,,,4,4,1000,2000,');
  });
});

describe('timing.csv', () => {
  it('splits seconds into compute, compress, wait, apply', () => {
    expect(timingCsv([row(3, 7)])).toBe('seat,round,compute,compress,wait,apply\n3,7,0.5,0.25,1e-7,0\n');
  });
});
