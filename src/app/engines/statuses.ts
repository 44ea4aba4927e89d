import type { EngineStatus } from '../../http/deps.ts';
import type { Probe } from '../../ports/engine-probe.ts';

/** How long an engine's answer is waited for, in milliseconds. */
const PATIENCE_MS = 2_000;

/** One port and what serves it: a server that is asked, or the name of the embedded engine, which is always there. */
export type ServedBy = Probe | string;

/** Asks all engines at once how they are. One that does not answer in time is unavailable; none is waited for longer. */
export async function engineStatuses(ports: Readonly<Record<string, ServedBy>>): Promise<Record<string, EngineStatus>> {
  const statuses = Object.entries(ports).map(async ([port, served]) => [port, await statusOf(served)] as const);
  return Object.fromEntries(await Promise.all(statuses));
}

async function statusOf(served: ServedBy): Promise<EngineStatus> {
  if (typeof served === 'string') return { engine: served, status: 'ok', embedded: true };
  try {
    const { engine, version, latencyMs } = await inTime(served.ping());
    return { engine, status: 'ok', embedded: false, version, latencyMs: Math.round(latencyMs * 10) / 10 };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { engine: 'unknown', status: 'unavailable', embedded: false, error: message };
  }
}

function inTime<Answer>(answer: Promise<Answer>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer within ${PATIENCE_MS} ms`)), PATIENCE_MS);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
