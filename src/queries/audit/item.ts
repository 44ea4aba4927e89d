import { personAtAddress } from '../../domain/privacy/persons.ts';
import type { SearchHit } from '../../ports/read-models.ts';
import type { AuditKeywords } from '../../projections/audit/projection.ts';
import type { QueryDeps } from '../deps.ts';

/** One entry of the audit trail: who did what to what, when, from where, and how it ended. */
export interface AuditItem {
  readonly position: number;
  readonly at: string;
  readonly actor: string;
  /** The type of the event. */
  readonly action: string;
  /** The stream that was acted on, or what a denial was about. */
  readonly resource: string;
  readonly stream: string;
  readonly outcome: AuditKeywords['outcome'];
  readonly correlationId: string;
  readonly remoteAddress: string | null;
  /** Name of the mcp, where the event tells it. */
  readonly mcp: string | null;
  readonly tool: string | null;
  /** Why it was refused or failed. */
  readonly reason: string | null;
  /** Why it was done, in the words of who did it. */
  readonly statedReason: string | null;
  /** Where the words of a search were found: each between U+0002 and U+0003. */
  readonly snippet?: string;
}

export function toAuditItem(keywords: AuditKeywords, snippet?: string): AuditItem {
  return {
    position: keywords.position,
    at: keywords.at,
    actor: keywords.actor,
    action: keywords.action,
    resource: keywords.resource,
    stream: keywords.stream,
    outcome: keywords.outcome,
    correlationId: keywords.correlation_id,
    remoteAddress: keywords.remote_address,
    mcp: keywords.mcp,
    tool: keywords.tool,
    reason: keywords.reason,
    statedReason: keywords.stated_reason,
    ...(snippet === undefined ? {} : { snippet }),
  };
}

/** Entries as they are shown, the addresses of people opened. @throws StoreUnavailable */
export async function showAudit(
  { personal }: Pick<QueryDeps, 'personal'>,
  items: readonly AuditItem[],
): Promise<readonly AuditItem[]> {
  const addresses = await personal.revealTraces(
    items.map(({ stream, action, actor, remoteAddress }) => ({
      person: personAtAddress({ stream, type: action, data: undefined, metadata: { actor } }),
      text: remoteAddress,
    })),
  );
  return items.map((item, index) => ({ ...item, remoteAddress: addresses[index] ?? null }));
}

/** A hit in the audit model, whose keyword fields its projection has written. */
export function hitToAuditItem({ keywords, snippet }: SearchHit): AuditItem {
  return toAuditItem(keywords as SearchHit['keywords'] & AuditKeywords, snippet);
}
