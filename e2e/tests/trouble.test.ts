/** Things that go wrong, in a real Chromium: no WebGPU, no signalling, a server that dies in mid-run. */

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import type { Page } from 'playwright';
import { describe, expect, it, vi } from 'vitest';
import { ROOT } from '../experiments/lab-build.ts';
import { type LabServer, serveLab } from '../experiments/lab-server.ts';
import { assembled, Lab, snapshotOf, until } from './lab.ts';

const start = (page: Page) => page.getByRole('button', { name: 'Start', exact: true }).click();

/** `dist` from a server that knows nothing but files. */
async function staticHost(): Promise<{ url: string; close: () => void }> {
  const types: Record<string, string> = {
    '.html': 'text/html',
    '.js': 'text/javascript',
    '.css': 'text/css',
    '.svg': 'image/svg+xml',
    '.json': 'application/json',
  };
  const server = createServer(async (request, response) => {
    const name = new URL(request.url ?? '/', 'http://localhost').pathname;
    try {
      const file = path.join(ROOT, 'dist', name === '/' ? 'index.html' : name);
      response.setHeader('Content-Type', types[path.extname(file)] ?? 'application/octet-stream');
      response.end(await readFile(file));
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  return { url: `http://127.0.0.1:${address.port}/`, close: () => server.close() };
}

describe('without WebGPU', () => {
  it('the processor takes over, and the page says so', async () => {
    const lab = await Lab.open({ webgpu: false });
    try {
      const context = await lab.browser.newContext();
      const page = await lab.tab(context, '?workers=2&rounds=20&evalEvery=10#room=processor');
      const { backend, notices } = await snapshotOf(page);
      expect(backend).toBe('cpu');
      expect(notices.map(({ id }) => id)).toContain('backend');
      await page.getByText('computes on the processor').first().waitFor();
      await start(page);
      await until(page, ({ phase }) => phase === 'finished');
    } finally {
      await lab.close();
    }
  });
});

describe('without signalling', () => {
  it('a server that dies in mid-run does not stop the training, nor does one that comes back part the flock', async () => {
    const lab = await Lab.open();
    let server: LabServer | undefined;
    try {
      const context = await lab.browser.newContext();
      const a = await lab.tab(context, '?model.hidden=16');
      const b = await lab.tab(context, '');
      const old = (await snapshotOf(a)).room.code;
      await assembled([a, b], 2);
      await start(a);
      await until(b, ({ round }) => round > 3);
      await lab.server.close();
      await until(a, ({ room }) => room.signalling === 'down');
      const { round } = await snapshotOf(a);
      await until(b, (snapshot, at) => snapshot.round > at, round + 20);
      expect((await snapshotOf(a)).notices.map(({ id }) => id)).toContain('signalling');

      // It comes back with another room: both sides are told, and a press leads to the other.
      vi.stubEnv('MURMURATION_ROOM', 'Neuer Raum');
      const port = Number(new URL(lab.server.url).port);
      server = await serveLab(() => undefined, { port, host: '0.0.0.0' });
      const told = `This server’s room is now “Neuer Raum”; this tab is in “${old}”.`;
      await Promise.all([a, b].map((page) => page.getByText(told).waitFor()));
      await until(a, ({ room, phase }) => room.signalling === 'connected' && phase === 'running');
      const late = await lab.tab(context, '?view=projector');
      // On localhost, links for others have an address that leads to this machine from elsewhere, if it has one.
      const { room } = await snapshotOf(late);
      expect(room.code).toBe('Neuer Raum');
      const others = room.addresses[0] ?? new URL(late.url()).origin;
      await late.getByRole('img', { name: `${others}/#room=Neuer%20Raum` }).waitFor();
      await late.getByRole('link', { name: `Go to “${old}”` }).click();
      await assembled([a, b, late], 3);
      expect((await snapshotOf(late)).room.code).toBe(old);
    } finally {
      vi.unstubAllEnvs();
      await lab.browser.close();
      await server?.close();
    }
  });

  it('the tabs of one browser find each other on a static host', async () => {
    const lab = await Lab.open();
    const host = await staticHost();
    try {
      const context = await lab.browser.newContext();
      const a = await lab.tab(context, '', host.url);
      const b = await lab.tab(context, '', host.url);
      await assembled([a, b], 2);
      const { edges } = await snapshotOf(a);
      expect(edges.map(({ carrier }) => carrier)).toEqual(['broadcast']);
      await start(b);
      await until(a, ({ round }) => round > 10);
    } finally {
      host.close();
      await lab.close();
    }
  });
});

describe('another version of the lab', () => {
  it('is told to reload, and kept out of the ring', async () => {
    const lab = await Lab.open();
    try {
      const { version, built } = await (await fetch(new URL('lab.json', lab.server.url))).json();
      const context = await lab.browser.newContext();
      const fresh = await lab.tab(context, '#room=versions');
      const stale = await context.newPage();
      // A tab left over from before: the same lab, but for its version and build time.
      await stale.route('**/assets/*.js', async (route) => {
        const response = await route.fetch();
        const text = (await response.text()).replaceAll(version, '0.0.9-leftover');
        await route.fulfill({ response, body: text.replaceAll(String(built), String(built - 60_000)) });
      });
      await stale.goto(new URL('#room=versions', lab.server.url).href);
      await until(stale, ({ notices }) => notices.some(({ id }) => id === 'outdated'));
      await stale.getByText('Reload this tab').first().waitFor();
      expect((await snapshotOf(stale)).workers).toHaveLength(1);
      const second = await lab.tab(context, '#room=versions');
      await assembled([fresh, second], 2);
    } finally {
      await lab.close();
    }
  });
});
