import type { RoleName } from '../domain/access/roles.ts';
import type { RecordedEvent } from '../ports/event-store.ts';
import { exportAudit, type AuditExportRequest } from './audit/export.ts';
import { listAudit, type AuditListRequest } from './audit/list.ts';
import type { Moment, QueryDeps } from './deps.ts';
import { listEvents, type EventListRequest } from './events/list.ts';
import { streamHistory } from './events/stream.ts';
import { executionOfEvents, getExecution } from './executions/get.ts';
import type { ExecutionListRequest } from './executions/list-model.ts';
import { listExecutions, unfinishedExecutions } from './executions/list.ts';
import type { Viewer } from './executions/viewer.ts';
import { diffMcp, type DiffRequest } from './mcps/diff.ts';
import { getMcp } from './mcps/get.ts';
import { createMcpList } from './mcps/list.ts';
import { listPrompts, listResources, listTools, type OfferRequest } from './mcps/offer.ts';
import { getVersion, listVersions, type VersionListRequest } from './mcps/versions.ts';
import type { Paging } from './paging/page.ts';
import { getRole, listRoles } from './roles.ts';
import { resolveAsOf } from './time-travel/as-of.ts';
import { openSessionsOf } from './users/sessions.ts';
import { countOthersWithRole, getUser, listUsers, type UserListRequest } from './users/users.ts';

export type Queries = ReturnType<typeof createQueries>;

/** Everything that can be asked of the platform's record, now and as it was. Nothing here changes anything. */
export function createQueries(parts: Omit<QueryDeps, 'clock'> & { readonly clock?: () => number }) {
  const deps: QueryDeps = { ...parts, clock: parts.clock ?? Date.now };
  return {
    resolveAsOf: (asOf: string | number) => resolveAsOf(deps, asOf),
    mcps: {
      list: createMcpList(deps),
      get: (idOrName: string, moment: Moment = {}) => getMcp(deps, idOrName, moment),
      versions: (idOrName: string, request: VersionListRequest = {}) => listVersions(deps, idOrName, request),
      version: (idOrName: string, version: number, moment: Pick<Moment, 'asOf'> = {}) =>
        getVersion(deps, idOrName, version, moment),
      diff: (idOrName: string, request: DiffRequest) => diffMcp(deps, idOrName, request),
      tools: (idOrName: string, request: OfferRequest = {}) => listTools(deps, idOrName, request),
      prompts: (idOrName: string, request: OfferRequest = {}) => listPrompts(deps, idOrName, request),
      resources: (idOrName: string, request: OfferRequest = {}) => listResources(deps, idOrName, request),
    },
    executions: {
      list: (viewer: Viewer, request: ExecutionListRequest = {}) => listExecutions(deps, viewer, request),
      get: (viewer: Viewer, id: string, moment: Moment = {}) => getExecution(deps, viewer, id, moment),
      ofEvents: (events: readonly RecordedEvent[]) => executionOfEvents(deps, events),
      unfinished: () => unfinishedExecutions(deps),
    },
    users: {
      list: (request: UserListRequest = {}) => listUsers(deps, request),
      get: (id: string, moment: Moment = {}) => getUser(deps, id, moment),
      countOthersWithRole: (role: RoleName, exceptId: string) => countOthersWithRole(deps, role, exceptId),
      openSessions: (userId: string) => openSessionsOf(deps, userId),
    },
    roles: { list: listRoles, get: getRole },
    audit: {
      list: (request: AuditListRequest = {}) => listAudit(deps, request),
      export: (request: AuditExportRequest = {}) => exportAudit(deps, request),
    },
    events: {
      list: (request: EventListRequest = {}) => listEvents(deps, request),
      ofStream: (stream: string, request: Paging = {}) => streamHistory(deps, stream, request),
    },
  };
}

/** The read models that each part of the queries reads: what a read that must see a position waits for. */
export const modelsRead = {
  mcps: ['mcps', 'mcp_names', 'mcp_versions'],
  executions: ['executions', 'execution_search'],
  users: ['users', 'sessions'],
  audit: ['audit'],
  /** Only where they are found by actor or by correlation id. */
  events: ['audit'],
} as const;
