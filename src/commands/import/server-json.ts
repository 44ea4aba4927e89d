import { toName, type ImportEntry } from './import-entry.ts';
import { isObject, objects, pick, type Json } from './json.ts';

/** How the packages of a registry are started: a program, what comes before the package, and how the package is named. */
interface Launcher {
  readonly command: string;
  readonly before: (variables: readonly string[]) => readonly string[];
  readonly packageOf: (identifier: string, version: string | undefined) => string;
}

const launchers: ReadonlyMap<unknown, Launcher> = new Map<unknown, Launcher>([
  ['npm', { command: 'npx', before: () => ['-y'], packageOf: (name, version) => joined(name, '@', version) }],
  ['pypi', { command: 'uvx', before: () => [], packageOf: (name, version) => joined(name, '==', version) }],
  [
    'oci',
    {
      command: 'docker',
      // A container sees only the variables that are handed on to it.
      before: (variables) => ['run', '-i', '--rm', ...variables.flatMap((name) => ['-e', name])],
      packageOf: (image, version) => (/[:@][^/]*$/.test(image) ? image : joined(image, ':', version)),
    },
  ],
]);

/**
 * Reads a `server.json` of the MCP registry (schema 2025-12-11 and before): a remote if there is one, else the first
 * package whose program is known.
 */
export function fromServerJson(source: string, server: Json): ImportEntry {
  const common = { name: toName(source), ...pick(server, 'description') };
  const remote = objects(server['remotes'])[0];
  if (remote) {
    const type = remote['type'] === 'sse' ? 'sse' : 'streamable-http';
    const transport = { type, url: remote['url'], ...unlessEmpty('headers', valuesByName(remote['headers'])) };
    return { source, definition: { ...common, transport } };
  }
  for (const item of objects(server['packages'])) {
    const transport = started(item);
    if (transport) return { source, definition: { ...common, transport } };
  }
  return { source, skipped: 'has no remote, and no package for npx, uvx or docker' };
}

function started(item: Json): Json | undefined {
  const launcher = launchers.get(item['registryType'] ?? item['registry_type']);
  const { identifier, version, transport } = item;
  if (!launcher || typeof identifier !== 'string') return undefined;
  if (isObject(transport) && transport['type'] !== 'stdio') return undefined;
  const env = valuesByName(item['environmentVariables'] ?? item['environment_variables']);
  const args = [
    ...launcher.before(Object.keys(env)),
    ...argumentsOf(item['runtimeArguments'] ?? item['runtime_arguments']),
    launcher.packageOf(identifier, typeof version === 'string' ? version : undefined),
    ...argumentsOf(item['packageArguments'] ?? item['package_arguments']),
  ];
  return { type: 'stdio', command: launcher.command, args, ...unlessEmpty('env', env) };
}

/** Arguments that the file gives a value to; what it asks the user for is left to a later change. */
function argumentsOf(list: unknown): string[] {
  return objects(list).flatMap((argument) => {
    const chosen = valueOf(argument);
    if (chosen === undefined) return [];
    return argument['type'] === 'named' && typeof argument['name'] === 'string' ? [argument['name'], chosen] : [chosen];
  });
}

/** Variables and headers that the file gives a value to. */
function valuesByName(list: unknown): Record<string, string> {
  const named = objects(list).flatMap((item) => {
    const chosen = valueOf(item);
    return typeof item['name'] === 'string' && chosen !== undefined ? [[item['name'], chosen] as const] : [];
  });
  return Object.fromEntries(named);
}

/** The value in the file. One with a `{variable}` in it is not there before the user has named the variable. */
function valueOf({ value, default: fallback, variables }: Json): string | undefined {
  const chosen = value ?? fallback;
  if (typeof chosen !== 'string') return undefined;
  const asks = isObject(variables) && Object.keys(variables).some((name) => chosen.includes(`{${name}}`));
  return asks ? undefined : chosen;
}

function unlessEmpty(key: string, values: Record<string, string>): Json {
  return Object.keys(values).length > 0 ? { [key]: values } : {};
}

function joined(name: string, sign: string, version: string | undefined): string {
  return version === undefined ? name : `${name}${sign}${version}`;
}
