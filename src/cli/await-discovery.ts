import { setTimeout as delay } from 'node:timers/promises';
import { isRecord, type ApiClient } from './api-client.ts';

/** What a server has told of itself, or why it has not. */
export interface DiscoveryResult {
  /** `pending` when the time was over first. */
  readonly status: string;
  readonly toolCount: number | null;
  readonly error: string | null;
}

const pollMs = 200;

/**
 * Waits until each of the mcps has been asked what it offers, or the time is over.
 * @param onProgress how many have been asked, whenever it is looked at
 * @throws CliError
 */
export async function awaitDiscovery(
  api: ApiClient,
  ids: readonly string[],
  timeoutMs: number,
  onProgress: (done: number) => void,
): Promise<ReadonlyMap<string, DiscoveryResult>> {
  const results = new Map<string, DiscoveryResult>();
  const end = performance.now() + timeoutMs;
  let pending = ids;
  for (;;) {
    for (const id of pending) results.set(id, await resultOf(api, id));
    pending = pending.filter((id) => results.get(id)?.status === 'pending');
    onProgress(ids.length - pending.length);
    if (pending.length === 0 || performance.now() >= end) return results;
    await delay(pollMs);
  }
}

async function resultOf(api: ApiClient, id: string): Promise<DiscoveryResult> {
  const { body } = await api.request('GET', `/api/v1/mcps/${id}`);
  const mcp = isRecord(body) ? body : {};
  const discovery = isRecord(mcp['discovery']) ? mcp['discovery'] : {};
  const { error, status } = discovery;
  return {
    status: String(status),
    toolCount: status === 'discovered' && Array.isArray(mcp['tools']) ? mcp['tools'].length : null,
    error: isRecord(error) ? String(error['message']) : null,
  };
}
