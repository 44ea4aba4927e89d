import { UpstreamError } from '../../ports/upstream.ts';
import { shorten } from '../upstream/json.ts';
import type { Launch } from '../upstream/stdio-launch.ts';
import { bubblewrapCommand } from './bubblewrap.ts';
import { containerLaunch } from './container.ts';
import { limitCommand, type ProgramLimits } from './limits.ts';

/** How the programs of stdio servers are kept from the rest of the machine. */
export type Sandbox =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'bubblewrap';
      /** Full path of `bwrap`. */
      readonly program: string;
      readonly network: boolean;
      /** Paths that programs may read besides the system's own: where servers are installed. */
      readonly readable: readonly string[];
    }
  | {
      readonly kind: 'container';
      /** Full path of `docker` or what answers like it. */
      readonly program: string;
      readonly image: string;
      readonly network: boolean;
      readonly readable: readonly string[];
    };

export interface Confinement {
  readonly sandbox: Sandbox;
  readonly limits: ProgramLimits;
  /** Full path of `prlimit`; undefined where there is none: then a process may take what it wants, but in a container. */
  readonly prlimit: string | undefined;
}

/**
 * Puts a program into its confines.
 * @param home directory of this server alone, which it may write
 * @throws UpstreamError `upstream_refused` the sandbox does not show the program's working directory
 */
export type Confine = (launch: Launch, home: string) => Launch;

export function createConfine({ sandbox, limits, prlimit }: Confinement): Confine {
  return (launch, home) => {
    if (sandbox.kind !== 'none') checkWorkingDirectory(launch.cwd, [home, ...sandbox.readable]);
    if (sandbox.kind === 'container') return containerLaunch(launch, home, showing(sandbox, launch), limits);
    const { processes: _, ...each } = limits;
    const limited = prlimit === undefined ? [] : limitCommand(prlimit, sandbox.kind === 'none' ? each : limits);
    const [command = '', ...args] = [
      ...(sandbox.kind === 'none' ? [] : bubblewrapCommand(launch, home, showing(sandbox, launch))),
      ...limited,
      launch.command,
      ...launch.args,
    ];
    // Not where the platform runs: what a server finds there by a relative path is not its own.
    return { ...launch, command, args, cwd: launch.cwd ?? home };
  };
}

/** The sandbox with what this launch has to read. */
function showing<Kind extends Exclude<Sandbox, { kind: 'none' }>>(sandbox: Kind, { reads = [] }: Launch): Kind {
  return { ...sandbox, readable: [...sandbox.readable, ...reads] };
}

function checkWorkingDirectory(cwd: string | undefined, shown: readonly string[]): void {
  if (cwd === undefined || shown.some((path) => cwd === path || cwd.startsWith(`${path}/`))) return;
  const reason = 'is not shown to sandboxed servers; an operator can allow it with ANNALS_SANDBOX_READ';
  throw new UpstreamError('upstream_refused', `the working directory ${JSON.stringify(shorten(cwd, 200))} ${reason}`);
}
