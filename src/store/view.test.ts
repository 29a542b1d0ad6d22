import { expect, test } from 'vitest';
import { nextTheme, sameSelection, themeOf } from './view.ts';

test('a theme by any other name follows the system', () => {
  expect([themeOf('dark'), themeOf('pink'), themeOf(null)]).toEqual(['dark', 'system', 'system']);
});

test('the first press on the theme always changes what is seen, the third returns to the system', () => {
  for (const systemIsDark of [true, false]) {
    const first = nextTheme('system', systemIsDark);
    expect(first).toBe(systemIsDark ? 'light' : 'dark');
    const second = nextTheme(first, systemIsDark);
    expect(second).toBe(systemIsDark ? 'dark' : 'light');
    expect(nextTheme(second, systemIsDark)).toBe('system');
  }
});

test('selections are the same by what they mean', () => {
  expect(sameSelection({ kind: 'worker', seat: 1 }, { kind: 'worker', seat: 1 })).toBe(true);
  expect(sameSelection({ kind: 'edge', a: 0, b: 1 }, { kind: 'edge', a: 0, b: 2 })).toBe(false);
  expect(sameSelection({ kind: 'worker', seat: 1 }, null)).toBe(false);
  expect(sameSelection(null, null)).toBe(true);
});
