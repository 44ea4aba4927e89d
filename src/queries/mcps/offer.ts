import type { NamedDefinition, Offer, ToolDefinition } from '../../domain/mcp/definition.ts';
import type { Moment, QueryDeps } from '../deps.ts';
import { invalid } from '../invalid.ts';
import { decodeCursor, encodeCursor } from '../paging/cursor.ts';
import { pageLimit, type Page, type Paging } from '../paging/page.ts';
import { versionReader } from './versions.ts';

export interface OfferRequest extends Pick<Paging, 'limit' | 'cursor'>, Moment {
  /** Absent: the newest of the moment asked for. */
  readonly version?: number;
}

/** A page of what a version's server offers, in the server's order. */
export interface OfferPage<Item> extends Page<Item> {
  readonly version: number;
  /** False while the server has not told what it offers. */
  readonly discovered: boolean;
}

/** Tools with their schemas. @throws DomainError `mcp_not_found`, `version_not_found`, `invalid_cursor` */
export function listTools(deps: QueryDeps, idOrName: string, request: OfferRequest) {
  return listOffered<ToolDefinition>(deps, idOrName, request, 'tools', (offer) => offer.tools);
}

export function listPrompts(deps: QueryDeps, idOrName: string, request: OfferRequest) {
  return listOffered<NamedDefinition>(deps, idOrName, request, 'prompts', (offer) => offer.prompts);
}

/** Resources, then resource templates; these have a `uriTemplate` where those have a `uri`. */
export function listResources(deps: QueryDeps, idOrName: string, request: OfferRequest) {
  return listOffered<NamedDefinition>(deps, idOrName, request, 'resources', (offer) => [
    ...offer.resources,
    ...offer.resourceTemplates,
  ]);
}

async function listOffered<Item>(
  deps: QueryDeps,
  idOrName: string,
  request: OfferRequest,
  what: string,
  offered: (offer: Offer) => readonly Item[],
): Promise<OfferPage<Item>> {
  const limit = pageLimit(request.limit);
  const reader = await versionReader(deps, idOrName, request);
  // What a version offers does not change, so that a number is a place in it; the cursor stays with its version.
  const list = `${what} of ${reader.mcpId}`;
  const cursor = request.cursor === undefined ? undefined : decodeCursor(list, request.cursor, 2);
  const version = request.version ?? Number(cursor?.[0] ?? reader.newest);
  const start = Number(cursor?.[1] ?? 0);
  if (cursor && (cursor[0] !== version || !Number.isSafeInteger(start) || start < 0)) {
    throw invalid('invalid_cursor', '/cursor', 'is not a cursor of this version');
  }
  const { offer } = await reader.read(version);
  const all = offer ? offered(offer) : [];
  const end = start + limit;
  return {
    version,
    discovered: offer !== null,
    items: all.slice(start, end),
    nextCursor: end < all.length ? encodeCursor(list, [version, end]) : null,
  };
}
