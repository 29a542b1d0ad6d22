/** Which file or page a path leads to, whatever a proxy left in front of it. */
import { expect, it } from 'vitest';
import { fileIn, routeOf } from './prefix.ts';

const files = new Set(['/index.html', '/favicon.svg', '/assets/index-1.js', '/data/digits.bin', '/lab.json']);
const route = (path: string) => routeOf(path, '/signalling', (file) => files.has(file));
const serves = (path: string) => ({ kind: 'serve', path });

it('leaves away whatever stands in front of what the lab knows', () => {
  for (const prefix of ['', '/lab', '/a/b/c', '/assets', '/lab.json/data', '/%E2%82%AC']) {
    for (const file of files) expect(route(`${prefix}${file}`)).toEqual(serves(file));
    expect(route(`${prefix}/`)).toEqual(serves('/'));
    expect(route(`${prefix}/signalling/peerjs/id`)).toEqual(serves('/signalling/peerjs/id'));
  }
});

it('closes a page’s address with its slash, from wherever it is looked at', () => {
  expect(route('/lab')).toEqual({ kind: 'redirect', to: './lab/' });
  expect(route('/a/b')).toEqual({ kind: 'redirect', to: './b/' });
  // Neither another host nor another scheme.
  expect(route('//example.com:80/x:y')).toEqual({ kind: 'redirect', to: './x:y/' });
});

it('has no page for a file of another version', () => {
  expect(route('/assets/index-2.js')).toEqual({ kind: 'missing' });
  expect(route('/lab/assets/index-2.js')).toEqual({ kind: 'missing' });
});

it('looks in its own folder alone', () => {
  const isFile = fileIn(import.meta.dirname);
  expect(isFile('/prefix.ts')).toBe(true);
  for (const path of [
    '/..',
    '/',
    '/../floors.test.ts',
    '/%2e%2e/floors.test.ts',
    '/%',
    '/a%00',
    '/nowhere',
  ]) {
    expect(isFile(path), path).toBe(false);
  }
});
