import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { engineSettings, type EngineSettings } from '../../../src/app/engines/settings.ts';
import { loadConfig, type Config } from '../../../src/config.ts';

/** An installation of the product with names of its own in all engines, and a directory of its own. */
export interface Place {
  readonly config: Config;
  readonly settings: EngineSettings;
  readonly prefix: string;
  readonly dataDir: string;
}

/** @param env settings that name engines; what the work makes there it removes itself */
export async function withPlace<Result>(
  env: Readonly<Record<string, string>>,
  work: (place: Place) => Promise<Result>,
): Promise<Result> {
  const dataDir = mkdtempSync(join(tmpdir(), 'annals-bench-'));
  const prefix = `b${randomBytes(4).toString('hex')}-`;
  try {
    const config = loadConfig({ ...env, ANNALS_ENGINE_PREFIX: prefix, ANNALS_DATA_DIR: dataDir });
    return await work({ config, settings: engineSettings(config), prefix, dataDir });
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}
