import type { Command } from 'commander';
import { migrateEngines } from '../../app/engines/migrations.ts';
import { engineSettings } from '../../app/engines/settings.ts';
import { loadConfig } from '../../config.ts';
import { printJson, write } from '../output.ts';

export function addMigrate(program: Command): void {
  program
    .command('migrate')
    .description('bring the databases of the engines to the shape that this version works with')
    .option('--plan', 'say what would run, and change nothing')
    .option('--json', 'print the outcome as JSON')
    .addHelpText(
      'after',
      '\nA server does the same at its start. Run it by itself where the server may not change tables, or to see what an\n' +
        'update will do.',
    )
    .action(async ({ plan = false, json }: { readonly plan?: boolean; readonly json?: boolean }) => {
      const engines = await migrateEngines(engineSettings(loadConfig(process.env)), plan ? 'plan' : 'run');
      if (json) return printJson({ planned: plan, engines });
      if (engines.length === 0) return write('No engine is set up: embedded stores need no migrations.\n');
      for (const { setting, migrations } of engines) {
        const verb = plan ? 'would run' : 'ran';
        await write(`${setting}: ${migrations.length === 0 ? 'up to date' : `${verb} ${migrations.join(', ')}`}\n`);
      }
    });
}
