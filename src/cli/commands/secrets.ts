import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { isRecord } from '../api-client.ts';
import { CliError } from '../cli-error.ts';
import { createProgress, printJson } from '../output.ts';
import { withServer } from '../target.ts';

const path = '/api/v1/secrets/rewrap';

export function addSecrets(program: Command): void {
  const secrets = program.command('secrets').description('what is stored sealed');

  secrets
    .command('rewrap')
    .description('seal everything with the new ANNALS_MASTER_KEY, and say when the old one may go')
    .option('--json', 'print the answer as JSON')
    .action(async ({ json }: { readonly json?: boolean }) => {
      await withServer(async (api) => {
        let { body } = await api.request('POST', path, {});
        const progress = createProgress('secrets');
        while (isRecord(body) && body['status'] === 'running') {
          await delay(200);
          ({ body } = await api.request('GET', path));
          if (isRecord(body)) progress.show(Number(body['done']), Number(body['total']), '');
        }
        progress.end();
        if (json) printJson(body);
        if (!isRecord(body) || body['status'] !== 'succeeded' || body['previousNeeded'] === true) {
          const reason = isRecord(body) && typeof body['error'] === 'string' ? `: ${body['error']}` : '';
          throw new CliError(`not everything is sealed with the new master key${reason}. Run it again`);
        }
        if (!json) {
          console.log(
            'Everything is sealed with ANNALS_MASTER_KEY. ANNALS_MASTER_KEY_PREVIOUS is no longer needed: take it out of the ' +
              'settings of every process, and throw the old key away with the backups that need it.',
          );
        }
      });
    });
}
