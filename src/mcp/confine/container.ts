import type { Launch } from '../upstream/stdio-launch.ts';
import type { ProgramLimits } from './limits.ts';

/** Where the server's home is in the container. */
const HOME = '/home/server';

/**
 * The launch of a program in a container of its own, which is removed when the program ends: a read-only file system, no
 * capabilities, no network unless allowed, the server's home for writing. Variables are handed to the container by their
 * names; their values stand in the environment of `docker` only, and in no command line.
 * @param home directory of this server alone
 */
export function containerLaunch(
  launch: Launch,
  home: string,
  sandbox: {
    readonly program: string;
    readonly image: string;
    readonly network: boolean;
    readonly readable: readonly string[];
  },
  limits: ProgramLimits,
): Launch {
  const { memoryBytes, cpuSeconds, openFiles, processes } = limits;
  // PATH, HOME and TMPDIR are the image's and the container's own.
  const { PATH, HOME: _home, TMPDIR: _tmp, ...named } = launch.env;
  const args = [
    'run',
    '--rm',
    '--interactive',
    '--init',
    '--pull=never',
    '--read-only',
    '--tmpfs=/tmp:size=256m',
    '--cap-drop=ALL',
    '--security-opt=no-new-privileges',
    `--network=${sandbox.network ? 'bridge' : 'none'}`,
    `--user=${process.getuid?.() ?? 1000}:${process.getgid?.() ?? 1000}`,
    ...(memoryBytes === undefined ? [] : [`--memory=${memoryBytes}b`, `--memory-swap=${memoryBytes}b`]),
    ...(processes === undefined ? [] : [`--pids-limit=${processes}`]),
    ...(openFiles === undefined ? [] : [`--ulimit=nofile=${openFiles}`]),
    ...(cpuSeconds === undefined ? [] : [`--ulimit=cpu=${cpuSeconds}`]),
    `--volume=${home}:${HOME}`,
    ...sandbox.readable.map((path) => `--volume=${path}:${path}:ro`),
    `--env=HOME=${HOME}`,
    ...Object.keys(named).map((name) => `--env=${name}`),
    `--workdir=${launch.cwd ?? HOME}`,
    sandbox.image,
    launch.command,
    ...launch.args,
  ];
  return { command: sandbox.program, args, env: { ...named, ...(PATH === undefined ? {} : { PATH }) }, cwd: undefined };
}
