import { diffVersions, type VersionDiff } from '../../domain/mcp/diff/version-diff.ts';
import type { Moment, QueryDeps } from '../deps.ts';
import { versionReader } from './versions.ts';

export interface DiffRequest extends Pick<Moment, 'asOf'> {
  readonly from: number;
  /** Absent: the newest version. */
  readonly to?: number;
}

export interface McpDiff extends VersionDiff {
  readonly from: number;
  readonly to: number;
}

/** What differs between two versions of an mcp. @throws DomainError `mcp_not_found`, `version_not_found` */
export async function diffMcp(deps: QueryDeps, idOrName: string, request: DiffRequest): Promise<McpDiff> {
  const reader = await versionReader(deps, idOrName, request);
  const { from, to = reader.newest } = request;
  return { from, to, ...diffVersions(await reader.read(from), await reader.read(to)) };
}
