import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError } from '../../config/config-error.ts';
import { EngineUnfit, type Probe } from '../../ports/engine-probe.ts';
import type { Logger } from '../../ports/logger.ts';
import { StoreUnavailable } from '../../ports/unavailable.ts';

/** How long the start waits for the log, in milliseconds: as long as its server may take to start beside this process. */
const PATIENCE_MS = 60_000;
const ASK_EVERY_MS = 1_000;

/** A server that the settings name. */
export interface NamedEngine {
  /** Of the setting. */
  readonly setting: string;
  readonly probe: Probe;
  /** Asked after the probe: whether what is stored there is for this program. */
  readonly examine?: () => Promise<unknown>;
  /** Nothing can be done without it. Others may be away: what needs them waits. */
  readonly isVital: boolean;
}

/**
 * Asks every engine once whether it is there, and waits for those that are vital. What an engine refuses (the password,
 * its version, how it is set up) stops the start: waiting would not mend it.
 * @throws ConfigError naming every setting that is wrong
 */
export async function requireReachable(engines: readonly NamedEngine[], logger: Logger): Promise<void> {
  const problems = await Promise.all(engines.map((engine) => problemOf(engine, logger)));
  const found = problems.flat();
  if (found.length > 0) throw new ConfigError(found);
}

async function problemOf({ setting, probe, examine, isVital }: NamedEngine, logger: Logger) {
  const end = performance.now() + (isVital ? PATIENCE_MS : 0);
  for (let told = false; ; told = true) {
    try {
      await probe.ping();
      await examine?.();
      return [];
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      const mayCome = error instanceof StoreUnavailable && !(error instanceof EngineUnfit);
      if (!mayCome) return [{ name: setting, detail }];
      if (!isVital) {
        logger.warn({ setting, detail }, 'an engine does not answer; the start goes on without it');
        return [];
      }
      if (performance.now() > end) return [{ name: setting, detail }];
      if (!told) logger.warn({ setting, detail }, 'the start waits for an engine');
      await sleep(ASK_EVERY_MS);
    }
  }
}
