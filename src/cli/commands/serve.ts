import type { Command } from 'commander';
import { startAnnals } from '../../app/start.ts';
import { loadConfig } from '../../config.ts';
import { createPinoLogger } from '../../infrastructure/logging/pino-logger.ts';
import { printBanner } from '../banner.ts';

/** Milliseconds in which a stopping process must be gone. */
const stopLimitMs = 20_000;

export function addServe(program: Command): void {
  program
    .command('serve')
    .description('start the platform: everything in one process, or some of its roles')
    .option('--roles <list>', 'what this process does: api,relay,projector,worker,scheduler (default: ANNALS_ROLES)')
    .action(async ({ roles }: { readonly roles?: string }) => {
      const config = loadConfig({ ...process.env, ...(roles !== undefined && { ANNALS_ROLES: roles }) });
      const logger = createPinoLogger({ level: config.logLevel, format: config.logFormat });
      const annals = await startAnnals(config, { logger });
      // The clock of `performance` began with the process: loading the program counts.
      printBanner(config, annals, await annals.engines(), performance.now());

      let stopping = false;
      const stop = (signal: string) => {
        if (stopping) return;
        stopping = true;
        logger.info({ signal }, 'stopping: new work is refused, what runs is finished');
        setTimeout(() => {
          logger.error({}, 'stopping took too long');
          process.exit(1);
        }, stopLimitMs).unref();
        annals.close().then(
          () => {
            logger.info({}, 'stopped');
            process.exit(0);
          },
          (error: unknown) => {
            logger.error({ error }, 'stopping failed');
            process.exit(1);
          },
        );
      };
      process.on('SIGTERM', () => stop('SIGTERM'));
      process.on('SIGINT', () => stop('SIGINT'));
    });
}
