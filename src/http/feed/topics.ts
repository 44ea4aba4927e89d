import type { CommandContext } from '../../commands/context.ts';
import type { CommandDeps } from '../../commands/deps.ts';
import { loadExecution } from '../../commands/executions.ts';
import { authorize } from '../../domain/access/authorize.ts';
import { may, type Principal } from '../../domain/access/principal.ts';
import type { McpSubject } from '../../domain/access/resource.ts';
import { DomainError } from '../../domain/error.ts';
import type { RecordedEvent } from '../../ports/event-store.ts';
import type { ExecutionRunner } from '../../ports/execution-runner.ts';
import type { Progress } from '../../ports/upstream.ts';
import type { FeedFilter } from './feed-filter.ts';
import type { Audience } from './feed-item.ts';

/** A part of the log that one may follow, and who may. */
export interface Topic {
  readonly filter: FeedFilter;
  readonly audience: Audience;
  readonly allowed: (principal: Principal) => boolean;
  /** Where one starts who does not say: at the first event, or at what comes next. */
  readonly startsAt: 'beginning' | 'now';
  readonly last?: (event: RecordedEvent) => boolean;
  /** Nothing more will come. */
  readonly over?: boolean;
  /** Tells what passes and is no event, until the returned function is called. */
  readonly progress?: (listener: (progress: Progress) => void) => () => void;
}

const lastTypes: ReadonlySet<string> = new Set([
  'ExecutionSucceeded',
  'ExecutionFailed',
  'ExecutionTimedOut',
  'ExecutionCancelled',
]);

/** The whole log, or what a filter leaves of it. */
export function logTopic(filter: FeedFilter): Topic {
  return { filter, audience: 'log', allowed: (principal) => may(principal, 'event:read'), startsAt: 'now' };
}

interface ExecutionTopicDeps {
  readonly commands: CommandDeps;
  readonly executions: Pick<ExecutionRunner<CommandContext>, 'onProgress'>;
}

/** One call. Somebody else's is as if it did not exist. @throws DomainError `execution_not_found` */
export async function executionTopic(
  { commands, executions }: ExecutionTopicDeps,
  principal: Principal,
  id: string,
): Promise<Topic> {
  const state = await loadExecution(commands, id);
  const allowed = (reader: Principal) =>
    state.status !== 'none' && authorize(reader, 'execution:read', { kind: 'owned', owner: state.requestedBy }).allowed;
  if (state.status === 'none' || !allowed(principal)) {
    throw new DomainError('not_found', 'execution_not_found', 'no such execution');
  }
  return {
    filter: { stream: `execution-${id}` },
    audience: 'resource',
    allowed,
    startsAt: 'beginning',
    last: ({ type }) => lastTypes.has(type),
    over: state.status !== 'queued' && state.status !== 'running',
    progress: (listener) => executions.onProgress(id, listener),
  };
}

/** What happens to one mcp. */
export function mcpTopic(mcp: McpSubject): Topic {
  const allowed = (principal: Principal) => authorize(principal, 'mcp:read', { kind: 'mcp', mcp }).allowed;
  return { filter: { stream: `mcp-${mcp.id}` }, audience: 'resource', allowed, startsAt: 'now' };
}
