import { isObject } from '../upstream/json.ts';

/** The `packages` of an npm lockfile, version 3: what is installed, by its place. */
export type Lock = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** What npm needs to install exactly this; descriptions, licences and the like are left out. */
const needed = new Set(
  [
    ['version', 'resolved', 'integrity', 'inBundle', 'bin', 'os', 'cpu', 'libc', 'optional', 'peer', 'devOptional'],
    ['dependencies', 'optionalDependencies', 'peerDependencies', 'peerDependenciesMeta', 'bundleDependencies'],
    ['hasInstallScript', 'hasShrinkwrap'],
  ].flat(),
);

/** Shorter hashes than SHA-256 no longer say what something is. */
const strong = /(^|\s)sha(256|384|512)-/;

/**
 * The lock of a `package-lock.json`, for the packages that were asked for in exactly the versions found.
 * @param names the packages asked for
 * @param registries addresses that packages may come from
 * @throws Error what is not as it has to be
 */
export function readLock(text: string, names: readonly string[], registries: readonly string[]): Lock {
  const file: unknown = JSON.parse(text);
  const packages = isObject(file) ? file['packages'] : undefined;
  if (!isObject(packages)) throw new Error('npm has written no lockfile');
  const lock: Record<string, Readonly<Record<string, unknown>>> = {};
  for (const [place, entry] of Object.entries(packages)) {
    if (place === '' || !isObject(entry)) continue;
    checkEntry(place, entry, registries);
    lock[place] = Object.fromEntries(Object.entries(entry).filter(([field]) => needed.has(field)));
  }
  const dependencies = Object.fromEntries(
    names.map((name) => [name, String(lock[`node_modules/${name}`]?.['version'])]),
  );
  return { '': { dependencies }, ...lock };
}

function checkEntry(
  place: string,
  { resolved, integrity, inBundle, link }: Readonly<Record<string, unknown>>,
  registries: readonly string[],
): void {
  if (inBundle === true) return;
  const which = place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length);
  if (link === true || typeof resolved !== 'string' || !registries.some((registry) => resolved.startsWith(registry))) {
    throw new Error(
      `${which} comes from ${typeof resolved === 'string' ? resolved : 'no registry'}, which is not among the registries ` +
        `that packages may come from (ANNALS_STDIO_REGISTRIES, now ${registries.join(', ')})`,
    );
  }
  if (typeof integrity !== 'string' || !strong.test(integrity)) {
    throw new Error(`of ${which} the registry does not tell an integrity of SHA-256 or better`);
  }
}
