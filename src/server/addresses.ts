/**
 * Where a server can be opened: on this machine, and by others. Loopback is called localhost, which browsers
 * treat as a secure context; others need an address of the machine itself, and over plain http they get no
 * WebGPU.
 */
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import { isLoopback } from '../network/loopback.ts';

export type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

interface Bound {
  readonly host: string;
  readonly port: number;
}

const EVERYWHERE = ['', '::', '0.0.0.0'];
/** Networks that containers, virtual machines and tunnels make: rarely where the others are. */
const VIRTUAL =
  /^(docker|br-|veth|virbr|vmnet|vboxnet|vethernet|utun|tun|tap|tailscale|wg|zt|lxc|cni|flannel)/i;
/** More than a person would try. */
const MOST = 8;

function boundOf(server: { address(): unknown } | null): Bound | null {
  const bound = server?.address();
  if (typeof bound !== 'object' || bound === null) return null;
  const { address: host, port } = { address: '', port: 0, ...bound };
  return { host, port };
}

const origin = (host: string, port: number) => `http://${host.includes(':') ? `[${host}]` : host}:${port}`;

/** Where to point a browser on this machine. */
export function address(server: { address(): unknown } | null): string {
  const bound = boundOf(server);
  if (bound === null) return 'an unknown address';
  const here = EVERYWHERE.includes(bound.host) || isLoopback(bound.host);
  return origin(here ? 'localhost' : bound.host, bound.port);
}

/** Where others can open it, the likeliest first; none where it listens to this machine alone. */
export function addressesForOthers(
  server: { address(): unknown } | null,
  interfaces: Interfaces = networkInterfaces(),
): readonly string[] {
  const bound = boundOf(server);
  if (bound === null || isLoopback(bound.host)) return [];
  if (!EVERYWHERE.includes(bound.host)) return [origin(bound.host, bound.port)];
  const found: { readonly host: string; readonly rank: number }[] = [];
  for (const [name, infos] of Object.entries(interfaces)) {
    for (const { address: host, family, internal } of infos ?? []) {
      // Addresses of one link alone cannot be written in a link.
      if (internal || /^(169\.254\.|fe80:)/i.test(host)) continue;
      if (family === 'IPv6' && bound.host === '0.0.0.0') continue;
      found.push({ host, rank: rank(host) + (VIRTUAL.test(name) ? 10 : 0) });
    }
  }
  return found
    .sort((a, b) => a.rank - b.rank)
    .slice(0, MOST)
    .map(({ host }) => origin(host, bound.port));
}

/** How likely the others are in the same network: home and school networks first, IPv6 last. */
function rank(host: string): number {
  if (host.includes(':')) return 4;
  if (host.startsWith('192.168.')) return 0;
  if (host.startsWith('10.')) return 1;
  return /^172\.(1[6-9]|2\d|3[01])\./.test(host) ? 2 : 3;
}

/** What a person reads once the server listens. */
export function greeting(server: { address(): unknown } | null, room: string): string {
  const others = addressesForOthers(server);
  const here = address(server);
  const lines = [`Murmuration is at ${here} (room ${room}). Open it in several tabs.`];
  const elsewhere = others.filter((each) => each !== here);
  if (elsewhere.length > 0) lines.push(`Others in this network open ${elsewhere.join(' or ')}`);
  if (others.length > 0) {
    lines.push('Over plain http browsers have WebGPU on localhost alone: elsewhere the processor computes.');
  }
  return `\n${lines.map((line) => `  ${line}\n`).join('')}`;
}
