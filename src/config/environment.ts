import { join } from 'node:path';
import { loadEnvFile } from 'node:process';
import { ConfigError } from './config-error.ts';

/**
 * The environment of this process, completed by the `.env` file of a directory when there is one. What the environment
 * already names stays as it is.
 * @throws ConfigError the file is there and cannot be read
 */
export function readEnvironment(directory: string): Readonly<Record<string, string | undefined>> {
  const file = join(directory, '.env');
  try {
    loadEnvFile(file);
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause)) throw cause;
    if (cause.code !== 'ENOENT') {
      throw new ConfigError([{ name: file, detail: `cannot be read: ${cause.message}` }], { cause });
    }
  }
  return process.env;
}
