import { expect, test } from 'vitest';
import { bytes, byteTick, duration, grouped, NOTHING, percent, three, tick } from './format.ts';

test('numbers have three significant digits', () => {
  expect([0, 0.03124, 1.5, 123.4, 999.6, 12_345, -2.345].map(three)).toEqual([
    '0',
    '0.0312',
    '1.50',
    '123',
    '1\u202f000',
    '12\u202f300',
    '-2.35',
  ]);
  expect(three(0.0000123)).toBe('1.23 × 10⁻⁵');
  expect(three(4.5e7)).toBe('4.5 × 10⁷');
});

test('what is not known is a dash', () => {
  for (const value of [null, undefined, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(three(value)).toBe(NOTHING);
    expect(bytes(value)).toBe(NOTHING);
    expect(percent(value)).toBe(NOTHING);
  }
});

test('bytes are B, kB and MB', () => {
  expect([0, 532, 999.4, 999.6, 12_345, 1_500_000, 3e9].map(bytes)).toEqual([
    '0 B',
    '532 B',
    '999 B',
    '1.00 kB',
    '12.3 kB',
    '1.50 MB',
    '3.00 GB',
  ]);
  expect([0, 500_000, 1_500_000].map(byteTick)).toEqual(['0\u00a0B', '500\u00a0kB', '1.5\u00a0MB']);
});

test('times are ms and s, fractions are percentages', () => {
  expect([3.4, 230, 2130, 123_456].map(duration)).toEqual(['3 ms', '230 ms', '2.1 s', '123 s']);
  expect([0, 0.9123, 1].map(percent)).toEqual(['0 %', '91.2 %', '100 %']);
});

test('ticks carry no trailing zeros', () => {
  expect([0, 0.5, 0.1, 1, 200, 20_000, 1e-5, 2e-7].map(tick)).toEqual([
    '0',
    '0.5',
    '0.1',
    '1',
    '200',
    '20\u202f000',
    '10⁻⁵',
    '2×10⁻⁷',
  ]);
  expect(grouped(1_234_567)).toBe('1\u202f234\u202f567');
});
