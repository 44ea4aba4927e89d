import { may, type Principal } from '../../domain/access/principal.ts';
import type { Permission } from '../../domain/access/roles.ts';
import { DomainError } from '../../domain/error.ts';
import { getMcp } from '../../queries/mcps/get.ts';
import type { HttpDeps } from '../deps.ts';
import { executionTopic, logTopic, mcpTopic, type Topic } from '../feed/topics.ts';

/**
 * The topic that a subscription names: `events`, `executions/<id>` or `mcps/<id or name>`.
 * @throws DomainError `permission_missing`, `topic_not_found`, `execution_not_found`, `mcp_not_found`
 */
export async function topicByName(deps: HttpDeps, principal: Principal, name: string): Promise<Topic> {
  const slash = name.indexOf('/');
  const [kind, id] = slash < 0 ? [name, ''] : [name.slice(0, slash), name.slice(slash + 1)];
  switch (kind) {
    case 'events':
      demandTopic(principal, 'event:read');
      return logTopic({});
    case 'executions':
      demandTopic(principal, 'execution:read');
      return executionTopic(deps, principal, id.toLowerCase());
    case 'mcps':
      demandTopic(principal, 'mcp:read');
      return mcpTopic((await getMcp(deps.queries, id, {})).resource.id);
    default:
      throw new DomainError('not_found', 'topic_not_found', 'there is no such topic');
  }
}

function demandTopic(principal: Principal, permission: Permission): void {
  if (may(principal, permission)) return;
  throw new DomainError('forbidden', 'permission_missing', `this needs the permission ${permission}`);
}
