/** The lab's files over real HTTP: kept once they came, asked for again while they have not. */
import { createServer } from 'node:http';
import { expect, it } from 'vitest';
import { ServedFiles } from './served-files.ts';

it('outlive their server, and come when it is back', async () => {
  const asked: string[] = [];
  const answer = (port: number) => {
    const server = createServer((request, response) => {
      asked.push(request.url ?? '');
      if (request.url === '/lab/data/page.txt') response.setHeader('Content-Type', 'text/html');
      if (request.url === '/lab/data/none.txt') response.statusCode = 404;
      response.end('kept');
    });
    return new Promise<typeof server>((resolve) => {
      server.listen(port, '127.0.0.1', () => resolve(server));
    });
  };
  const end = (server: Awaited<ReturnType<typeof answer>>) =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  const first = await answer(0);
  const address = first.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  const { port } = address;
  const files = new ServedFiles(`http://127.0.0.1:${port}/lab/`);
  const text = async (path: string) => new TextDecoder().decode(await files.read(path));

  expect(await Promise.all([text('data/a.txt'), text('data/a.txt')])).toEqual(['kept', 'kept']);
  await expect(text('data/none.txt')).rejects.toThrow('data/none.txt answered 404 Not Found.');
  await expect(text('data/page.txt')).rejects.toThrow('the server answered with a page');
  await end(first);
  expect(await text('data/a.txt')).toBe('kept');
  await expect(text('data/b.txt')).rejects.toThrow('data/b.txt could not be fetched: the lab’s server does');
  const second = await answer(port);
  expect(await text('data/b.txt')).toBe('kept');
  await end(second);
  expect(asked.filter((path) => path === '/lab/data/a.txt')).toHaveLength(1);
});
