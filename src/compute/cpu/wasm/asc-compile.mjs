/**
 * Compiles one AssemblyScript program, in a process of its own: the compiler puts names of its own in place of
 * the language's (it replaces `Array.prototype.sort`), which nothing else should meet. Standard input:
 * `{ entry, options, sources }` as JSON, with sources by file name; standard output: the WebAssembly; what does
 * not compile is told on standard error, with exit code 1. Plain JavaScript, because Node 20 runs it as it is.
 */
import { readFileSync, writeSync } from 'node:fs';
import asc from 'assemblyscript/asc';

const { entry, options, sources } = JSON.parse(readFileSync(0, 'utf8'));
let bytes = null;
const { error, stderr } = await asc.main([entry, ...options], {
  readFile: (name) => sources[name] ?? null,
  writeFile: (_name, contents) => {
    if (typeof contents !== 'string') bytes = contents;
  },
  listFiles: () => [],
});
if (error !== null || bytes === null) {
  process.stderr.write(stderr.toString());
  process.exitCode = 1;
} else {
  for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at);
}
