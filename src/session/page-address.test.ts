/** The address of a page: what leaves a room, and what is put right again. */
import { describe, expect, it, vi } from 'vitest';
import { PageAddress, readFragment } from './page-address.ts';
import type { Notice } from './snapshot.ts';

const BASE = 'http://lab.test/';

/** A window's address bar: changes are heard as a browser tells them. */
class Bar {
  href: string;
  reloads = 0;
  readonly #listeners: (() => void)[] = [];
  readonly location: { href: string; reload(): void };
  readonly history = {
    replaceState: (_data: unknown, _unused: string, url: string) => {
      this.href = url;
    },
  };

  constructor(address: string) {
    this.href = new URL(address, BASE).href;
    const bar = this;
    this.location = {
      get href() {
        return bar.href;
      },
      reload: () => {
        this.reloads += 1;
      },
    };
  }

  addEventListener(_event: string, listener: () => void): void {
    this.#listeners.push(listener);
  }

  go(address: string): void {
    this.href = new URL(address, this.href).href;
    for (const listener of this.#listeners) listener();
  }
}

function opened(address: string, room = 'A', host = 'HOST') {
  const bar = new Bar(address);
  const told: Notice[] = [];
  const page = new PageAddress(bar);
  page.listen((notice) => told.push(notice));
  page.entered(room, host);
  return { bar, page, told };
}

describe('a room', () => {
  it.each(['#flock', '#', '#room=A', '#room=a', '#room=%41', '##', '#:~:text=flock'])(
    'named in the address is not left for %s, and stays in the address',
    (fragment) => {
      // A plain address would lead to this very room, so that not even an empty fragment leads elsewhere.
      const { bar, told } = opened('?lr=0.2#room=A', 'A', 'A');
      bar.go(fragment);
      expect(bar.reloads).toBe(0);
      expect(bar.href).toBe(`${BASE}?lr=0.2${fragment === '#' ? '' : '#room=A'}`);
      expect(told).toEqual([]);
    },
  );

  it.each(['#flock', '#', '#room=HOST', '#room=host'])(
    'of the host’s plain address is not left for %s',
    (fragment) => {
      const { bar, told } = opened('', 'HOST', 'HOST');
      bar.go(fragment);
      expect([bar.reloads, bar.href, told]).toEqual([0, BASE, []]);
    },
  );

  it.each(['#room=B', '#room=new', '#room=NEW', '#room=a%20b', '#'])('is left for %s', (fragment) => {
    const { bar } = opened('#room=A');
    bar.go(fragment);
    expect(bar.reloads).toBeGreaterThan(0);
    expect(bar.href).toBe(new URL(fragment, BASE).href);
  });

  it('is left for the host’s once that is another', () => {
    const { bar, page } = opened('#room=A', 'A', 'A');
    page.hostChanged('B');
    bar.go('#');
    expect(bar.reloads).toBeGreaterThan(0);
  });

  it('is not left for a name that cannot be: it is said, and put right', () => {
    const { bar, told } = opened('?lr=0.2#room=A');
    bar.go('#room=a/b');
    expect([bar.reloads, bar.href]).toEqual([0, `${BASE}?lr=0.2#room=A`]);
    expect(told.map(({ what }) => what)).toEqual([
      'The address asked for a room whose name cannot be used: “a/b”. It contains “/”.',
    ]);
  });

  it('keeps its recipe when the fragment brings settings: it is said', () => {
    const { bar, told } = opened('#room=A');
    bar.go('#room=A&lr=0.5');
    expect([bar.reloads, bar.href]).toEqual([0, `${BASE}#room=A`]);
    expect(told[0]?.what).toContain('lr=0.5');
  });

  it('keeps its query over Back and Forward', () => {
    const { bar, page } = opened('?lr=0.2#room=A');
    page.show('?lr=0.3');
    expect(bar.href).toBe(`${BASE}?lr=0.3#room=A`);
    bar.go('?lr=0.2#room=A');
    expect([bar.reloads, bar.href]).toEqual([0, `${BASE}?lr=0.3#room=A`]);
  });
});

describe('before anybody is in a room', () => {
  it('a fresh one is named once it is known', () => {
    const { bar } = opened('?lr=0.2#room=new', 'BCDFGH');
    expect(bar.href).toBe(`${BASE}?lr=0.2#room=BCDFGH`);
  });

  it('a name as people write it is in the address for others', () => {
    const { bar } = opened('#room= 日本  a ', '日本 a');
    expect(bar.href).toBe(`${BASE}#room=%E6%97%A5%E6%9C%AC%20a`);
  });

  it('a room in the query is a room; of two, the one behind the # counts, and it is said', () => {
    const inQuery = opened('?room=A', 'A');
    expect([inQuery.page.asked, inQuery.told]).toEqual([{ kind: 'room', name: 'A' }, []]);
    inQuery.page.show('');
    expect(inQuery.bar.href).toBe(`${BASE}#room=A`);
    expect(new PageAddress(new Bar('?room=a/b')).asked.kind).toBe('unusable');
    const both = opened('?room=A#room=B', 'B');
    expect(both.page.asked).toEqual({ kind: 'room', name: 'B' });
    expect(both.told.map(({ id }) => id)).toEqual(['address-room']);
    expect(opened('?room=A#room=A').told).toEqual([]);
  });

  it('a recipe that only came along from another room is nobody’s wish', () => {
    const held = new Map<string, string>();
    vi.stubGlobal('sessionStorage', {
      getItem: (key: string) => held.get(key) ?? null,
      setItem: (key: string, value: string) => held.set(key, value),
      removeItem: (key: string) => held.delete(key),
    });
    const { bar, page } = opened('?lr=0.2#room=A');
    expect(page.carried).toBe(false);
    bar.go('?lr=0.2#room=B');
    expect(new PageAddress(new Bar('?lr=0.2#room=B')).carried).toBe(true);
    // Once: the next time it is the address that somebody opened.
    expect(new PageAddress(new Bar('?lr=0.2#room=B')).carried).toBe(false);
    bar.go('?lr=0.5#room=B');
    expect(new PageAddress(new Bar('?lr=0.5#room=B')).carried).toBe(false);
    vi.unstubAllGlobals();
  });

  it('another wish counts', () => {
    const bar = new Bar('#room=A');
    new PageAddress(bar);
    bar.go('#room=a');
    expect(bar.reloads).toBe(0);
    bar.go('#room=B');
    expect(bar.reloads).toBeGreaterThan(0);
  });

  it('what came too early to be told is told', () => {
    expect(opened('#lr=0.5').told[0]?.what).toContain('lr=0.5');
  });

  it('a name that cannot be leads nowhere, and anything else away from it', () => {
    const bar = new Bar('#room=a/b');
    expect(new PageAddress(bar).asked).toEqual({ kind: 'unusable', text: 'a/b', why: 'It contains “/”.' });
    expect(bar.href).toBe(`${BASE}#room=a/b`);
    bar.go('#room=ab');
    expect(bar.reloads).toBeGreaterThan(0);
  });
});

describe('a fragment', () => {
  it.each([
    ['', { kind: 'host' }],
    ['#', { kind: 'host' }],
    ['#flock', { kind: 'host' }],
    ['#room', { kind: 'unusable', text: '', why: 'It is empty.' }],
    ['#room=', { kind: 'unusable', text: '', why: 'It is empty.' }],
    ['#room=Klasse_5b', { kind: 'room', name: 'Klasse_5b' }],
    ['#room=a+b', { kind: 'room', name: 'a b' }],
    ['#room=A&room=B', { kind: 'room', name: 'A' }],
    ['#room=%E6%97%A5%E6%9C%AC', { kind: 'room', name: '日本' }],
    ['#room=%E6%97', { kind: 'unusable', text: '\ufffd', why: 'It contains “\ufffd”.' }],
    [
      '#room=%E2%80%AEa',
      {
        kind: 'unusable',
        text: 'U+202Ea',
        why: 'It contains a character that cannot be seen, U+202E.',
      },
    ],
  ])('%s', (fragment, asked) => {
    expect(readFragment(fragment).asked).toEqual(asked);
  });
});
