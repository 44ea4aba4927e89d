import { randomUUID } from 'node:crypto';
import type { Reply } from '../http/support/app.ts';
import type { Api, Execution, Mcp } from '../integration/support/api.ts';

/** A command that was answered with success: what its client may rely on from then on. */
export interface AcknowledgedCommand {
  readonly stream: string;
  /** Of its last event: `X-Event-Position` and the ETag of the answer. */
  readonly position: number;
  readonly revision: number;
  readonly resource: Execution | Mcp;
}

export interface Targets {
  /** An mcp whose tools answer at once. */
  readonly fast: string;
  /** An mcp whose tool `wait` does not answer. */
  readonly slow: string;
  /** Where new mcps are to be found. */
  readonly url: string;
}

/** A call with an `Idempotency-Key` that nobody knows the outcome of. */
export interface InDoubt {
  readonly key: string;
  readonly body: object;
}

export interface Load {
  readonly acknowledged: AcknowledgedCommand[];
  readonly inDoubt: InDoubt[];
  /** Answers when every worker has lost its server. */
  readonly lost: Promise<unknown>;
}

/**
 * Sends commands, several at a time, until the server is gone: calls, calls with idempotency keys, registrations, changes,
 * and rebuilds now and then. @param onAcknowledged told of each command that was answered
 */
export function startLoad(api: Api, { fast, slow, url }: Targets, onAcknowledged: (count: number) => void): Load {
  const acknowledged: AcknowledgedCommand[] = [];
  const inDoubt: InDoubt[] = [];

  const note = (reply: Reply, category: string): Execution | Mcp => {
    if (reply.status >= 300) throw new Error(`the load is refused: ${reply.status} ${reply.text}`);
    const command = acknowledgementOf(reply, category);
    acknowledged.push(command);
    onAcknowledged(acknowledged.length);
    return command.resource;
  };
  const call = async (mcpId: string, tool: string): Promise<void> => {
    const body = { mcpId, tool, arguments: { message: randomUUID() } };
    note(await api.request('POST', '/api/v1/executions', { body }), 'execution');
  };
  const callOnce = async (): Promise<void> => {
    const key = randomUUID();
    const body = { mcpId: fast, tool: 'echo', arguments: { message: key } };
    inDoubt.push({ key, body });
    const headers = { 'Idempotency-Key': key };
    note(await api.request('POST', '/api/v1/executions', { body, headers }), 'execution');
    inDoubt.splice(
      inDoubt.findIndex((other) => other.key === key),
      1,
    );
  };
  const registerAndChange = async (): Promise<void> => {
    const name = `mcp ${randomUUID().slice(0, 18)}`;
    const body = { name, transport: { type: 'streamable-http', url } };
    const { id } = note(await api.request('POST', '/api/v1/mcps', { body }), 'mcp');
    for (let change = 0; change < 8; change++) {
      const patch = { description: `change ${change}`, tags: [`t${change}`] };
      note(await api.request('PATCH', `/api/v1/mcps/${id}`, { body: patch }), 'mcp');
      await call(fast, 'echo');
    }
  };
  const rebuild = async (): Promise<void> => {
    for (const name of ['executions', 'mcps', 'audit']) {
      await api.request('POST', `/api/v1/projections/${name}/rebuild`, { body: {} });
    }
    await call(slow, 'wait');
  };

  const workers = [
    untilLost(() => call(fast, 'echo')),
    untilLost(() => call(fast, 'echo')),
    untilLost(callOnce),
    untilLost(registerAndChange),
    untilLost(Math.random() < 0.2 ? rebuild : () => call(slow, 'wait')),
  ];
  return { acknowledged, inDoubt, lost: Promise.all(workers) };
}

/** What an answer lets its client rely on. */
export function acknowledgementOf(reply: Reply, category: string): AcknowledgedCommand {
  const resource = reply.body as Execution | Mcp;
  return {
    stream: `${category}-${resource.id}`,
    position: Number(reply.headers.get('x-event-position')),
    revision: Number(/^"(\d+)"$/.exec(reply.headers.get('etag') ?? '')?.[1] ?? NaN),
    resource,
  };
}

/** A request that breaks off has lost its server; anything else is the load's own trouble. */
async function untilLost(work: () => Promise<void>): Promise<void> {
  try {
    for (;;) await work();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
}
