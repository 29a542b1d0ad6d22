/**
 * The lab below a path of somebody else's server. The page finds its files, `lab.json` and the signalling
 * from its own address, so a proxy may strip the path or keep it: where it is kept, whatever stands in front
 * of a path that the lab knows is left away here. Nothing needs to be set.
 */
import { statSync } from 'node:fs';
import { join, normalize, sep } from 'node:path';

/** Folders deep at most, the file's own name included: `data/digits.bin`. */
const DEEPEST = 2;

/** What becomes of a request. */
export type Route =
  /** `path`: as if it had been asked for at the root. */
  | { readonly kind: 'serve'; readonly path: string }
  /** The page's address lacks its closing slash; `to` is relative to it. */
  | { readonly kind: 'redirect'; readonly to: string }
  | { readonly kind: 'missing' };

/**
 * Where `path` (without its query) leads. `folder`: all below it is answered by the server itself; `isFile`:
 * whether the lab has a file of this path.
 */
export function routeOf(path: string, folder: string, isFile: (path: string) => boolean): Route {
  const segments = path.split('/').slice(1);
  for (let depth = Math.min(DEEPEST, segments.length); depth >= 1; depth--) {
    const candidate = `/${segments.slice(-depth).join('/')}`;
    if (candidate !== '/' && isFile(candidate)) return { kind: 'serve', path: candidate };
  }
  const at = `${path}/`.lastIndexOf(`${folder}/`);
  if (at >= 0) return { kind: 'serve', path: path.slice(at) };
  const last = segments.at(-1) ?? '';
  if (last === '') return { kind: 'serve', path: '/' };
  // A file that is not here: perhaps of another version of the lab.
  return last.includes('.') ? { kind: 'missing' } : { kind: 'redirect', to: `./${last}/` };
}

/** Whether there is a file of this path in `folder`, and nowhere else. */
export function fileIn(folder: string): (path: string) => boolean {
  return (path) => {
    try {
      const file = normalize(join(folder, decodeURIComponent(path)));
      return file.startsWith(folder + sep) && statSync(file).isFile();
    } catch {
      // Neither a path nor a file.
      return false;
    }
  };
}
