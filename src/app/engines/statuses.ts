import type { EngineStatus } from '../../http/deps.ts';
import type { Probe } from '../../ports/engine-probe.ts';

/** How long an engine's answer is waited for, in milliseconds. */
const PATIENCE_MS = 2_000;

/** A server that serves a port. */
export interface Server {
  /** What it is called while it has not said so itself. */
  readonly usually: string;
  readonly probe: Probe;
  /** Events that stand in the log and have not come there; undefined when nobody knows. */
  readonly lag?: () => Promise<number | undefined>;
}

/** One port and what serves it: a server that is asked, or the name of the embedded engine, which is always there. */
export type ServedBy = Server | string;

/** Asks all engines at once how they are. One that does not answer in time is unavailable; none is waited for longer. */
export function createEngineStatuses(ports: Readonly<Record<string, ServedBy>>) {
  /** What servers called themselves last. */
  const names = new Map<string, string>();

  async function statusOf(port: string, served: ServedBy): Promise<EngineStatus> {
    if (typeof served === 'string') return { engine: served, status: 'ok', embedded: true };
    try {
      const [{ engine, version, latencyMs }, lag] = await inTime(Promise.all([served.probe.ping(), served.lag?.()]));
      names.set(port, engine);
      return {
        engine,
        status: 'ok',
        embedded: false,
        version,
        latencyMs: Math.round(latencyMs * 10) / 10,
        ...(lag !== undefined && { lag }),
      };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return { engine: names.get(port) ?? served.usually, status: 'unavailable', embedded: false, error: message };
    }
  }

  return async (): Promise<Record<string, EngineStatus>> => {
    const statuses = Object.entries(ports).map(async ([port, served]) => [port, await statusOf(port, served)] as const);
    return Object.fromEntries(await Promise.all(statuses));
  };
}

function inTime<Answer>(answer: Promise<Answer>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer within ${PATIENCE_MS} ms`)), PATIENCE_MS);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
