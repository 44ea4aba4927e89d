import { apiKeys } from './api-keys/projection.ts';
import { audit } from './audit/projection.ts';
import { executionSearch } from './execution-search/projection.ts';
import { executions } from './executions/projection.ts';
import { mcpNames } from './mcp-names/projection.ts';
import { mcpVersions } from './mcp-versions/projection.ts';
import { mcps } from './mcps/projection.ts';
import { oauthGrants } from './oauth-grants/projection.ts';
import { secrets } from './secrets/projection.ts';
import { sessions } from './sessions/projection.ts';
import { users } from './users/projection.ts';

/** Every read model of the product. */
export const projections = [
  mcps,
  mcpNames,
  mcpVersions,
  executions,
  executionSearch,
  audit,
  users,
  sessions,
  apiKeys,
  secrets,
  oauthGrants,
] as const;
