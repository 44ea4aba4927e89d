import { createHash } from 'node:crypto';
import { canonicalJson } from '../../domain/mcp/diff/canonical-json.ts';
import type { Transport } from '../../domain/mcp/definition.ts';
import type { Consent } from '../../domain/secret/events.ts';
import type { CommandContext } from '../context.ts';
import { demandOnMcp } from '../mcp-access.ts';
import type { CommandDeps } from '../deps.ts';
import { loadMcp } from '../load-mcp.ts';

/** Whether a secret may be used by an mcp that reaches its server so. */
export function isConsented(consents: readonly Consent[], mcpId: string, transport: Transport): boolean {
  const digest = digestOf(transport);
  return consents.some((consent) => consent.mcpId === mcpId && consent.transport === digest);
}

/** What it takes to let a secret be used by these mcps as they are now. @throws DomainError `mcp_not_found` */
export async function consentTo(
  deps: CommandDeps,
  context: CommandContext,
  mcpIds: readonly string[],
): Promise<readonly Consent[]> {
  const consents: Consent[] = [];
  for (const mcpId of new Set(mcpIds)) {
    await demandOnMcp(deps, context, 'mcp:read', mcpId, `mcp-${mcpId}`);
    const { definition } = await loadMcp(deps, mcpId);
    consents.push({ mcpId, transport: digestOf(definition.transport) });
  }
  return consents;
}

function digestOf(transport: Transport): string {
  return createHash('sha256').update(canonicalJson(transport)).digest('hex');
}
