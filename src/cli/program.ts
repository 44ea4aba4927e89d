import { Command, CommanderError } from 'commander';
import { version } from '../app/version.ts';
import { ConfigError } from '../config/config-error.ts';
import { readEnvironment } from '../config/environment.ts';
import { CliError, UsageError } from './cli-error.ts';
import { addAdmin } from './commands/admin.ts';
import { addAudit } from './commands/audit.ts';
import { addCall } from './commands/call.ts';
import { addDoctor } from './commands/doctor.ts';
import { addEvents } from './commands/events.ts';
import { addImport } from './commands/import.ts';
import { addMigrate } from './commands/migrate.ts';
import { addProjections } from './commands/projections.ts';
import { addSecrets } from './commands/secrets.ts';
import { addServe } from './commands/serve.ts';

const where = `
Commands talk to the server that runs on the data directory (ANNALS_DATA_DIR), and start one for themselves when there is
none. To talk to another machine, set ANNALS_URL and ANNALS_TOKEN (an API key).

Exit codes: 0 done, 1 failed, 2 wrong usage.`;

/** Runs one command line. @returns the exit code; undefined while a server goes on running */
export async function runCli(argv: readonly string[]): Promise<number | undefined> {
  const program = new Command('annals')
    .description('The MCP tool platform that keeps the record')
    .version(version)
    .addHelpText('after', where)
    .showHelpAfterError('(annals --help tells more)')
    .exitOverride();
  for (const add of [
    addServe,
    addMigrate,
    addImport,
    addCall,
    addProjections,
    addEvents,
    addAudit,
    addAdmin,
    addSecrets,
    addDoctor,
  ])
    add(program);
  try {
    readEnvironment(process.cwd());
    await program.parseAsync(argv);
    return program.args[0] === 'serve' ? undefined : 0;
  } catch (error) {
    return report(error, argv.includes('--json'));
  }
}

function report(error: unknown, json: boolean): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (json && error instanceof CliError && error.problem !== undefined)
    console.log(JSON.stringify(error.problem, null, 2));
  const expected = error instanceof CliError || error instanceof ConfigError || isStartRefusal(error);
  console.error(expected ? `annals: ${error.message}` : error);
  return error instanceof UsageError ? 2 : 1;
}

/** The data directory is in use, cannot be written, or the port is taken. */
function isStartRefusal(error: unknown): error is Error {
  return (
    error instanceof Error && ('code' in error || error.name === 'DataDirInUse' || error.name === 'StoreUnavailable')
  );
}
