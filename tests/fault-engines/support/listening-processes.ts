import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** State of a socket that listens, and where its address, its state and its inode stand: proc_net_tcp. */
const LISTEN = '0A';
const [ADDRESS, STATE, INODE] = [1, 3, 9];

/** What `/proc` says of a process or a file that is no more, or that one may not look at. */
const GONE: ReadonlySet<string> = new Set(['ENOENT', 'ESRCH', 'EACCES', 'EPERM']);

/**
 * Processes that listen on a TCP port of this machine (Linux), as `ss -lp` finds them: a server, and whatever it has
 * forked, such as Redis while it saves.
 * @throws Error nobody whom this user may look at does
 */
export function processesListeningOn(port: number): readonly number[] {
  const sockets = listeningSockets(port);
  const found = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && holdsOneOf(name, sockets));
  if (found.length === 0) throw new Error(`no process that can be seen listens on port ${port}`);
  return found.map(Number);
}

/** Whether anything listens there. A process that was killed may hold its sockets a little longer than its main thread. */
export function isListenedOn(port: number): boolean {
  return listeningSockets(port).size > 0;
}

function listeningSockets(port: number): ReadonlySet<string> {
  return new Set(['tcp', 'tcp6'].flatMap((table) => socketsListeningOn(port, table)));
}

function socketsListeningOn(port: number, table: string): readonly string[] {
  const [, ...lines] = readFileSync(`/proc/net/${table}`, 'utf8').trimEnd().split('\n');
  return lines
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[STATE] === LISTEN && parseInt(fields[ADDRESS]?.split(':')[1] ?? '', 16) === port)
    .map((fields) => `socket:[${fields[INODE] ?? ''}]`);
}

function holdsOneOf(pid: string, sockets: ReadonlySet<string>): boolean {
  const directory = join('/proc', pid, 'fd');
  // A process may end meanwhile, or be somebody else's.
  const descriptors = ifThere(() => readdirSync(directory)) ?? [];
  // A busy one closes some of its files between the two looks: the others still count.
  return descriptors.some((descriptor) => sockets.has(ifThere(() => readlinkSync(join(directory, descriptor))) ?? ''));
}

function ifThere<Found>(look: () => Found): Found | undefined {
  try {
    return look();
  } catch (error) {
    if (error instanceof Error && 'code' in error && GONE.has(String(error.code))) return undefined;
    throw error;
  }
}
