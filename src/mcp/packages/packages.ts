import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Transport } from '../../domain/mcp/definition.ts';
import type { PackagePin, PinnedPackage } from '../../domain/mcp/packages.ts';
import type { PackagePins } from '../../ports/package-pins.ts';
import { UpstreamError } from '../../ports/upstream.ts';
import { isObject } from '../upstream/json.ts';
import { entryPoint, type EntryPoint } from './entry-point.ts';
import { contentsOf, findInstalled, pinInstalled } from './installed.ts';
import { readLock, type Lock } from './lock.ts';
import { npmLaunchOf, specOf, type NpmLaunch } from './npm-launch.ts';
import { runNpm, type Npm } from './npm.ts';

export interface PackagesOptions {
  /** Where installed packages are kept, one directory for each set of them. */
  readonly store: string;
  /** Packages that are installed here, or above, need no registry. */
  readonly directory: string;
  /** Addresses of the registries that packages may come from, the first of which is asked; empty: those of npm's settings. */
  readonly registries: readonly string[];
  /** Whether what cannot be pinned runs all the same. */
  readonly unpinned: 'refuse' | 'allow';
  readonly npm: Npm;
}

type StdioTransport = Extract<Transport, { type: 'stdio' }>;

/** What runs in the place of a package runner. */
export interface PinnedProgram extends EntryPoint {
  /** The directory that it has to read. */
  readonly reads: string;
}

export interface Packages extends PackagePins {
  /**
   * Has the pinned packages at hand, each checked against its integrity, and answers what to start; undefined when the
   * transport starts no package, or may start one that is not pinned.
   * @throws UpstreamError `upstream_refused` they are not what was pinned, or are not pinned; `upstream_unavailable`
   */
  program(transport: StdioTransport, pin: PackagePin | undefined): Promise<PinnedProgram | undefined>;
}

/** Finds out which packages a launch means, keeps that, and runs nothing else. */
export function createPackages(options: PackagesOptions): Packages {
  const { store, npm } = options;
  const installing = new Map<string, Promise<string>>();

  async function resolve(transport: Transport): Promise<PackagePin | undefined> {
    const launch = launchOf(transport);
    if (launch === undefined) return undefined;
    try {
      if (typeof launch === 'string') throw new UpstreamError('upstream_refused', launch);
      const found = await findInstalled(launch, startOf(transport));
      return found === undefined ? await pinFromRegistry(launch) : await pinInstalled(found);
    } catch (error) {
      const refusal = asRefusal(error);
      if (options.unpinned === 'allow') return undefined;
      throw new UpstreamError(
        refusal.code,
        `${refusal.message}; what is not pinned does not run (ANNALS_STDIO_UNPINNED)`,
        { cause: error },
      );
    }
  }

  async function pinFromRegistry(launch: NpmLaunch): Promise<PackagePin> {
    const asked = launch.specs.map((spec) => specOf(spec) ?? { name: spec, version: '' });
    const names = asked.map(({ name }) => name);
    return inTemporary(async (directory) => {
      const dependencies = Object.fromEntries(
        asked.map(({ name, version }) => [name, version === '' ? 'latest' : version]),
      );
      await writeFile(join(directory, 'package.json'), JSON.stringify({ private: true, dependencies }));
      const [registry] = options.registries;
      await runNpm(npm, directory, [
        'install',
        '--package-lock-only',
        '--omit=dev',
        '--omit-lockfile-registry-resolved=false',
        ...(registry === undefined ? [] : [`--registry=${registry}`]),
        ...(launch.offline ? ['--offline'] : []),
      ]);
      const text = await readFile(join(directory, 'package-lock.json'), 'utf8');
      const lock = readLock(text, names, await registriesFor(directory));
      return { source: 'registry', packages: names.map((name) => pinned(lock, name)), lock };
    });
  }

  /** Those of the settings, or those that npm itself would ask. */
  async function registriesFor(directory: string): Promise<readonly string[]> {
    if (options.registries.length > 0) return options.registries.map(asDirectory);
    const config: unknown = JSON.parse(await runNpm(npm, directory, ['config', 'list', '--json']));
    const named = Object.entries(isObject(config) ? config : {}).filter(([key]) => /^(@.+:)?registry$/.test(key));
    return named.map(([, address]) => asDirectory(String(address)));
  }

  async function program(transport: StdioTransport, pin: PackagePin | undefined): Promise<PinnedProgram | undefined> {
    const launch = launchOf(transport);
    if (launch === undefined || (pin === undefined && options.unpinned === 'allow')) return undefined;
    if (typeof launch === 'string') throw new UpstreamError('upstream_refused', launch);
    if (pin === undefined) throw new UpstreamError('upstream_refused', 'the packages of this version are not pinned');
    try {
      const { args, command } = launch;
      const reads =
        pin.source === 'registry' ? await install(pin.lock) : await checkInstalled(launch, startOf(transport), pin);
      const directory = pin.source === 'registry' ? packageOf(reads, pin, command) : reads;
      const entry = await entryPoint(await directory, command ?? commandNamed(launch, pin));
      return {
        command: entry.command,
        args: [...entry.args, ...args],
        reads: pin.source === 'registry' ? reads : besides(reads),
      };
    } catch (error) {
      throw asRefusal(error);
    }
  }

  /** The directory with the packages of a lock: what is there was checked when it came. */
  function install(lock: Lock): Promise<string> {
    const target = join(
      store,
      createHash('sha256')
        .update(JSON.stringify(Object.entries(lock).sort(byPlace)))
        .digest('hex'),
    );
    if (existsSync(target)) return Promise.resolve(target);
    const known = installing.get(target);
    if (known !== undefined) return known;
    const now = installAt(target, lock).finally(() => installing.delete(target));
    installing.set(target, now);
    return now;
  }

  async function installAt(target: string, lock: Lock): Promise<string> {
    return inTemporary(async (directory) => {
      const root = { private: true, ...lock[''] };
      await writeFile(join(directory, 'package.json'), JSON.stringify(root));
      const file = { lockfileVersion: 3, requires: true, packages: lock };
      await writeFile(join(directory, 'package-lock.json'), JSON.stringify(file));
      // Answers only when each archive had the integrity that the lock has for it.
      await runNpm(npm, directory, ['ci', '--omit=dev']);
      try {
        await rename(directory, target);
      } catch (error) {
        // Another process had the same ones first.
        if (!existsSync(target)) throw error;
      }
      return target;
    });
  }

  async function inTemporary<Result>(work: (directory: string) => Promise<Result>): Promise<Result> {
    await mkdir(store, { recursive: true, mode: 0o700 });
    const directory = await mkdtemp(join(store, 'new-'));
    try {
      return await work(directory);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }

  const startOf = (transport: Transport): string =>
    (transport.type === 'stdio' ? transport.cwd : undefined) ?? options.directory;

  return { resolve, program };
}

function launchOf(transport: Transport): NpmLaunch | string | undefined {
  return transport.type === 'stdio' ? npmLaunchOf(transport.command, transport.args ?? []) : undefined;
}

async function checkInstalled(launch: NpmLaunch, from: string, pin: PackagePin): Promise<string> {
  const found = await findInstalled(launch, from);
  const [known] = pin.packages;
  if (found === undefined || known === undefined) {
    throw new Error(`${known?.name ?? 'the package'} was installed here when it was pinned, and is no longer`);
  }
  if (found.version !== known.version) {
    throw new Error(
      `${known.name} ${known.version} was pinned, and ${found.version} is installed: name the version to run it`,
    );
  }
  if (pin.source === 'installed' && (await contentsOf(found.directory)) !== pin.contents) {
    throw new Error(`the installed files of ${known.name} ${known.version} are not those that were pinned`);
  }
  return found.directory;
}

/** A package that the operator installed has what it needs beside it. */
function besides(directory: string): string {
  const [, modules] = /^(.*?\/node_modules)\//.exec(directory) ?? [];
  return modules ?? directory;
}

/** The package that has the command, of those that were asked for. */
async function packageOf(directory: string, { packages }: PackagePin, command: string | undefined): Promise<string> {
  const places = packages.map(({ name }) => join(directory, 'node_modules', name));
  if (command === undefined) return places[0] ?? directory;
  for (const place of places) {
    const has = await entryPoint(place, command).then(
      () => true,
      () => false,
    );
    if (has) return place;
  }
  throw new Error(`none of the packages ${packages.map(({ name }) => name).join(', ')} has a command ${command}`);
}

/** A launch by the name of a command, where a package of another name has it. */
function commandNamed({ specs }: NpmLaunch, { packages }: PackagePin): string | undefined {
  const [spec] = specs;
  const name = spec === undefined ? undefined : specOf(spec)?.name;
  return name === packages[0]?.name ? undefined : name;
}

function pinned(lock: Lock, name: string): PinnedPackage {
  const { version, integrity } = lock[`node_modules/${name}`] ?? {};
  return { name, version: String(version), integrity: typeof integrity === 'string' ? integrity : null };
}

function byPlace([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

function asDirectory(address: string): string {
  return address.endsWith('/') ? address : `${address}/`;
}

/** What stands in the way of a package is told as it is: our own rule, or what npm said. */
function asRefusal(error: unknown): UpstreamError {
  if (error instanceof UpstreamError) return error;
  return new UpstreamError('upstream_refused', error instanceof Error ? error.message : String(error), {
    cause: error,
  });
}
