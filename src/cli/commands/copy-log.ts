import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { CopyProgress } from '../../app/copy-log/copy-log.ts';
import { engineSettings } from '../../app/engines/settings.ts';
import { loadConfig } from '../../config.ts';
import { CliError, UsageError } from '../cli-error.ts';
import { printJson, write } from '../output.ts';

/** Progress is shown at most so often, in milliseconds. */
const SHOW_EVERY_MS = 1_000;

export function addCopyLog(events: Command): void {
  events
    .command('copy')
    .description('copy the embedded log to EventStoreDB: ids, revisions, metadata and order are kept')
    .requiredOption('--to <url>', 'connection string of the event store, such as esdb://localhost:2113?tls=false')
    .option('--json', 'print the outcome as JSON')
    .addHelpText(
      'after',
      '\nThe server on the data directory has to be stopped. Name the engines of its read models in the settings as it\nhas them: these models are built anew from the copy. Interrupted, the same command goes on where it was; in the\n' +
        'end both logs are compared by a hash over every event.',
    )
    .action(async ({ to, json }: { readonly to: string; readonly json?: boolean }) => {
      const config = loadConfig({ ...process.env, ANNALS_EVENTSTORE_URL: undefined, ANNALS_ROLES: undefined });
      const dataDir = resolve(config.dataDir);
      if (!/^(esdb|kurrentdb)(\+discover)?:\/\//.test(to)) throw new UsageError('--to is not an esdb:// URL');
      // The client of the event store is loaded only when it is used.
      const { moveLog } = await import('../../app/copy-log/move-log.ts');
      const { CopyRefused } = await import('../../app/copy-log/copy-log.ts');
      try {
        const result = await moveLog({ ...engineSettings(config), dataDir }, to, showing());
        if (json) return printJson(result);
        await write(
          `${result.events} events copied${result.resumedAt > 0 ? ` (${result.resumedAt} of them before)` : ''} and ` +
            `compared, SHA-256 ${result.sha256}.\n` +
            'Start the server with ANNALS_EVENTSTORE_URL, and with ANNALS_JWT_SECRET and ANNALS_MASTER_KEY as they\n' +
            `stand in ${join(dataDir, 'secrets.json')}.\n`,
        );
      } catch (error) {
        if (error instanceof CopyRefused) throw new CliError(error.message);
        throw error;
      }
    });
}

/** Tells the person at the terminal how far it is; what is piped stays clean. */
function showing(): (progress: CopyProgress) => void {
  let shownAt = performance.now();
  return ({ phase, done, total }) => {
    if (performance.now() - shownAt < SHOW_EVERY_MS) return;
    shownAt = performance.now();
    process.stderr.write(`${phase} ${done} of ${total} events\n`);
  };
}
