import { DomainError } from '../../domain/error.ts';

/** One server of an imported file: a definition to check, or the reason to leave it out. */
export interface ImportEntry {
  /** As the file has it. */
  readonly source: string;
  readonly definition?: Readonly<Record<string, unknown>>;
  readonly skipped?: string;
}

type Json = Readonly<Record<string, unknown>>;

/**
 * Reads a configuration as desktop clients keep it (`mcpServers`, or `servers` of Visual Studio Code), or a `server.json` of
 * the MCP registry. Fields that only concern the client (`autoApprove`, `timeout` …) are passed over.
 * @throws DomainError `unknown_import_format`
 */
export function parseImport(document: unknown): readonly ImportEntry[] {
  if (isObject(document)) {
    const servers = document['mcpServers'] ?? document['servers'] ?? nested(document, 'mcp', 'servers');
    if (isObject(servers)) return Object.entries(servers).map(([name, server]) => fromClient(name, server));
    if (
      typeof document['name'] === 'string' &&
      (document['packages'] !== undefined || document['remotes'] !== undefined)
    ) {
      return [fromRegistry(document['name'], document)];
    }
  }
  throw new DomainError('invalid', 'unknown_import_format', 'neither an mcpServers file nor a server.json', [
    { pointer: '', detail: 'must be an object with "mcpServers", "servers", or "name" and "packages" or "remotes"' },
  ]);
}

function fromClient(source: string, server: unknown): ImportEntry {
  if (!isObject(server)) return { source, skipped: 'is not an object' };
  if (server['disabled'] === true) return { source, skipped: 'is disabled in the file' };
  const common = { name: toName(source), ...pick(server, 'description') };
  if (server['command'] !== undefined) {
    return {
      source,
      definition: { ...common, transport: { type: 'stdio', ...pick(server, 'command', 'args', 'env', 'cwd') } },
    };
  }
  const url = server['url'] ?? server['serverUrl'] ?? server['httpUrl'];
  if (url === undefined) return { source, skipped: 'has neither "command" nor "url"' };
  const type = server['type'] === 'sse' || server['transport'] === 'sse' ? 'sse' : 'streamable-http';
  return { source, definition: { ...common, transport: { type, url, ...pick(server, 'headers') } } };
}

/** `server.json`: a remote if there is one, else the first package whose program is known. */
function fromRegistry(source: string, server: Json): ImportEntry {
  const common = { name: toName(source), ...pick(server, 'description') };
  const remote = objects(server['remotes'])[0];
  if (remote) {
    const headers = valuesByName(remote['headers']);
    const type = remote['type'] === 'sse' ? 'sse' : 'streamable-http';
    const transport = { type, url: remote['url'], ...(Object.keys(headers).length > 0 ? { headers } : {}) };
    return { source, definition: { ...common, transport } };
  }
  for (const item of objects(server['packages'])) {
    const program = programs[String(item['registryType'] ?? item['registry_type'])];
    const transport = item['transport'];
    if (!program || (isObject(transport) && transport['type'] !== 'stdio')) continue;
    const args = [...program.args(String(item['identifier']), String(item['version'])), ...positional(item)];
    const env = valuesByName(item['environmentVariables']);
    const started = { type: 'stdio', command: program.command, args, ...(Object.keys(env).length > 0 ? { env } : {}) };
    return { source, definition: { ...common, transport: started } };
  }
  return { source, skipped: 'has no remote, and no package for npx, uvx or docker' };
}

const programs: Readonly<Record<string, { command: string; args: (name: string, version: string) => string[] }>> = {
  npm: { command: 'npx', args: (name, version) => ['-y', `${name}@${version}`] },
  pypi: { command: 'uvx', args: (name, version) => [`${name}==${version}`] },
  oci: { command: 'docker', args: (name, version) => ['run', '-i', '--rm', `${name}:${version}`] },
};

function positional(item: Json): string[] {
  return objects(item['packageArguments']).flatMap(({ value, default: fallback }) => {
    const chosen = value ?? fallback;
    return typeof chosen === 'string' ? [chosen] : [];
  });
}

/** Variables and headers that the file gives a value to; what it asks the user for is left to a later change. */
function valuesByName(list: unknown): Record<string, string> {
  const named = objects(list).flatMap(({ name, value, default: fallback }) => {
    const chosen = value ?? fallback;
    return typeof name === 'string' && typeof chosen === 'string' ? [[name, chosen] as const] : [];
  });
  return Object.fromEntries(named);
}

/** `@scope/name` and the like become names that an mcp may have. */
function toName(source: string): string {
  const name = source.replace(/[^\p{L}\p{N}._ -]+/gu, '-').replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, '');
  return name.slice(0, 100);
}

function pick(from: Json, ...keys: readonly string[]): Json {
  return Object.fromEntries(keys.flatMap((key) => (from[key] === undefined ? [] : [[key, from[key]]])));
}

function nested(from: Json, outer: string, inner: string): unknown {
  const value = from[outer];
  return isObject(value) ? value[inner] : undefined;
}

function objects(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
