import { createHash } from 'node:crypto';
import { readdir, readFile, realpath } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { PackagePin } from '../../domain/mcp/packages.ts';
import { isObject } from '../upstream/json.ts';
import { specOf, type NpmLaunch } from './npm-launch.ts';

/** A package that is there already, in a directory's own `node_modules` or in one above it. */
export interface Installed {
  /** Where it really lies. */
  readonly directory: string;
  readonly name: string;
  readonly version: string;
  readonly integrity: string | null;
}

/**
 * The package that a launch means, where it is installed: by its name, with the version that was asked for if one was, or by the
 * name of a command that is linked in `node_modules/.bin`, as package runners look for it. Undefined when it is not there, or
 * when a range or several packages leave it to a registry which one is meant.
 */
export async function findInstalled(launch: NpmLaunch, from: string): Promise<Installed | undefined> {
  const [only, ...others] = launch.specs;
  const spec = only === undefined || others.length > 0 ? undefined : specOf(only);
  if (spec === undefined) return undefined;
  for (let at = from; ; at = dirname(at)) {
    const modules = join(at, 'node_modules');
    const found =
      (await packageAt(join(modules, spec.name), modules)) ??
      (spec.version === '' ? await packageOfCommand(modules, spec.name) : undefined);
    if (found !== undefined) return spec.version === '' || found.version === spec.version ? found : undefined;
    if (dirname(at) === at) return undefined;
  }
}

/** SHA-256 of all files of a package, names and contents, without the packages that lie inside it. */
export async function contentsOf(directory: string): Promise<string> {
  const hash = createHash('sha256');
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .filter((file) => !file.startsWith('node_modules/'))
    .sort((a, b) => (a < b ? -1 : 1));
  for (const file of files) {
    const content = await readFile(join(directory, file));
    hash.update(`${Buffer.byteLength(file)}:${file}${content.length}:`).update(content);
  }
  return hash.digest('hex');
}

/** What was found is pinned with what it is made of, for nobody else vouches for it. */
export async function pinInstalled({ directory, name, version, integrity }: Installed): Promise<PackagePin> {
  const packages = [{ name, version, integrity }];
  return { source: 'installed', packages, contents: await contentsOf(directory) };
}

async function packageAt(path: string, modules: string): Promise<Installed | undefined> {
  const manifest = await readJson(join(path, 'package.json'));
  const { name, version } = manifest ?? {};
  if (typeof name !== 'string' || typeof version !== 'string') return undefined;
  return { directory: await realpath(path), name, version, integrity: await integrityOf(modules, name, version) };
}

async function packageOfCommand(modules: string, command: string): Promise<Installed | undefined> {
  if (command.includes('/')) return undefined;
  const file = await realpath(join(modules, '.bin', command)).catch(absent);
  if (file === undefined) return undefined;
  for (let at = dirname(file); dirname(at) !== at; at = dirname(at)) {
    const found = await packageAt(at, modules);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** As npm wrote it down when it installed the package. */
async function integrityOf(modules: string, name: string, version: string): Promise<string | null> {
  const packages = (await readJson(join(modules, '.package-lock.json')))?.['packages'];
  const entry = isObject(packages) ? packages[`node_modules/${name}`] : undefined;
  if (!isObject(entry) || entry['version'] !== version) return null;
  return typeof entry['integrity'] === 'string' ? entry['integrity'] : null;
}

async function readJson(path: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  const text = await readFile(path, 'utf8').catch(absent);
  const value: unknown = text === undefined ? undefined : JSON.parse(text);
  return isObject(value) ? value : undefined;
}

function absent(error: unknown): undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
  return undefined;
}
