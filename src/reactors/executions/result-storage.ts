import type { StoredResult } from '../../domain/execution/events.ts';
import type { ToolResult } from '../../domain/execution/result.ts';
import type { BlobStore } from '../../ports/blob-store.ts';

/** Larger results are kept outside the event, which then names them by hash. Bytes of UTF-8 JSON. */
export const inlineLimitBytes = 64 * 1024;

/** Decides where a result lies, and puts a large one there. @throws StoreUnavailable */
export async function storeResult(blobs: BlobStore, result: ToolResult): Promise<StoredResult> {
  const json = JSON.stringify(result);
  // UTF-8 takes at most three bytes for each UTF-16 unit: most results need no count.
  if (json.length * 3 <= inlineLimitBytes || Buffer.byteLength(json) <= inlineLimitBytes) return { inline: result };
  return { blob: await blobs.put(Buffer.from(json), 'application/json') };
}
