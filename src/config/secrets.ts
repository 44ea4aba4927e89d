import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Config } from '../config.ts';
import { ConfigError } from './config-error.ts';
import { createPrivateFile } from './private-file.ts';

export interface Secrets {
  /** Signs access tokens. At least 32 bytes of text. */
  readonly jwtSecret: string;
  /** Seals the keys of what is stored. At least 32 bytes of text. */
  readonly masterKey: string;
  /** The one of before, which may seal some of it still. */
  readonly masterKeyPrevious?: string;
  /**
   * For the first administrator, to be used only while there is none. A generated one is stored nowhere and is another
   * at each start, so that a start that dies half-way locks nobody out: print it when, and only when, it was used.
   */
  readonly initialAdminPassword: { readonly value: string; readonly generated: boolean };
}

const fileSchema = z.object({ version: z.literal(1), jwtSecret: z.string().min(32), masterKey: z.string().min(32) });
type SecretsFile = z.output<typeof fileSchema>;

/**
 * The secrets of a data directory: those that the settings name, the others from its `secrets.json`, which is made on
 * the first start, readable by its owner only. A file that others may read, or that cannot be understood, is refused
 * and never replaced; neither is one made anew beside data that was written with another.
 * @throws ConfigError
 */
export function loadOrCreateSecrets(
  dataDir: string,
  config: Pick<Config, 'jwtSecret' | 'masterKey' | 'masterKeyPrevious' | 'adminPassword'>,
): Secrets {
  const { jwtSecret, masterKey, masterKeyPrevious, adminPassword } = config;
  const previous = masterKeyPrevious === undefined ? {} : { masterKeyPrevious };
  const initialAdminPassword =
    adminPassword === undefined
      ? { value: randomBytes(18).toString('base64url'), generated: true }
      : { value: adminPassword, generated: false };
  if (jwtSecret !== undefined && masterKey !== undefined) {
    return { jwtSecret, masterKey, ...previous, initialAdminPassword };
  }

  const stored = reportingFaultsOf(dataDir, () => {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const path = join(dataDir, 'secrets.json');
    return readSecrets(path) ?? createSecrets(dataDir, path);
  });
  return {
    jwtSecret: jwtSecret ?? stored.jwtSecret,
    masterKey: masterKey ?? stored.masterKey,
    ...previous,
    initialAdminPassword,
  };
}

/** How access tokens are signed: by keys that follow from these secrets. */
export function signingSettings(
  { jwtAlgorithm, jwtSecretPrevious }: Pick<Config, 'jwtAlgorithm' | 'jwtSecretPrevious'>,
  { jwtSecret }: Pick<Secrets, 'jwtSecret'>,
): { readonly algorithm: Config['jwtAlgorithm']; readonly secrets: readonly [string, ...string[]] } {
  return {
    algorithm: jwtAlgorithm,
    secrets: [jwtSecret, ...(jwtSecretPrevious === undefined ? [] : [jwtSecretPrevious])],
  };
}

function readSecrets(path: string): SecretsFile | undefined {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined) return undefined;
  const mode = status.mode & 0o777;
  if ((mode & 0o077) !== 0) {
    const detail = `can be read by others (mode ${mode.toString(8)}); allow only its owner: chmod 600 ${path}`;
    throw new ConfigError([{ name: path, detail }]);
  }
  const parsed = fileSchema.safeParse(parseJson(readFileSync(path, 'utf8')));
  if (parsed.success) return parsed.data;
  const detail = 'is damaged; restore it from a backup, because what is stored needs the keys in it';
  throw new ConfigError([{ name: path, detail }]);
}

function createSecrets(dataDir: string, path: string): SecretsFile {
  // The directory is locked before its secrets are read, so the lock's file says nothing about data.
  const database = readdirSync(dataDir).find((name) => /\.(db|sqlite3?)$/.test(name) && name !== 'lock.sqlite');
  if (database !== undefined) {
    const detail =
      `is missing beside ${database}, which was written with its keys; restore it from a backup, or set ` +
      'ANNALS_JWT_SECRET and ANNALS_MASTER_KEY';
    throw new ConfigError([{ name: path, detail }]);
  }
  const made: SecretsFile = {
    version: 1,
    jwtSecret: randomBytes(48).toString('base64url'),
    masterKey: randomBytes(48).toString('base64url'),
  };
  if (createPrivateFile(path, `${JSON.stringify(made, null, 2)}\n`)) return made;
  const theirs = readSecrets(path);
  if (theirs === undefined) throw new ConfigError([{ name: path, detail: 'came and went while it was being made' }]);
  return theirs;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Says what the disk refused in words that lead to the setting. */
function reportingFaultsOf<Result>(dataDir: string, work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof ConfigError || !(cause instanceof Error)) throw cause;
    const detail = `(${dataDir}) cannot hold the secrets: ${cause.message}`;
    throw new ConfigError([{ name: 'ANNALS_DATA_DIR', detail, example: 'ANNALS_DATA_DIR=/var/lib/annals' }], { cause });
  }
}
