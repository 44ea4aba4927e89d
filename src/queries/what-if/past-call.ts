import type { AccessDenied } from '../../domain/access/events.ts';
import { permissions, type Permission } from '../../domain/access/roles.ts';
import type { McpSubject, Resource } from '../../domain/access/resource.ts';
import type { ExecutionRequested } from '../../domain/execution/events.ts';
import type { RecordedEvent } from '../../ports/event-store.ts';
import type { Past } from './past.ts';

/** The types of events that record how somebody was answered who asked for something. */
export const callTypes = ['ExecutionRequested', 'AccessDenied'] as const;

/** Something that was asked for, and is in the record. */
export interface PastCall {
  readonly event: RecordedEvent;
  readonly action: string;
  readonly wasAllowed: boolean;
  /** Undefined: the record does not say what was decided on. */
  readonly asked: Resource | undefined;
  readonly mcp: McpSubject | null;
  readonly tool: string | null;
  /** It was a call of a tool, as rules of rate limits count them. */
  readonly counts: boolean;
  /** What it was asked of, as the record calls it. */
  readonly named: string;
}

export async function pastCallOf(past: Past, event: RecordedEvent): Promise<PastCall> {
  if (event.type === 'AccessDenied') {
    const { action, resource, asked } = event.data as AccessDenied['data'];
    const isOfMcp = asked?.kind === 'mcp' || asked?.kind === 'tool';
    return {
      event,
      action,
      wasAllowed: false,
      asked,
      mcp: isOfMcp ? asked.mcp : null,
      tool: asked?.kind === 'tool' ? asked.tool : null,
      counts: action === 'mcp:call' && (asked?.kind === 'tool' || isCallRoute(resource)),
      named: resource,
    };
  }
  const { mcpId, mcpName, tool } = event.data as ExecutionRequested['data'];
  const mcp = (await past.mcp(mcpId, event.position)) ?? { id: mcpId, name: mcpName, owner: null };
  const asked: Resource = { kind: 'tool', mcp, tool };
  return { event, action: 'mcp:call', wasAllowed: true, asked, mcp, tool, counts: true, named: `mcp-${mcpId}` };
}

export function isPermission(action: string): action is Permission {
  return permissions.some((one) => one === action);
}

function isCallRoute(named: string): boolean {
  return named === 'POST /api/v1/executions' || /^POST \/api\/v1\/executions\/[^/]+\/replay$/.test(named);
}
