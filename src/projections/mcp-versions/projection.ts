import type { McpDefinition, Offer } from '../../domain/mcp/definition.ts';
import type { McpEvent } from '../../domain/mcp/events.ts';
import type { PackagePin, PinnedPackage } from '../../domain/mcp/packages.ts';
import type { Position, Revision } from '../../ports/event-store.ts';
import { idOf, recognise } from '../folding/recorded.ts';
import type { Projection } from '../projection.ts';

/** One version of one mcp, whole. A type and not an interface, so that it is a document. */
export type McpVersionDocument = {
  /** `<mcpId>@<version>`. */
  readonly id: string;
  readonly mcpId: string;
  readonly version: number;
  readonly definition: McpDefinition;
  readonly offer: Offer | null;
  /** Absent where the version starts no package by its name, and in documents of before packages were pinned. */
  readonly packages?: { readonly source: PackagePin['source']; readonly items: readonly PinnedPackage[] };
  readonly reason: 'registration' | 'change' | 'discovery' | 'rollback';
  readonly rolledBackTo: number | null;
  readonly publishedAt: string;
  readonly publishedBy: string;
  /** When the server told its offer; null while it has not. */
  readonly discoveredAt: string | null;
  readonly revision: Revision;
  readonly position: Position;
};

const types = ['McpRegistered', 'McpVersionPublished', 'ToolsDiscovered', 'PackagesPinned'] as const;
const isOurs = recognise<Extract<McpEvent, { type: (typeof types)[number] }>>(types);

/** The id of a version's document. */
export function versionId(mcpId: string, version: number): string {
  return `${mcpId}@${version}`;
}

/** One document for each version. What a version says never changes once its server has told its offer. */
export const mcpVersions: Projection<McpVersionDocument> = {
  name: 'mcp_versions',
  schemaVersion: 1,
  model: { kind: 'documents', collection: 'mcp_versions', indexes: [['mcpId', 'version']] },
  types,
  rowId(event) {
    if (!isOurs(event)) return undefined;
    return versionId(idOf(event.stream), event.type === 'McpRegistered' ? 1 : event.data.version);
  },
  begins: (event) => event.revision === 0,
  evolve(row, event) {
    if (!isOurs(event) || (row && event.revision <= row.revision)) return row;
    const { revision, position } = event;
    const { occurredAt, actor } = event.metadata;
    if (event.type === 'ToolsDiscovered') {
      return row && { ...row, offer: event.data.offer, discoveredAt: occurredAt, revision, position };
    }
    if (event.type === 'PackagesPinned') return row && { ...row, ...packagesOf(event.data.pin), revision, position };
    const mcpId = idOf(event.stream);
    const published = { mcpId, publishedAt: occurredAt, publishedBy: actor, revision, position };
    if (event.type === 'McpRegistered') {
      return {
        id: versionId(mcpId, 1),
        version: 1,
        definition: event.data.definition,
        offer: null,
        reason: 'registration',
        rolledBackTo: null,
        discoveredAt: null,
        ...published,
      };
    }
    const { version, definition, offer, pin, reason, rolledBackTo } = event.data;
    return {
      id: versionId(mcpId, version),
      version,
      definition,
      offer,
      reason,
      rolledBackTo: rolledBackTo ?? null,
      discoveredAt: offer ? occurredAt : null,
      ...(pin && packagesOf(pin)),
      ...published,
    };
  },
};

/** All but the lock, which stands in the event and is nobody's reading. */
function packagesOf({ source, packages }: PackagePin): Required<Pick<McpVersionDocument, 'packages'>> {
  return { packages: { source, items: packages } };
}
