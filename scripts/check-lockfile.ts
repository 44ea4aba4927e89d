import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly link?: boolean;
  readonly hasInstallScript?: boolean;
}

export interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** Packages that would run something at install time and work the same without it, with what it would do. */
const harmlessInstallScripts: Readonly<Record<string, string>> = {
  '@scarf/scarf': 'reports the installation to a statistics service',
  'core-js': 'prints a request for donations',
};

const freeLicences = /^(MIT|ISC|Apache-2\.0|BSD|BSD-[23]-Clause|0BSD|BlueOak-1\.0\.0|Python-2\.0|Unlicense|CC0-1\.0)$/;

/** Packages whose manifest does not name the licence that stands in their files. */
const licencesFoundByReading: Readonly<Record<string, string>> = {
  decko: 'MIT',
  'passport-strategy': 'MIT',
  pause: 'MIT',
  stickyfill: 'MIT',
};

/**
 * What in a lockfile would make an installation depend on one host, run a program, be unverifiable, or bring a licence
 * into production that has not been looked at.
 */
export function problemsOfLockfile(
  packages: Readonly<Record<string, LockedPackage>>,
  manifest: Manifest,
): readonly string[] {
  const problems: string[] = [];
  for (const [place, locked] of Object.entries(packages)) {
    if (place === '' || locked.link === true) continue;
    const name = place.replace(/^.*node_modules\//, '');
    if (locked.resolved !== undefined) problems.push(`${place} names where it comes from: ${locked.resolved}`);
    if (locked.integrity === undefined) problems.push(`${place} has no integrity hash`);
    if (locked.hasInstallScript === true && !Object.hasOwn(harmlessInstallScripts, name)) {
      problems.push(`${place} wants to run an install script, and none are run here`);
    }
    if (locked.dev !== true && !isFree(locked.license ?? licencesFoundByReading[name] ?? 'none')) {
      problems.push(`${place} has the licence ${locked.license ?? 'none'}, which is not among those accepted`);
    }
  }
  const direct = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies };
  for (const [name, version] of Object.entries(direct)) {
    if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)) problems.push(`${name} is not pinned to one version: ${version}`);
  }
  return problems;
}

/** An expression with OR offers a choice: one accepted licence is enough. */
function isFree(licence: string): boolean {
  return licence
    .replace(/[()]/g, '')
    .split(' OR ')
    .some((choice) => freeLicences.test(choice));
}

if (import.meta.main) {
  const read = (name: string): unknown => JSON.parse(readFileSync(join(import.meta.dirname, '..', name), 'utf8'));
  const { packages } = read('package-lock.json') as { readonly packages: Readonly<Record<string, LockedPackage>> };
  const problems = problemsOfLockfile(packages, read('package.json') as Manifest);
  for (const problem of problems) console.error(problem);
  console.log(`lockfile: ${Object.keys(packages).length - 1} packages, ${problems.length} problems`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
