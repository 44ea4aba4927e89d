import { resolve } from 'node:path';
import type { Annals } from '../app/start.ts';
import { version } from '../app/version.ts';
import type { EngineStatus } from '../http/deps.ts';
import type { Config } from '../config.ts';
import { roles } from '../config/settings.ts';

/** Tells the person at the terminal what runs, where its data is, and what to do next. */
export function printBanner(
  config: Config,
  { url, adminPassword }: Annals,
  engines: Readonly<Record<string, EngineStatus>>,
  elapsedMs: number,
): void {
  const user = adminPassword === undefined ? 'admin' : `admin, password ${adminPassword} (shown only now)`;
  const lines = [
    '',
    `  Annals ${version}, ready in ${Math.round(elapsedMs)} ms`,
    '',
    `  address     ${url}`,
    `  data        ${resolve(config.dataDir)}`,
    ...linesOf(config, engines),
    `  log in as   ${user}`,
    '',
    '  Try next, in another terminal:',
    '',
    '    npx annals import examples/mcp-servers.json',
    '    npx annals call everything get-sum --arg a=2 --arg b=40',
    '    npx annals events tail --after 0',
    '',
    `  API and examples that run: ${url}/api/docs`,
    '',
  ];
  process.stdout.write(lines.join('\n') + '\n');
}

function linesOf({ roles: chosen }: Config, engines: Readonly<Record<string, EngineStatus>>): readonly string[] {
  const served = Object.entries(engines);
  if (served.every(([, { embedded }]) => embedded)) {
    return ['  engines     event store, read models and search: SQLite; bus: in process; cache: in memory'];
  }
  const told = served.map(([port, { engine, version, status }]) => {
    return `${port}: ${status === 'ok' ? [engine, version].join(' ').trim() : 'does not answer yet'}`;
  });
  const lines = [`  engines     ${told.join(', ')}`];
  return chosen.length === roles.length ? lines : [...lines, `  roles       ${chosen.join(', ')}`];
}
