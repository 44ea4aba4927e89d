import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startAnnals } from '../app/start.ts';
import { loadConfig } from '../config.ts';
import { loadOrCreateSecrets } from '../config/secrets.ts';
import { signLocalToken } from '../http/auth/local-token.ts';
import { createPinoLogger } from '../infrastructure/logging/pino-logger.ts';
import { createApiClient, type ApiClient } from './api-client.ts';
import { CliError } from './cli-error.ts';

/**
 * Gives a command the server to talk to: the one that `ANNALS_URL` names (with `ANNALS_TOKEN`), else the one that runs on
 * this data directory, else one that is started for this command alone.
 *
 * On the machine of the data directory nobody has to log in: who can read its secrets is its owner, and acts as
 * `system:cli`, which is what the record then says.
 */
export async function withServer<Result>(work: (api: ApiClient) => Promise<Result>): Promise<Result> {
  const config = loadConfig(process.env);
  const { apiUrl, apiToken } = config;
  if (apiUrl !== undefined) {
    if (apiToken === undefined) throw new CliError('ANNALS_URL is set: set ANNALS_TOKEN to an access token as well');
    return work(createApiClient(apiUrl, () => apiToken));
  }
  const running = await runningServer(config.dataDir);
  if (running !== undefined) return work(await localClient(running));

  const logger = createPinoLogger({ level: 'warn', format: config.logFormat, destination: { write: (line) => void process.stderr.write(line) } });
  const annals = await startAnnals({ ...config, port: 0, host: '127.0.0.1' }, { logger });
  try {
    return await work(await localClient(annals.url));
  } finally {
    await annals.close();
  }

  async function localClient(address: string): Promise<ApiClient> {
    const { jwtSecret } = loadOrCreateSecrets(config.dataDir, config);
    return createApiClient(address, () => signLocalToken(jwtSecret));
  }
}

/** Address of the server that uses the data directory now; undefined when there is none. */
async function runningServer(dataDir: string): Promise<string | undefined> {
  let text: string;
  try {
    text = await readFile(join(dataDir, 'server.json'), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  const { url, pid } = JSON.parse(text) as { url: string; pid: number };
  return isAlive(pid) ? url : undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
