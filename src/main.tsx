/** Entry of the page: shows the shell, and fetches and starts the session beside it. */
import { mount } from './ui/mount.tsx';

const root = document.getElementById('page');
if (root === null) throw new Error('index.html has no element with the id "page".');
mount(root, async () => (await import('./session/client.ts')).startLab());
