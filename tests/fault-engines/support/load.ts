import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { acknowledgementOf, type AcknowledgedCommand } from '../../fault/server-load.ts';
import { until } from '../../http/support/until.ts';
import type { Reply } from '../../http/support/app.ts';
import type { Api, Execution, Mcp } from '../../integration/support/api.ts';

/** Milliseconds between an answer and the next request of the same client: what makes the load steady. */
const PACE_MS = 100;

export interface Targets {
  /** An mcp whose tool `echo` is called. */
  readonly called: string;
  /** An mcp that is changed all the time. */
  readonly changed: string;
}

/** Clients that work with the platform and look at every answer that they get. */
export interface Load {
  readonly acknowledged: readonly AcknowledgedCommand[];
  /** How many requests were answered with 503, by what was asked. */
  readonly refused: ReadonlyMap<string, number>;
  /** Answers that are neither right nor 503 with the time after which to come again, in words. */
  readonly wrong: readonly string[];
  /** Answers when so many more commands, calls and changes alike, have been acknowledged. */
  goesOn(commands?: number): Promise<void>;
  end(): Promise<void>;
}

/** Begins to call, to change and to read, all at once and steadily, until it is ended. */
export function startLoad(api: Api, { called, changed }: Targets): Load {
  const acknowledged: AcknowledgedCommand[] = [];
  const refused = new Map<string, number>();
  const wrong: string[] = [];
  /** Positions of the changes by their numbers; those that nobody knows the outcome of have none. */
  const changes: (number | undefined)[] = [];
  let ending = false;

  /** Whether the answer is a refusal that a client can do something with. */
  const isRefused = (what: string, reply: Reply): boolean => {
    if (reply.status !== 503) return false;
    refused.set(what, (refused.get(what) ?? 0) + 1);
    if (!(Number(reply.headers.get('retry-after')) > 0)) wrong.push(`${what}: 503 without Retry-After`);
    return true;
  };
  const check = (what: string, isRight: boolean, reply: Reply, expected: string): void => {
    if (isRight) return;
    wrong.push(
      `${what}: not ${expected}, but ${reply.status} ${reply.text.slice(0, 300)} (read at ${readPosition(reply)})`,
    );
  };

  const call = async (key?: string): Promise<boolean> => {
    const message = key ?? randomUUID();
    const body = { mcpId: called, tool: 'echo', arguments: { message } };
    const headers = key === undefined ? {} : { 'Idempotency-Key': key };
    const reply = await api.request('POST', '/api/v1/executions', { body, headers });
    if (isRefused('call', reply)) return false;
    const isRight = reply.status === 200 && messageIn(reply.body as Execution) === message;
    check('call', isRight, reply, `an answer to ${message}`);
    if (isRight) acknowledged.push(acknowledgementOf(reply, 'execution'));
    return true;
  };
  /** Sends a call again with its key until it is answered, as a client does that must not call twice. */
  const callOnce = async (): Promise<void> => {
    const key = randomUUID();
    while (!(await call(key)) && !ending) await pause(PACE_MS);
  };
  const change = async (): Promise<void> => {
    const number = changes.push(undefined) - 1;
    const body = { description: describe(number) };
    const reply = await api.request('PATCH', `/api/v1/mcps/${changed}`, { body });
    if (isRefused('change', reply)) return;
    const isRight = reply.status === 200 && (reply.body as Mcp).description === describe(number);
    check('change', isRight, reply, describe(number));
    if (!isRight) return;
    const command = acknowledgementOf(reply, 'mcp');
    changes[number] = command.position;
    acknowledged.push(command);
  };

  /** Whatever a read tells of changes: all that the position has which the answer names, and none that nobody asked for. */
  const isAmongChanges = (mcp: Mcp | undefined, reply: Reply): boolean => {
    const through = readPosition(reply);
    const least = changes.findLastIndex((position) => position !== undefined && position <= through);
    const number = numberIn(mcp?.description ?? '');
    return number === undefined ? least < 0 : number >= least && number < changes.length;
  };
  const readMcp = async (): Promise<void> => {
    const reply = await api.request('GET', `/api/v1/mcps/${changed}`);
    if (isRefused('read an mcp', reply)) return;
    check('read an mcp', reply.status === 200 && isAmongChanges(reply.body as Mcp, reply), reply, 'the newest change');
  };
  const listMcps = async (): Promise<void> => {
    const reply = await api.request('GET', '/api/v1/mcps?limit=200');
    if (isRefused('list mcps', reply)) return;
    const { items = [] } = (reply.body ?? {}) as { items?: Mcp[] };
    const found = items.find(({ id }) => id === changed);
    check('list mcps', reply.status === 200 && isAmongChanges(found, reply), reply, 'the newest change');
  };
  const readVersion = async (): Promise<void> => {
    const command = acknowledged.findLast(({ resource }) => !('tool' in resource))?.resource as Mcp | undefined;
    if (command === undefined) return;
    const reply = await api.request('GET', `/api/v1/mcps/${changed}/versions/${command.version}`);
    if (isRefused('read a version', reply)) return;
    const isRight = reply.status === 200 && reply.text.includes(`"${command.description}"`);
    check('read a version', isRight, reply, command.description);
  };
  const readCall = async (): Promise<void> => {
    const command = acknowledged.findLast(({ resource }) => 'tool' in resource);
    if (command === undefined) return;
    const reply = await api.request('GET', `/api/v1/executions/${command.resource.id}`);
    if (isRefused('read a call', reply)) return;
    const isBehind = readPosition(reply) < command.position && reply.status === 404;
    const { status, ...rest } = (reply.body ?? {}) as Partial<Execution>;
    const isRight = reply.status === 200 && rest.id === command.resource.id;
    const isWhole = status === 'succeeded' || readPosition(reply) < command.position;
    check('read a call', isBehind || (isRight && isWhole), reply, `the call acknowledged at ${command.position}`);
  };
  const readAudit = async (): Promise<void> => {
    const told = acknowledged.length;
    const reply = await api.request('GET', '/api/v1/audit?limit=5');
    if (isRefused('read the audit log', reply)) return;
    const { items = [] } = (reply.body ?? {}) as { items?: { position: number }[] };
    const through = readPosition(reply);
    const least = Math.max(
      0,
      ...acknowledged
        .slice(0, told)
        .map(({ position }) => position)
        .filter((one) => one <= through),
    );
    const isRight = reply.status === 200 && (items[0]?.position ?? 0) >= least;
    check('read the audit log', isRight, reply, `an entry at ${least} or later`);
  };

  const again = async (...steps: readonly (() => Promise<unknown>)[]): Promise<void> => {
    while (!ending) {
      for (const step of steps) {
        await step();
        await pause(PACE_MS);
      }
    }
  };
  const working = Promise.all([
    again(() => call()),
    again(callOnce),
    again(change),
    again(readMcp, listMcps, readVersion),
    again(readCall, readAudit),
  ]);
  // `end` tells of it; a test that has failed before does not get there.
  working.catch(() => undefined);

  return {
    acknowledged,
    refused,
    wrong,
    async goesOn(commands = 10) {
      const count = (isCall: boolean) => acknowledged.filter(({ resource }) => 'tool' in resource === isCall).length;
      const [calls, others] = [count(true) + commands, count(false) + commands];
      const taken = until(
        () => count(true) >= calls && count(false) >= others,
        `${commands} more commands are taken`,
        30_000,
      ).catch((error: unknown) => {
        const missing = `${calls - count(true)} calls and ${others - count(false)} changes are missing`;
        const said = [...wrong.slice(-5), ...[...refused].map(([what, times]) => `${what}: ${times} times 503`)];
        throw new Error([String(error), missing, ...said].join('\n'), { cause: error });
      });
      // A platform that is gone need not be waited for.
      await Promise.race([taken, working.then(() => taken)]);
    },
    async end() {
      ending = true;
      await working;
    },
  };
}

function describe(number: number): string {
  return `change ${number}`;
}

function numberIn(description: string): number | undefined {
  const digits = /^change (\d+)$/.exec(description)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function messageIn({ result }: Execution): string | undefined {
  return result?.content[0]?.text;
}

/** How far the read model was; an answer that does not say is complete. */
function readPosition({ headers }: Reply): number {
  return Number(headers.get('x-read-position') ?? Infinity);
}
