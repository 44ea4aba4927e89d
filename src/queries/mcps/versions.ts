import { DomainError } from '../../domain/error.ts';
import { mcpVersions, versionId, type McpVersionDocument } from '../../projections/mcp-versions/projection.ts';
import type { Moment, QueryDeps, Versioned } from '../deps.ts';
import { invalid } from '../invalid.ts';
import { decodeCursor, encodeCursor } from '../paging/cursor.ts';
import { pageLimit, type Page, type Paging } from '../paging/page.ts';
import { foldStream } from '../time-travel/fold.ts';
import { findMcp } from './find.ts';
import { toVersion, toVersionSummary, type McpVersionResource, type McpVersionSummary } from './resource.ts';

export type VersionListRequest = Pick<Paging, 'limit' | 'cursor'> & Pick<Moment, 'asOf'>;

/** The versions of an mcp, the newest first. @throws DomainError `mcp_not_found`, `invalid_cursor`, `invalid_limit` */
export async function listVersions(
  deps: QueryDeps,
  idOrName: string,
  request: VersionListRequest,
): Promise<Page<McpVersionSummary>> {
  const limit = pageLimit(request.limit);
  const reader = await versionReader(deps, idOrName, request);
  // Versions are numbered without gaps, so a number is a place that stays right while versions are added.
  const list = `versions of ${reader.mcpId}`;
  const [before] = request.cursor === undefined ? [reader.newest + 1] : decodeCursor(list, request.cursor, 1);
  if (typeof before !== 'number') throw invalid('invalid_cursor', '/cursor', 'must be the nextCursor of a page before');
  const items: McpVersionSummary[] = [];
  for (let version = Math.min(before, reader.newest + 1) - 1; version >= 1 && items.length < limit; version--) {
    items.push(toVersionSummary(await reader.read(version)));
  }
  const last = items.at(-1);
  return { items, nextCursor: last && last.version > 1 ? encodeCursor(list, [last.version]) : null };
}

/** One version, whole. @throws DomainError `mcp_not_found`, `version_not_found` */
export async function getVersion(
  deps: QueryDeps,
  idOrName: string,
  version: number,
  moment: Pick<Moment, 'asOf'>,
): Promise<Versioned<McpVersionResource>> {
  const document = await (await versionReader(deps, idOrName, moment)).read(version);
  return { resource: toVersion(document), revision: document.revision, position: document.position };
}

export interface VersionReader {
  readonly mcpId: string;
  /** The number of the newest version at the moment that was asked for. */
  readonly newest: number;
  /** @throws DomainError `version_not_found` */
  read(version: number): Promise<McpVersionDocument>;
}

/** Reads versions of one mcp, as they are or as they were. @throws DomainError `mcp_not_found` */
export async function versionReader(deps: QueryDeps, idOrName: string, moment: Moment): Promise<VersionReader> {
  const { id: mcpId, version: newest, revision, position } = await findMcp(deps, idOrName, moment);
  const isPast = moment.asOf !== undefined || moment.revision !== undefined;
  // The two read models move on separately: the log has what the documents may not have yet.
  const fromLog = isPast || deps.models.position(mcpVersions.name) < position;
  let folding: Promise<ReadonlyMap<string, McpVersionDocument>> | undefined;
  const folded = async () => (await foldStream(deps.store, mcpVersions, `mcp-${mcpId}`, { revision })).rows;

  return {
    mcpId,
    newest,
    async read(version) {
      const id = versionId(mcpId, version);
      const stored = fromLog ? undefined : await deps.models.document(mcpVersions.name, id);
      const document = (stored as McpVersionDocument | undefined) ?? (await (folding ??= folded())).get(id);
      if (!document) throw new DomainError('not_found', 'version_not_found', `there is no version ${version}`);
      return document;
    },
  };
}
