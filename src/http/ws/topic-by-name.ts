import type { CommandContext } from '../../commands/context.ts';
import { demand } from '../../commands/denials.ts';
import { demandOnMcp, mcpSubject } from '../../commands/mcp-access.ts';
import { anything, everything } from '../../domain/access/resource.ts';
import { DomainError } from '../../domain/error.ts';
import type { HttpDeps } from '../deps.ts';
import { executionTopic, logTopic, mcpTopic, type Topic } from '../feed/topics.ts';
import type { GuardedAccess } from '../route/route.ts';
import { resolveMcpId } from '../routes/mcp-id.ts';

/** A kind of topic: who may follow it, as for a route, and what it is. */
interface TopicKind {
  /** `events`, or with what is followed: `mcps/{id}`. */
  readonly name: string;
  readonly access: GuardedAccess;
  /** @param id what stands after the slash */
  readonly open: (deps: HttpDeps, context: CommandContext, id: string, named: string) => Promise<Topic> | Topic;
}

/** Every topic that a subscription can name. */
export const topicKinds: readonly TopicKind[] = [
  { name: 'events', access: { permission: 'event:read' }, open: () => logTopic({}) },
  {
    name: 'executions/{id}',
    access: { permission: 'execution:read', others: 'execution:read-all' },
    open: (deps, { principal }, id) => executionTopic(deps, principal, id.toLowerCase()),
  },
  {
    name: 'mcps/{id}',
    access: { permission: 'mcp:read', on: 'mcp' },
    async open({ commands }, context, idOrName, named) {
      const id = await resolveMcpId(commands, idOrName);
      await demandOnMcp(commands, context, 'mcp:read', id, named);
      return mcpTopic(await mcpSubject(commands, id));
    },
  },
];

/**
 * The topic that a subscription names: `events`, `executions/<id>` or `mcps/<id or name>`. A refusal is recorded.
 * @throws DomainError `permission_missing`, `topic_not_found`, `execution_not_found`, `mcp_not_found`
 */
export async function topicByName(deps: HttpDeps, context: CommandContext, name: string): Promise<Topic> {
  const slash = name.indexOf('/');
  const id = slash < 0 ? '' : name.slice(slash + 1);
  const kind = topicKinds.find((one) => one.name === (slash < 0 ? name : `${name.slice(0, slash)}/{id}`));
  if (!kind) throw new DomainError('not_found', 'topic_not_found', 'there is no such topic');
  const { permission, on } = kind.access;
  const named = `WS ${name}`;
  await demand(deps.commands, context, permission, named, on === undefined ? everything : anything);
  return kind.open(deps, context, id, named);
}
