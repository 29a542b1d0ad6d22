/** Things that go wrong, in a real Chromium: no WebGPU, no signalling, a server that dies in mid-run. */

import { stat } from 'node:fs/promises';
import type { Page } from 'playwright';
import { describe, expect, it, vi } from 'vitest';
import { type LabServer, serveLab } from '../experiments/lab-server.ts';
import { assembled, Lab, snapshotOf, until } from './lab.ts';

const start = (page: Page) => page.getByRole('button', { name: 'Start', exact: true }).click();

/** Two rows of a table are enough to be recognised as one. */
const TABLE = 'x,side\n1,left\n2,right\n';

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
      const ahead = [/data-panel-.*\.js$/, /\/data\/source\.txt$/].map((last) =>
        context.waitForEvent('response', (response) => last.test(response.url())),
      );
      const b = await lab.tab(context, '');
      const old = (await snapshotOf(a)).room.code;
      await assembled([a, b], 2);
      // The last of what the page and its thread fetch ahead.
      for (const response of await Promise.all(ahead)) expect(await response.finished()).toBeNull();
      await start(a);
      await until(b, ({ round }) => round > 3);
      await lab.server.close();
      await until(a, ({ room }) => room.signalling === 'down');
      const { round } = await snapshotOf(a);
      await until(b, (snapshot, at) => snapshot.round > at, round + 20);
      expect((await snapshotOf(a)).notices.map(({ id }) => id)).toContain('signalling');
      // Nothing that had not been pressed before needs the server.
      await b.getByRole('button', { name: 'How well' }).click();
      await b.getByText('Rows: what it is').waitFor();
      await b.getByRole('button', { name: 'Try it' }).click();
      await b.getByRole('img', { name: 'Draw here' }).waitFor();
      await b.getByRole('button', { name: 'Keep it' }).click();
      for (const format of ['safetensors', 'ONNX']) {
        const saved = b.waitForEvent('download');
        await b.getByRole('button', { name: `Download ${format}` }).click();
        expect((await stat(await (await saved).path())).size).toBeGreaterThan(50_000);
      }
      await b.getByRole('button', { name: 'Data', exact: true }).click();
      const chooser = b.waitForEvent('filechooser');
      await b.getByRole('button', { name: 'Choose files' }).click();
      const file = { name: 'sides.csv', mimeType: 'text/csv', buffer: Buffer.from(TABLE) };
      await (await chooser).setFiles(file);
      await b.getByText('sides.csv: a table').first().waitFor();
      await b.keyboard.press('Escape');

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
