import { existsSync, lstatSync, readlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Launch } from '../upstream/stdio-launch.ts';

/** Directories of the system that programs run from. On most systems all but the first are links into it. */
const SYSTEM = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32'];

/** What resolves names, checks certificates and finds libraries. Nothing else of /etc. */
const ETC = [
  '/etc/alternatives',
  '/etc/ca-certificates',
  '/etc/hosts',
  '/etc/ld.so.cache',
  '/etc/localtime',
  '/etc/nsswitch.conf',
  '/etc/pki',
  '/etc/resolv.conf',
  '/etc/ssl',
];

/** Temporary files of a program lie in memory. */
const TMP_BYTES = 256 * 1024 * 1024;

/**
 * The command `bwrap` that shows a program the system's own files and what operators allow, for reading, and its home, for
 * writing, and nothing else of the machine: not the platform's data, no other process, and no network unless allowed. To be
 * put before the program. Everything in it ends with the platform.
 * @param home directory of this server alone
 */
export function bubblewrapCommand(
  launch: Launch,
  home: string,
  sandbox: { readonly program: string; readonly network: boolean; readonly readable: readonly string[] },
): readonly string[] {
  const node = dirname(dirname(process.execPath));
  return [
    sandbox.program,
    '--unshare-all',
    ...(sandbox.network ? ['--share-net'] : []),
    '--die-with-parent',
    // Else a program could put characters into the terminal that the platform was started from.
    '--new-session',
    '--cap-drop',
    'ALL',
    ...SYSTEM.flatMap(asInSystem),
    ...ETC.flatMap((path) => ['--ro-bind-try', path, path]),
    '--proc',
    '/proc',
    '--dev',
    '/dev',
    '--size',
    String(TMP_BYTES),
    '--tmpfs',
    '/tmp',
    // The running Node, which comes first in PATH.
    '--ro-bind',
    node,
    node,
    '--bind',
    home,
    home,
    ...sandbox.readable.flatMap((path) => ['--ro-bind', path, path]),
    '--remount-ro',
    '/',
    '--chdir',
    launch.cwd ?? home,
    '--',
  ];
}

/** A link stays a link, so that both ways to a file work as they do outside. */
function asInSystem(path: string): readonly string[] {
  if (!existsSync(path)) return [];
  return lstatSync(path).isSymbolicLink() ? ['--symlink', readlinkSync(path), path] : ['--ro-bind', path, path];
}
