import { findServer } from '../app/server-file.ts';
import { startAnnals } from '../app/start.ts';
import { loadConfig } from '../config.ts';
import { loadOrCreateSecrets, signingSettings } from '../config/secrets.ts';
import { signLocalToken } from '../http/auth/local-token.ts';
import { createSigningKeys } from '../http/auth/signing-keys.ts';
import { createPinoLogger } from '../infrastructure/logging/pino-logger.ts';
import { createApiClient, type ApiClient } from './api-client.ts';
import { CliError } from './cli-error.ts';
import { endWithReader } from './output.ts';

/**
 * Gives a command the server to talk to: the one that `ANNALS_URL` names (with `ANNALS_TOKEN`), else the one that runs on
 * this data directory, else one that is started for this command alone.
 *
 * On the machine of the data directory nobody has to log in: who can read its secrets is its owner, and acts as
 * `system:cli`, which is what the record then says.
 */
export async function withServer<Result>(work: (api: ApiClient) => Promise<Result>): Promise<Result> {
  const config = loadConfig(process.env);
  endWithReader();
  const { apiUrl, apiToken } = config;
  if (apiUrl !== undefined) {
    if (apiToken === undefined) throw new CliError('ANNALS_URL is set: set ANNALS_TOKEN to an API key as well');
    return work(createApiClient(apiUrl, () => apiToken));
  }
  const running = findServer(config.dataDir);
  if (running !== undefined && (await answers(running))) return work(localClient(running));

  const logger = createPinoLogger({
    level: 'warn',
    format: config.logFormat,
    destination: { write: (line) => void process.stderr.write(line) },
  });
  const annals = await startAnnals({ ...config, port: 0, host: '127.0.0.1' }, { logger });
  if (annals.adminPassword !== undefined) {
    console.error(
      `annals: this is a new data directory; its user admin has the password ${annals.adminPassword} (shown only now)`,
    );
  }
  try {
    return await work(localClient(annals.url));
  } finally {
    await annals.close();
  }

  function localClient(address: string): ApiClient {
    const keys = createSigningKeys(signingSettings(config, loadOrCreateSecrets(config.dataDir, config)));
    return createApiClient(address, () => signLocalToken(keys));
  }
}

/** Milliseconds. */
const answerTimeoutMs = 5_000;

/** A server that was killed leaves its address behind, and the number of its process may be another's by now. */
async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(new URL('/health/live', url), { signal: AbortSignal.timeout(answerTimeoutMs) })).ok;
  } catch {
    // Should it live all the same, the directory's lock says so next.
    return false;
  }
}
