import { expect } from 'vitest';
import { until } from '../http/support/until.ts';
import { ask, type Api, type Execution, type Mcp } from '../integration/support/api.ts';
import { acknowledgementOf, type AcknowledgedCommand, type InDoubt } from './server-load.ts';

function waitFor(position: number) {
  return { headers: { 'X-Wait-For-Position': String(position) } };
}

/** Answers when no call is left that an earlier process has begun. @param head where the log ended when that one did */
export async function cutCallsAreEnded(server: Api, head: number): Promise<void> {
  const none = async () => {
    const path = '/api/v1/executions?status=running';
    return (await ask<{ items: Execution[] }>(server, 200, 'GET', path, waitFor(head))).items.length === 0;
  };
  await until(none, 'the calls that were cut are ended', 60_000);
}

/**
 * Sends again what nobody knows the outcome of: each call is made once at most, has an outcome then, and keeps it.
 * Answers those that were carried out.
 */
export async function sendAgain(server: Api, inDoubt: readonly InDoubt[]): Promise<AcknowledgedCommand[]> {
  const answered: AcknowledgedCommand[] = [];
  for (const { key, body } of inDoubt) {
    const send = () => server.request('POST', '/api/v1/executions', { body, headers: { 'Idempotency-Key': key } });
    let reply = await send();
    // The process that is gone had begun it: until its end is recorded, there is no answer.
    const isAnswered = async () => reply.status !== 503 || (reply = await send()).status !== 503;
    await until(isAnswered, 'the call has an outcome', 60_000);
    if (reply.status === 200) answered.push(acknowledgementOf(reply, 'execution'));
    else expect(reply).toMatchObject({ status: 502, body: { code: 'execution_interrupted' } });

    const { executionId } = reply.body as { executionId?: string };
    const replayed = await send();
    expect(replayed.headers.get('idempotent-replayed')).toBe('true');
    expect(replayed).toMatchObject({
      status: reply.status,
      body: executionId === undefined ? reply.body : { executionId },
    });
  }
  return answered;
}

/** Compares what the read models tell of acknowledged commands, once they have taken in a position of the log. */
export async function checkReadModels(
  server: Api,
  acknowledged: readonly AcknowledgedCommand[],
  head: number,
): Promise<void> {
  const versions = new Map<string, number>();
  for (const { position, resource } of acknowledged) {
    if ('tool' in resource) {
      const path = `/api/v1/executions/${resource.id}`;
      expect(await ask<Execution>(server, 200, 'GET', path, waitFor(head))).toEqual(resource);
    } else {
      const path = `/api/v1/mcps/${resource.id}`;
      expect(await ask<Mcp>(server, 200, 'GET', `${path}?asOf=${position}`, waitFor(head))).toEqual(resource);
      versions.set(path, resource.version);
    }
  }
  for (const [path, version] of versions) {
    // A change that was recorded and not answered may stand behind it.
    const now = await ask<Mcp>(server, 200, 'GET', path, waitFor(head));
    expect(now.version).toBeGreaterThanOrEqual(version);
  }
}

/** How each call of the list has ended, by stream: in the words of `endsOf`. */
export async function listedEnds(server: Api, head: number): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (let query: string | undefined = 'limit=200'; query !== undefined;) {
    const path = `/api/v1/executions?${query}`;
    const page: { items: Execution[]; nextCursor: string | null } = await ask(server, 200, 'GET', path, waitFor(head));
    for (const { id, status, error } of page.items) {
      found.set(`execution-${id}`, status === 'succeeded' ? 'ExecutionSucceeded' : (error?.code ?? status));
    }
    query = page.nextCursor === null ? undefined : `limit=200&cursor=${encodeURIComponent(page.nextCursor)}`;
  }
  return found;
}
