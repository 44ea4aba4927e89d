/** A launch that names packages of npm, and leaves it to a package runner to find them. */
export interface NpmLaunch {
  /** As they were asked for: `name`, `name@1.2.3`, `name@latest`. */
  readonly specs: readonly string[];
  /** The command of theirs to run; undefined: the one that the only package has. */
  readonly command: string | undefined;
  /** What the command is given. */
  readonly args: readonly string[];
  /** Nothing may be fetched. */
  readonly offline: boolean;
}

/** A package by its name, and which of its versions. */
export interface PackageSpec {
  readonly name: string;
  /** A version, a range or a tag; empty when none was named. */
  readonly version: string;
}

/** Package runners for npm, and what stands between their name and the package. */
const runners: readonly { readonly command: RegExp; readonly words: readonly (readonly string[])[] }[] = [
  { command: /^npx$/, words: [[]] },
  { command: /^bunx$/, words: [[]] },
  { command: /^npm$/, words: [['exec'], ['x']] },
  { command: /^bun$/, words: [['x']] },
  { command: /^(pnpm|yarn)$/, words: [['dlx']] },
];

const flag = /^(-y|--yes|--no|-q|--quiet|--offline|--prefer-offline)$/;
const packageName = /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/i;
const versionOrRange = /^[\w.+~^<>=|* -]*$/;

/**
 * Reads a launch by `npx`, `npm exec`, `pnpm dlx`, `yarn dlx`, `bunx` or `bun x`; undefined when it is none of these.
 * @returns why it cannot be pinned, as text, when it names something else than packages of a registry
 */
export function npmLaunchOf(command: string, args: readonly string[]): NpmLaunch | string | undefined {
  const name = command.slice(command.lastIndexOf('/') + 1);
  const words = runners
    .find((runner) => runner.command.test(name))
    ?.words.find((candidate) => candidate.every((word, index) => args[index] === word));
  if (words === undefined) return undefined;
  const specs: string[] = [];
  let offline = false;
  let index = words.length;
  for (; index < args.length; index++) {
    const arg = args[index] ?? '';
    if (!arg.startsWith('-')) break;
    if (arg === '--') {
      index++;
      break;
    }
    if (arg === '-p' || arg === '--package') specs.push(args[++index] ?? '');
    else if (arg.startsWith('--package=')) specs.push(arg.slice('--package='.length));
    else if (flag.test(arg)) offline ||= arg === '--offline';
    else return `${name} may not be given ${JSON.stringify(arg)}`;
  }
  const [first, ...rest] = args.slice(index);
  if (first === undefined) return `${name} needs the name of a package`;
  const named = specs.length > 0 ? specs : [first];
  const strange = named.find((spec) => specOf(spec) === undefined);
  if (strange !== undefined) return `${JSON.stringify(strange)} is no package of a registry, with or without a version`;
  return { specs: named, command: specs.length > 0 ? first : undefined, args: rest, offline };
}

/** `@scope/name@version` in its parts; undefined for addresses, files, aliases and repositories. */
export function specOf(text: string): PackageSpec | undefined {
  const at = text.indexOf('@', 1);
  const [name, version] = at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
  return packageName.test(name) && versionOrRange.test(version) ? { name, version } : undefined;
}

/** Whether a version is one version, and no range or tag. */
export function isExact(version: string): boolean {
  return /^\d+\.\d+\.\d+(?:[-+][\w.+-]*)?$/.test(version);
}
