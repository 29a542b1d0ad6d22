/**
 * A person's file on its way from the command line into tabs: served on this machine alone, under a name
 * that nobody guesses, and fetched by the first tab as it would fetch any address. The tabs of one browser
 * share what they keep, so the others find it there.
 */
import { createServer } from 'node:http';
import path from 'node:path';
import type { Page } from 'playwright';
import { textOption } from '../../src/base/options.ts';
import { findEntry } from '../../src/base/registry.ts';
import { DATASETS } from '../../src/data/index.ts';
import type { Recipe } from '../../src/recipe/recipe.ts';
import type { FilesAsk } from '../../src/session/file-state.ts';
import { readOwnFile } from '../../src/session/node-files.ts';

/** Path of the file that a recipe learns from; null if the lab has its data itself. */
export function ownFileOf({ dataset }: Recipe): string | null {
  const { complete } = findEntry('dataset', DATASETS, dataset.id);
  const file = complete === undefined ? '' : textOption(dataset.options, 'file');
  return file === '' ? null : file;
}

/** The recipe as tabs know it: paths are this machine's own affair. */
export function withFileName(recipe: Recipe, file: string): Recipe {
  const { id, options } = recipe.dataset;
  return { ...recipe, dataset: { id, options: { ...options, file: path.basename(file) } } };
}

/** @throws {DataError} if the file cannot be read. */
export async function serveFile(file: string): Promise<{ readonly url: string; close(): void }> {
  const bytes = await readOwnFile(file);
  const name = `/${crypto.randomUUID()}/${encodeURIComponent(path.basename(file))}`;
  const server = createServer((request, response) => {
    if (request.url !== name) response.writeHead(404).end();
    else response.writeHead(200, { 'Access-Control-Allow-Origin': '*' }).end(bytes);
  });
  await new Promise<void>((resolve, reject) => {
    server.on('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  return { url: `http://127.0.0.1:${address.port}${name}`, close: () => server.close() };
}

/** In the page: asks, and waits until it is done. Resolves to what went wrong, or null. */
function askAboutFiles(ask: FilesAsk): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const lab = window.murmuration;
    if (lab === undefined) {
      reject(new Error('The lab is no longer in this page.'));
      return;
    }
    let begun = false;
    const end = lab.subscribe((report) => {
      if (report.kind !== 'files') return;
      const { work, problem } = report.state;
      if (work !== null) begun = true;
      else if (begun || problem !== null) {
        end();
        resolve(problem);
      }
    });
    lab.send({ kind: 'files', ask });
  });
}

/** Has a tab fetch and keep the file, read as this recipe reads it; what is wrong with it, or null. */
export async function bring(page: Page, file: string, { dataset }: Recipe): Promise<string | null> {
  const served = await serveFile(file);
  try {
    return await page.evaluate(askAboutFiles, {
      do: 'fetch',
      url: served.url,
      as: dataset,
    } satisfies FilesAsk);
  } finally {
    served.close();
  }
}
