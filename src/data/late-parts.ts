/** Readers of a person's own files: libraries that come when the first such file does, or ahead of it. */
import { Late } from '../base/late.ts';

export const TABLES = new Late('The reader of tables', () => import('papaparse'));

export const ARCHIVES = new Late('The reader of archives', async () => {
  const { unzipSync, zipSync } = await import('fflate');
  return { unzipSync, zipSync };
});
