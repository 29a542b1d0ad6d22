/**
 * The names that a lab answers to. A website can give its own name the address of somebody's machine (DNS
 * rebinding) and so talk to a lab there as if it were its own; it cannot pretend to have been asked for under
 * another name. Hence numbers and localhost are always allowed, `.local`, this machine's name and HOST as
 * well, and other names if `MURMURATION_HOSTS` lists them.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { isLoopback } from '../network/loopback.ts';
import { printable } from '../network/room-name.ts';
import { SettingError } from './setting-error.ts';

/** A name, or with a dot before it the name and every name below it. */
const NAME = /^\.?[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_][a-z0-9_-]{0,62})*$/;

/** The names beside numbers and localhost: from `MURMURATION_HOSTS` and HOST. @throws {SettingError} */
export function allowedHosts(given: string | undefined, host?: string): string[] {
  const names = (given ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '');
  for (const name of names) {
    if (name.length <= 253 && NAME.test(name) && isIP(name) === 0) continue;
    throw new SettingError(
      `MURMURATION_HOSTS: “${printable(name)}” is no host name. List names without http:// and port, separated by commas: lab.example.org,.school.example`,
    );
  }
  const own = [hostname(), host ?? ''].map((name) => name.toLowerCase());
  return [...new Set(['.local', ...own.filter((name) => NAME.test(name) && isIP(name) === 0), ...names])];
}

/** Whether a request's Host header names this lab. */
export function answersTo(header: string | undefined, allowed: readonly string[]): boolean {
  const host = hostOf(header);
  if (host === null) return false;
  if (isIP(host) !== 0 || host === 'localhost' || host.endsWith('.localhost')) return true;
  return allowed.some((name) =>
    name.startsWith('.') ? host === name.slice(1) || host.endsWith(name) : host === name,
  );
}

/** Whether a request came to localhost: whoever reads the answer sits at this machine. */
export function cameToLoopback(header: string | undefined): boolean {
  return isLoopback(hostOf(header) ?? '');
}

/** Says no to a request under another name. */
export function refuseHost(request: IncomingMessage, response: ServerResponse): void {
  const name = hostOf(request.headers.host);
  const usable = name !== null && NAME.test(name);
  response.writeHead(403, {
    'Content-Type': 'text/plain; charset=utf-8',
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': 'no-store',
  });
  response.end(
    `This lab does not answer to the name “${printable(name ?? request.headers.host ?? '')}”.\n\n` +
      'Names are checked so that no other website can reach a lab on your machine. Open the lab by an address\n' +
      'that it printed when it was started' +
      (usable
        ? `, or let whoever runs it allow this name:\n\n  MURMURATION_HOSTS=${name} npm start\n`
        : '.\n'),
  );
}

/** The name or number of a Host header, without its port; null if there is none. */
function hostOf(header: string | undefined): string | null {
  if (header === undefined || header.length > 300) return null;
  const [, six, name] = /^(?:\[([0-9a-f:.]+)\]|([^:[\]/@?#\s]+))(?::\d{1,5})?$/i.exec(header) ?? [];
  return (six ?? name)?.toLowerCase() ?? null;
}
