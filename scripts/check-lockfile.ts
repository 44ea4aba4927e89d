import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAllowed } from './licence-expression.ts';

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

/** What somebody has looked at, by the package's name. Each entry has to be needed by the lockfile. */
export interface LookedAt {
  /** Install scripts that are not run and that nothing here misses: what each would do. */
  readonly dispensableScripts: Readonly<Record<string, DispensableScript>>;
  /** Licences that stand in the package's files and not in its manifest. */
  readonly licencesInFiles: Readonly<Record<string, string>>;
}

export interface DispensableScript {
  /** What it would do, and why that is not missed. */
  readonly reason: string;
  /** Looked at for development only: it has to be looked at again when production wants the package. */
  readonly devOnly?: true;
}

const lookedAt: LookedAt = {
  dispensableScripts: {
    '@scarf/scarf': { reason: 'reports the installation to a statistics service' },
    'core-js': { reason: 'prints a request for donations' },
    'cpu-features': {
      reason: 'compiles what tells ssh2 which cipher is fastest here; ssh2 does without, and no test opens SSH',
      devOnly: true,
    },
    protobufjs: { reason: 'warns when the package that depends on it asks for a range of versions it does not like' },
    ssh2: { reason: "compiles faster ciphers; without them it takes Node's own, and no test opens SSH", devOnly: true },
  },
  licencesInFiles: {
    decko: 'MIT',
    'passport-strategy': 'MIT',
    pause: 'MIT',
    stickyfill: 'MIT',
  },
};

const freeLicences = /^(MIT|ISC|Apache-2\.0|BSD|BSD-[23]-Clause|0BSD|BlueOak-1\.0\.0|Python-2\.0|Unlicense|CC0-1\.0)$/;

/**
 * What in a lockfile would make an installation depend on one host, want a program run, be unverifiable, or bring a
 * licence into production that has not been looked at; and what has been looked at in vain.
 */
export function problemsOfLockfile(
  packages: Readonly<Record<string, LockedPackage>>,
  manifest: Manifest,
  looked: LookedAt,
): readonly string[] {
  const problems: string[] = [];
  const scriptsMet = new Set<string>();
  const licencesMet = new Set<string>();
  for (const [place, locked] of Object.entries(packages)) {
    if (place === '' || locked.link === true) continue;
    const name = place.replace(/^.*node_modules\//, '');
    if (locked.resolved !== undefined) problems.push(`${place} names where it comes from: ${locked.resolved}`);
    if (locked.integrity === undefined) problems.push(`${place} has no integrity hash`);
    if (locked.hasInstallScript === true) {
      const script = ownEntry(looked.dispensableScripts, name);
      scriptsMet.add(name);
      if (script === undefined || (script.devOnly === true && locked.dev !== true)) {
        problems.push(`${place} wants to run an install script, and none are run here`);
      }
    }
    if (locked.dev === true) continue;
    if (locked.license === undefined) licencesMet.add(name);
    const licence = locked.license ?? ownEntry(looked.licencesInFiles, name) ?? 'none';
    if (!isAllowed(licence, (id) => freeLicences.test(id))) {
      problems.push(`${place} has the licence ${licence}, which is not among those accepted`);
    }
  }
  for (const name of Object.keys(looked.dispensableScripts)) {
    if (!scriptsMet.has(name)) problems.push(`${name} is excused for an install script that no package here has`);
  }
  for (const name of Object.keys(looked.licencesInFiles)) {
    if (!licencesMet.has(name)) problems.push(`${name} is given a licence that it does not need here`);
  }
  return [...problems, ...problemsOfVersions(manifest)];
}

function problemsOfVersions(manifest: Manifest): readonly string[] {
  const direct = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies };
  return Object.entries(direct)
    .filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
    .map(([name, version]) => `${name} is not pinned to one version: ${version}`);
}

/** A package may be named like a member that every object inherits. */
function ownEntry<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

if (import.meta.main) {
  const read = (name: string): unknown => JSON.parse(readFileSync(join(import.meta.dirname, '..', name), 'utf8'));
  const { packages } = read('package-lock.json') as { readonly packages: Readonly<Record<string, LockedPackage>> };
  const problems = problemsOfLockfile(packages, read('package.json') as Manifest, lookedAt);
  for (const problem of problems) console.error(problem);
  console.log(`lockfile: ${Object.keys(packages).length - 1} packages, ${problems.length} problems`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
