import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import type { Config } from '../config.ts';
import { ConfigError } from '../config/config-error.ts';
import { createConfine, type Sandbox } from '../mcp/confine/confine.ts';
import { createPackages, type Packages } from '../mcp/packages/packages.ts';
import type { ProgramLimits } from '../mcp/confine/limits.ts';
import type { Programs } from '../mcp/upstream/prepare-wires.ts';
import type { Logger } from '../ports/logger.ts';

const run = promisify(execFile);

/** How long a sandbox may take to start and end once, in milliseconds. */
const trialMs = 20_000;

type Settings = Pick<
  Config,
  'sandbox' | 'sandboxNetwork' | 'sandboxRead' | 'sandboxImage' | 'stdioMemoryBytes' | 'stdioCpuSeconds'
> &
  Pick<Config, 'stdioOpenFiles' | 'stdioProcesses' | 'stdioRegistries' | 'stdioUnpinned'>;

/**
 * Prepares what the programs of stdio servers run in, and tries it: a sandbox that is configured and does not work is
 * found at the start, not at the first call.
 * @param directories `servers`: under it each mcp gets one of its own; `packages`: where the packages of servers are kept
 * @throws ConfigError naming the setting
 */
export async function openPrograms(
  settings: Settings,
  directories: { readonly servers: string; readonly packages: string },
  environment: Readonly<Record<string, string | undefined>>,
  logger: Logger,
): Promise<Programs & { readonly packages: Packages }> {
  const { PATH = '' } = environment;
  const find = (name: string): string | undefined => findProgram(name, PATH);
  const sandbox = await openSandbox(settings, find);
  const prlimit = find('prlimit');
  if (prlimit === undefined && sandbox.kind !== 'container') {
    logger.warn({}, 'there is no prlimit (util-linux) here: what the programs of MCP servers may take is not limited');
  }
  const limits = limitsOf(settings);
  return {
    confine: createConfine({ sandbox, limits, prlimit }),
    packages: createPackages({
      store: directories.packages,
      directory: process.cwd(),
      registries: settings.stdioRegistries,
      unpinned: settings.stdioUnpinned,
      npm: { program: find('npm'), environment },
    }),
    homeOf(mcpId, caller) {
      // What a program keeps for one caller is not for the next one.
      const home = join(
        directories.servers,
        caller === undefined ? mcpId : `${mcpId}.${createHash('sha256').update(caller).digest('hex')}`,
      );
      mkdirSync(home, { recursive: true, mode: 0o700 });
      return home;
    },
  };
}

/**
 * Where npm and uv keep what they have fetched, and npm its settings: without a sandbox servers have homes of their own, but
 * need not fetch everything anew, nor without the registry that the machine is set up for.
 */
export function packageToolsOf(
  { sandbox }: Settings,
  { HOME }: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  if (sandbox !== 'none' || HOME === undefined) return {};
  return {
    npm_config_cache: join(HOME, '.npm'),
    npm_config_userconfig: join(HOME, '.npmrc'),
    UV_CACHE_DIR: join(HOME, '.cache/uv'),
  };
}

/** 0 stands for no limit. */
function limitsOf({ stdioMemoryBytes, stdioCpuSeconds, stdioOpenFiles, stdioProcesses }: Settings): ProgramLimits {
  return {
    ...(stdioMemoryBytes > 0 && { memoryBytes: stdioMemoryBytes }),
    ...(stdioCpuSeconds > 0 && { cpuSeconds: stdioCpuSeconds }),
    ...(stdioOpenFiles > 0 && { openFiles: stdioOpenFiles }),
    ...(stdioProcesses > 0 && { processes: stdioProcesses }),
  };
}

async function openSandbox(settings: Settings, find: (name: string) => string | undefined): Promise<Sandbox> {
  const { sandbox: kind, sandboxImage: image, sandboxRead: readable } = settings;
  const network = settings.sandboxNetwork === 'on';
  if (kind === 'none') return { kind };
  if (kind === 'bubblewrap') {
    const program = find('bwrap');
    if (program === undefined) throw unusable('is bubblewrap, and there is no bwrap in PATH: install bubblewrap');
    await trial(
      program,
      ['--unshare-all', '--ro-bind', '/', '/', '--proc', '/proc', 'true'],
      ['is bubblewrap, and a sandbox cannot be made here', 'a container needs the right to make user namespaces'],
    );
    return { kind, program, network, readable };
  }
  if (image === undefined) throw unusable('is container: set ANNALS_SANDBOX_IMAGE to the image that servers run in');
  const program = find('docker') ?? find('podman');
  if (program === undefined) throw unusable('is container, and there is neither docker nor podman in PATH');
  await trial(
    program,
    ['image', 'inspect', image],
    [`is container, and the image ${image} cannot be used`, 'it has to be here before the start: docker pull'],
  );
  return { kind, program, image, network, readable };
}

async function trial(program: string, args: readonly string[], [what, hint]: readonly [string, string]): Promise<void> {
  try {
    await run(program, [...args], { timeout: trialMs });
  } catch (error) {
    const said =
      error instanceof Error && 'stderr' in error ? String(error.stderr).trim().slice(0, 300) : String(error);
    throw unusable(`${what} (${said}): ${hint}`);
  }
}

function unusable(detail: string): ConfigError {
  return new ConfigError([{ name: 'ANNALS_SANDBOX', detail, example: 'ANNALS_SANDBOX=none' }]);
}

function findProgram(name: string, path: string): string | undefined {
  return path
    .split(delimiter)
    .filter((directory) => directory.startsWith('/'))
    .map((directory) => join(directory, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
