export type AuditOutcome = 'succeeded' | 'failed' | 'denied';

const failures = ['ExecutionFailed', 'ExecutionTimedOut', 'ToolDiscoveryFailed', 'ProjectionRebuildFailed'] as const;
const denials = ['AccessDenied', 'LoginFailed'] as const;

const exceptional: ReadonlyMap<string, AuditOutcome> = new Map<string, AuditOutcome>([
  ...failures.map((type) => [type, 'failed'] as const),
  ...denials.map((type) => [type, 'denied'] as const),
]);

/** How what an event tells of ended. The type alone says it, so a search by outcome is a search by type. */
export function outcomeOf(type: string): AuditOutcome {
  return exceptional.get(type) ?? 'succeeded';
}

/** The event types of an outcome; undefined for success, which is everything else. */
export function typesOf(outcome: AuditOutcome): readonly string[] | undefined {
  if (outcome === 'succeeded') return undefined;
  return outcome === 'failed' ? failures : denials;
}
