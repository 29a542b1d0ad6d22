/** Entry of the page: shows the shell, and fetches and starts the session beside it. */
import { PageAddress } from './session/page-address.ts';
import { mount } from './ui/mount.tsx';

const root = document.getElementById('page');
if (root === null) throw new Error('index.html has no element with the id "page".');
const address = new PageAddress(window);
mount(root, address, async () => (await import('./session/client.ts')).startLab(address));
