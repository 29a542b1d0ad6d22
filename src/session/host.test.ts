/** The server's room, watched by a tab: who is told what when it is another. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { VirtualClock } from '../base/virtual-clock.ts';
import { type Lab, parseLab } from '../network/lab.ts';
import { askHost, type HostAnswer, HostWatch } from './host.ts';
import type { Notice } from './snapshot.ts';

const BASE = new URL('http://lab.test/');
const BUILD = { version: 'v', built: 1 };

function labIn(room: string, changes: object = {}): Lab {
  const lab = parseLab({ room, ...BUILD, signalling: { path: '/signalling' }, ...changes });
  if (lab === null) throw new Error('It is a lab.');
  return lab;
}

/** A tab's storage, as long as it is open. */
function storage(): void {
  const held = new Map<string, string>();
  vi.stubGlobal('sessionStorage', {
    getItem: (key: string) => held.get(key) ?? null,
    setItem: (key: string, value: string) => held.set(key, value),
    removeItem: (key: string) => held.delete(key),
  });
}

afterEach(() => vi.unstubAllGlobals());

function watch(room: string, lab: Lab, place = '/') {
  const notices = new Map<string, Notice>();
  const asked: (string | null)[] = [];
  const hosts: string[] = [];
  const clock = new VirtualClock();
  let answer: HostAnswer = { lab, trouble: null };
  const options = {
    ...{ clock, room, place, build: BUILD, address: { hostChanged: (host: string) => hosts.push(host) } },
    ask: async (from: string | null) => {
      asked.push(from);
      return answer;
    },
    tell: (notice: Notice) => notices.set(notice.id, notice),
    dismiss: (id: string) => notices.delete(id),
  };
  const watcher = new HostWatch(options, lab);
  const says = (next: Lab | null) => {
    answer = { lab: next, trouble: null };
    return watcher.check();
  };
  return { notices, asked, hosts, says, clock, told: () => notices.get('host-room') };
}

describe('the server’s room', () => {
  it('is another: who stayed is told, and says where it is', async () => {
    storage();
    const tab = watch('A', labIn('A'));
    expect(tab.told()).toBeUndefined();
    await tab.says(labIn('B'));
    expect(tab.told()?.what).toBe('This server’s room is now “B”; this tab is in “A”.');
    expect(tab.told()?.link).toEqual({ text: 'Go to “B”', href: '#room=B' });
    expect([tab.asked, tab.hosts]).toEqual([['A'], ['A', 'B']]);
    await tab.says(null);
    expect(tab.told()).toBeDefined();
    await tab.says(labIn('a'));
    expect(tab.told()).toBeUndefined();
  });

  it('is another: who comes is told as long as somebody stayed', async () => {
    storage();
    const tab = watch('B', labIn('B', { former: ['A c'] }));
    expect(tab.told()?.what).toBe(
      'This server’s room was “A c” before; now it is “B”, and this tab is in it.',
    );
    expect(tab.told()?.link).toEqual({ text: 'Go to “A c”', href: '#room=A%20c' });
    await tab.says(labIn('B'));
    expect(tab.told()).toBeUndefined();
  });

  it('is another: who was reloaded into it is told, even before anybody else', async () => {
    storage();
    watch('A', labIn('A'));
    const tab = watch('B', labIn('B'));
    expect(tab.told()?.link?.text).toBe('Go to “A”');
    await tab.says(labIn('B'));
    expect(tab.told()?.link?.text).toBe('Go to “A”');
    // Another lab of the same host has a room of its own.
    expect(watch('C', labIn('C'), '/other/').told()).toBeUndefined();
    // Once told, it is at home there.
    expect(watch('B', labIn('B')).told()).toBeUndefined();
  });

  it('concerns nobody who chose another', async () => {
    storage();
    const tab = watch('mine', labIn('A', { former: ['Z'] }));
    await tab.says(labIn('B'));
    expect([tab.told(), tab.asked]).toEqual([undefined, [null]]);
  });

  it('is asked for again and again, and another version is told', async () => {
    storage();
    const tab = watch('A', labIn('A'));
    await tab.clock.run(() => tab.asked.length >= 3, 120_000);
    expect(tab.asked.length).toBe(3);
    await tab.says(labIn('A', { version: 'w' }));
    expect(tab.notices.has('outdated')).toBe(true);
  });
});

describe('a host', () => {
  const answers = (response: () => Response | Promise<Response>) => {
    vi.stubGlobal('fetch', async () => response());
    return askHost(BASE, null);
  };

  it('is a lab, or a static host that says nothing', async () => {
    expect((await answers(() => Response.json(labIn('A')))).lab?.room).toBe('A');
    const nothing = { lab: null, trouble: null };
    expect(await answers(() => new Response('', { status: 404 }))).toEqual(nothing);
    expect(await answers(() => new Response('<!doctype html>'))).toEqual(nothing);
  });

  it('that fails, or says what makes no sense, is told', async () => {
    const failing = await answers(() => new Response('', { status: 502 }));
    const gone = await answers(() => Promise.reject(new TypeError('Failed to fetch')));
    for (const { lab, trouble } of [failing, gone]) {
      expect(lab).toBeNull();
      expect(trouble?.what).toContain('could not be asked');
    }
    for (const odd of [
      { ...labIn('A'), room: 'a/b' },
      { ...labIn('A'), room: 'new' },
      [],
      null,
      { room: 'A' },
    ]) {
      const { lab, trouble } = await answers(() => Response.json(odd));
      expect([lab, trouble?.id]).toEqual([null, 'signalling']);
    }
    const addresses = ['javascript:alert(1)', 'http://a/b', 'http://a:1', 7];
    for (const address of addresses) {
      const { lab } = await answers(() => Response.json({ ...labIn('A'), addresses: [address] }));
      expect(lab === null, String(address)).toBe(address !== 'http://a:1');
    }
  });
});
