import type { CommandContext } from '../../commands/context.ts';
import { demand } from '../../commands/denials.ts';
import { demandOnMcp, mcpSubject } from '../../commands/mcp-access.ts';
import { anything } from '../../domain/access/resource.ts';
import { DomainError } from '../../domain/error.ts';
import type { HttpDeps } from '../deps.ts';
import { executionTopic, logTopic, mcpTopic, type Topic } from '../feed/topics.ts';
import { resolveMcpId } from '../routes/mcp-id.ts';

/**
 * The topic that a subscription names: `events`, `executions/<id>` or `mcps/<id or name>`. A refusal is recorded.
 * @throws DomainError `permission_missing`, `topic_not_found`, `execution_not_found`, `mcp_not_found`
 */
export async function topicByName(deps: HttpDeps, context: CommandContext, name: string): Promise<Topic> {
  const { commands } = deps;
  const slash = name.indexOf('/');
  const [kind, id] = slash < 0 ? [name, ''] : [name.slice(0, slash), name.slice(slash + 1)];
  switch (kind) {
    case 'events':
      await demand(commands, context, 'event:read', `WS ${name}`);
      return logTopic({});
    case 'executions':
      await demand(commands, context, 'execution:read', `WS ${name}`);
      return executionTopic(deps, context.principal, id.toLowerCase());
    case 'mcps': {
      await demand(commands, context, 'mcp:read', `WS ${name}`, anything);
      const mcpId = await resolveMcpId(commands, id);
      await demandOnMcp(commands, context, 'mcp:read', mcpId, `WS ${name}`);
      return mcpTopic(await mcpSubject(commands, mcpId));
    }
    default:
      throw new DomainError('not_found', 'topic_not_found', 'there is no such topic');
  }
}
