import { DomainError } from '../../domain/error.ts';
import { toName, type ImportEntry } from './import-entry.ts';
import { isObject, pick, type Json } from './json.ts';
import { fromServerJson } from './server-json.ts';

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
      return [fromServerJson(document['name'], document)];
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

function nested(from: Json, outer: string, inner: string): unknown {
  const value = from[outer];
  return isObject(value) ? value[inner] : undefined;
}
