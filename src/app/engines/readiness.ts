import type { Probe } from '../../ports/engine-probe.ts';
import type { Role } from '../../config/settings.ts';

/** How long an answer counts, and how long it is waited for, in milliseconds: probes come from many sides. */
const FRESH_MS = 1_000;
const PATIENCE_MS = 2_000;

/** The servers without which a role can do nothing. Embedded engines are always there. */
export interface VitalEngines {
  readonly eventStore: Probe | undefined;
  readonly bus: Probe | undefined;
}

/**
 * Whether a process with these roles can do its work: everything needs the log, and the relay Kafka. Read stores are
 * not asked: without one of them commands go on, and queries that need it are refused by themselves.
 */
export function createReadiness(roles: readonly Role[], { eventStore, bus }: VitalEngines): () => Promise<boolean> {
  const relaysOnly = roles.every((role) => role === 'relay');
  const vital = [eventStore, relaysOnly ? bus : undefined].filter((probe) => probe !== undefined);
  let asked: { readonly at: number; readonly answer: Promise<boolean> } | undefined;
  return () => {
    if (asked === undefined || performance.now() - asked.at > FRESH_MS) {
      const answer = Promise.all(vital.map(answers)).then((all) => all.every(Boolean));
      asked = { at: performance.now(), answer };
    }
    return asked.answer;
  };
}

async function answers(probe: Probe): Promise<boolean> {
  const { promise: tooLate, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), PATIENCE_MS);
  // Why an engine does not answer stands in the state of the system.
  const answer = probe.ping().then(
    () => true,
    () => false,
  );
  const isThere = await Promise.race([answer, tooLate]);
  clearTimeout(timer);
  return isThere;
}
