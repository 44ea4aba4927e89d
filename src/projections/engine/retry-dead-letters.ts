import type { EventStore, RecordedEvent } from '../../ports/event-store.ts';
import { CheckpointMoved, type AnyRow, type DeadLetter, type ModelStore } from '../../ports/read-model.ts';
import { StoreUnavailable } from '../../ports/unavailable.ts';
import type { Pace } from './pace.ts';
import type { Projector } from './projector.ts';

/**
 * Tries dead letters again, of all streams or of one, in log order, each in a transaction of its own. A stream whose
 * letter fails again keeps that one and all later ones. Nobody else may use the projector meanwhile.
 * @throws StoreUnavailable, CheckpointMoved: what was resolved so far stays resolved
 */
export async function retryDeadLetters(
  projector: Projector,
  store: ModelStore<AnyRow>,
  log: Pick<EventStore, 'readAll'>,
  pace: Pace,
  stream?: string,
): Promise<{ readonly resolved: number; readonly left: number }> {
  const letters = (await store.deadLetters()).filter((letter) => stream === undefined || letter.stream === stream);
  const stuck = new Set<string>();
  let resolved = 0;
  for (const letter of letters) {
    if (stuck.has(letter.stream)) continue;
    if (await retry(projector, letter, await eventOf(log, letter))) resolved++;
    else stuck.add(letter.stream);
    await pace.breathe();
  }
  return { resolved, left: letters.length - resolved };
}

async function retry(projector: Projector, letter: DeadLetter, event: RecordedEvent | undefined): Promise<boolean> {
  try {
    if (event === undefined) throw new Error(`the log has no event of ${letter.stream} at ${letter.position}`);
    await projector.apply([event], { resolve: [{ stream: letter.stream, through: letter.position }] });
    return true;
  } catch (error) {
    if (error instanceof StoreUnavailable || error instanceof CheckpointMoved) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    await projector.apply([], { park: [{ ...letter, error: reason, attempts: letter.attempts + 1 }] });
    return false;
  }
}

async function eventOf(log: Pick<EventStore, 'readAll'>, letter: DeadLetter): Promise<RecordedEvent | undefined> {
  const { events } = await log.readAll({ after: letter.position - 1, limit: 1 });
  const event = events[0];
  return event?.position === letter.position && event.stream === letter.stream ? event : undefined;
}
