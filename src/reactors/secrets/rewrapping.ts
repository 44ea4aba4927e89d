import { derivedId } from '../../commands/derived-id.ts';
import { following, type CommandContext } from '../../commands/context.ts';
import { changeMasterKey, loadKeyring, retireMasterKeys, type VaultDeps } from '../../commands/keyring.ts';
import { rewrapSecret } from '../../commands/secrets/rewrap.ts';
import type { SharedCache } from '../../ports/coordination.ts';
import type { EventStore } from '../../ports/event-store.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Rewrapping, RewrapStatus } from '../../ports/rewrapping.ts';
import { VaultDamaged } from '../../ports/vault.ts';

/** How often progress is told to other processes, how long its word is good for them, and how long its last one is, in ms. */
const TELL_EVERY_MS = 1_000;
const TOLD_FOR_MS = 10_000;
const KEPT_MS = 60 * 60_000;

const cacheKey = 'rewrapping of secrets';
const pageSize = 200;

type Progress = Pick<RewrapStatus, 'status' | 'done' | 'total' | 'startedAt' | 'finishedAt' | 'error'>;

/**
 * The log itself tells which secrets there are and what each is sealed with, so one that was broken off is gone on with by
 * beginning again, and two at once do no harm. The old master key is let go of when a walk found nothing left to do.
 */
export function createRewrapping(
  deps: VaultDeps,
  shared: Pick<SharedCache, 'get' | 'set'>,
  logger: Logger,
): Rewrapping<CommandContext> {
  let current: Progress | undefined;
  let running: Promise<void> | undefined;
  let closed = false;
  const now = (): string => new Date(deps.clock()).toISOString();

  async function tell(progress: Progress): Promise<void> {
    current = progress;
    await shared.set(cacheKey, JSON.stringify(progress), progress.status === 'running' ? TOLD_FOR_MS : KEPT_MS);
  }

  async function run(context: CommandContext, startedAt: string): Promise<void> {
    let told = performance.now();
    const retiring = await masterKeysToRetire(deps);
    for (let walk = 0; ; walk++) {
      const ids = await secretIds(deps.store);
      let [done, changed] = [0, 0];
      const damaged: string[] = [];
      for (const id of ids) {
        if (closed) return;
        const own = following(context, derivedId(`rewrap ${walk} ${id}`, context.commandId));
        try {
          if (await rewrapSecret(deps, own, id)) changed++;
        } catch (error) {
          // One that nobody can open any more holds up no other.
          if (!(error instanceof VaultDamaged)) throw error;
          damaged.push(error.message);
        }
        current = { status: 'running', done: ++done, total: ids.length, startedAt, finishedAt: null, error: null };
        if (performance.now() - told < TELL_EVERY_MS) continue;
        told = performance.now();
        await tell(current);
      }
      // What another process sealed meanwhile, not knowing of the change yet, is found by the next walk.
      if (changed > 0) continue;
      if (damaged.length > 0) throw new VaultDamaged(`${damaged.join('; ')}: give it another value, or delete it`);
      await retireMasterKeys(deps, following(context, derivedId('retire', context.commandId)), retiring);
      const total = ids.length;
      await tell({ status: 'succeeded', done: total, total, startedAt, finishedAt: now(), error: null });
      return;
    }
  }

  async function status(): Promise<RewrapStatus> {
    const keyring = await loadKeyring(deps);
    const [newest] = deps.vault.masterKeys;
    const masterKey = keyring.status === 'none' ? newest : keyring.masterKey;
    const previousNeeded = keyring.status !== 'none' && (masterKey !== newest || keyring.retiring.length > 0);
    const told = running === undefined ? ((await toldBy(shared)) ?? current) : current;
    // What was told may be of another time: the log has the last word on whether it is over.
    const isOld = told === undefined || (told.status !== 'running' && (told.status === 'succeeded') === previousNeeded);
    const progress = isOld ? (previousNeeded ? pending : finished) : told;
    return { ...progress, masterKey, previousNeeded };
  }

  return {
    async start(context) {
      if (running === undefined) {
        const startedAt = now();
        current = { status: 'running', done: 0, total: 0, startedAt, finishedAt: null, error: null };
        await changeMasterKey(deps, context).catch((error: unknown) => {
          current = undefined;
          throw error;
        });
        running ??= run(context, startedAt)
          .catch(async (error: unknown) => {
            logger.error({ err: error }, 'secrets could not be sealed with the new master key');
            const { done = 0, total = 0 } = current ?? {};
            const reason = error instanceof Error ? error.message : String(error);
            await tell({ status: 'failed', done, total, startedAt, finishedAt: now(), error: reason });
          })
          .catch((error: unknown) => {
            logger.warn({ err: error }, 'other processes could not be told how the sealing of secrets ended');
          })
          .finally(() => {
            running = undefined;
          });
      }
      return status();
    },
    status,
    async close() {
      closed = true;
      await running;
    },
  };
}

const nothing = { done: 0, total: 0, startedAt: null, finishedAt: null, error: null } as const;
const pending: Progress = { status: 'pending', ...nothing };
const finished: Progress = { status: 'succeeded', ...nothing };

/** The master keys that may go when everything is sealed with the one that seals now. */
async function masterKeysToRetire(deps: VaultDeps): Promise<readonly string[]> {
  const keyring = await loadKeyring(deps);
  return keyring.status === 'none' ? [] : keyring.retiring;
}

async function secretIds(store: EventStore): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let after = 0; ;) {
    const { events, position, end } = await store.readAll({
      after,
      limit: pageSize,
      filter: { types: ['SecretCreated'] },
    });
    ids.push(...events.map(({ stream }) => stream.slice('secret-'.length)));
    if (end) return ids;
    after = position;
  }
}

async function toldBy(shared: Pick<SharedCache, 'get'>): Promise<Progress | undefined> {
  const told = await shared.get(cacheKey);
  return told === undefined ? undefined : (JSON.parse(told) as Progress);
}
