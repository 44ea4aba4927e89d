import type { CommandDeps } from '../../commands/deps.ts';
import { mcpIdByName } from '../../commands/mcps.ts';
import { DomainError } from '../../domain/error.ts';

const uuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** Whether what names a resource is its id, and not its name. */
export function isId(idOrName: string): boolean {
  return uuid.test(idOrName);
}

/** The id of an mcp that a request names by its id or by its name. @throws DomainError `mcp_not_found` no such name */
export async function resolveMcpId(commands: CommandDeps, idOrName: string): Promise<string> {
  if (isId(idOrName)) return idOrName.toLowerCase();
  const id = await mcpIdByName(commands, idOrName);
  if (id === undefined) throw new DomainError('not_found', 'mcp_not_found', 'no such mcp');
  return id;
}
