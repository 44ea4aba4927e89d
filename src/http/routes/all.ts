import type { Route } from '../route/route.ts';
import { apiKeyRoutes } from './api-keys.ts';
import { auditRoutes } from './audit.ts';
import { authRoutes } from './auth.ts';
import { docsRoutes } from './docs.ts';
import { eventRoutes } from './events.ts';
import { executionRoutes } from './executions.ts';
import { limitRoutes } from './limits.ts';
import { mcpTransferRoutes } from './mcp-transfer.ts';
import { mcpVersionRoutes } from './mcp-versions.ts';
import { mcpRoutes } from './mcps.ts';
import { oidcRoutes } from './oidc.ts';
import { oauthRoutes } from './oauth.ts';
import { oauthGrantRoutes } from './oauth-grants.ts';
import type { RouteParts } from './parts.ts';
import { policyRoutes } from './policies.ts';
import { projectionRoutes } from './projections.ts';
import { roleRoutes } from './roles.ts';
import { secretRoutes } from './secrets.ts';
import { systemRoutes } from './system.ts';
import { userRoutes } from './users.ts';

/** The whole route table, the busiest first. */
export function createRoutes(parts: RouteParts): readonly Route[] {
  const table: readonly Route[] = [
    ...executionRoutes(parts),
    ...mcpRoutes(parts),
    ...mcpVersionRoutes(parts),
    ...mcpTransferRoutes(parts),
    ...authRoutes(parts),
    ...oidcRoutes(parts),
    ...oauthRoutes(parts),
    ...oauthGrantRoutes(parts),
    ...userRoutes(parts),
    ...roleRoutes(parts),
    ...apiKeyRoutes(parts),
    ...secretRoutes(parts),
    ...limitRoutes(parts),
    ...eventRoutes(parts),
    ...auditRoutes(parts),
    ...policyRoutes(parts),
    ...projectionRoutes(parts),
    ...systemRoutes(parts),
    ...docsRoutes(parts.system.version, () => table),
  ];
  return table;
}
