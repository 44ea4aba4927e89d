import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { test } from 'vitest';
import { until } from '../../http/support/until.ts';
import { isAlive } from '../../integration/support/processes.ts';
import type { EngineName } from '../../support/engine-table.ts';
import { onEngines } from '../../support/engines.ts';
import { isListenedOn, processesListeningOn } from './listening-processes.ts';
import type { Stoppable } from './stoppable.ts';

/** Engines that the script starts, and what it calls them. EventStoreDB is not among them. */
const scriptNames = {
  mariadb: 'mariadb',
  mysql: 'mysql8',
  mongodb: 'mongo',
  elasticsearch: 'elasticsearch',
  redis: 'redis',
  kafka: 'kafka',
} as const satisfies Partial<Record<EngineName, string>>;

export type ScriptedEngine = keyof typeof scriptNames;

export interface StoppableEngine extends Stoppable {
  /** What the engine's variable says. */
  readonly url: string;
}

const run = promisify(execFile);

/**
 * Registers tests that stop engines, where ANNALS_TEST_ENGINES_SCRIPT names a script that does (`SCRIPT
 * stop-one|start-one DIR NAME`, with ANNALS_TEST_ENGINES_DIR as DIR): nobody's engines are stopped unasked. Elsewhere one skipped test says
 * so.
 */
export function onStoppableEngines<const Name extends ScriptedEngine>(
  names: readonly Name[],
  body: (engines: Readonly<Record<Name, StoppableEngine>>) => void,
): void {
  const { ANNALS_TEST_ENGINES_SCRIPT: script, ANNALS_TEST_ENGINES_DIR: dir } = process.env;
  if (!script || !dir) {
    test.skip('skipped: no script that stops engines (ANNALS_TEST_ENGINES_SCRIPT names none)', () => undefined);
    return;
  }
  onEngines<Name>(names, (urls) => {
    const engines = names.map((name) => [name, stoppable(script, dir, name, urls[name])]);
    body(Object.fromEntries(engines) as Record<Name, StoppableEngine>);
  });
}

function stoppable(script: string, dir: string, name: ScriptedEngine, url: string): StoppableEngine {
  const port = portOf(url);
  const verb = async (asked: string): Promise<void> => {
    await run('bash', [script, asked, dir, scriptNames[name]]);
  };
  const send = (signal: NodeJS.Signals): readonly number[] => {
    const pids = processesListeningOn(port);
    for (const pid of pids) process.kill(pid, signal);
    return pids;
  };
  let silent: readonly number[] = [];
  return {
    url,
    stop: () => verb('stop-one'),
    start: () => verb('start-one'),
    async kill() {
      const pids = send('SIGKILL');
      silent = [];
      await until(() => !pids.some(isAlive) && !isListenedOn(port), `${name} is gone`);
    },
    silence() {
      silent = send('SIGSTOP');
    },
    goOn() {
      for (const pid of silent) process.kill(pid, 'SIGCONT');
      silent = [];
    },
  };
}

/** Of a URL, or of the first of several brokers. */
function portOf(address: string): number {
  const [first = ''] = address.split(',');
  return Number(new URL(first.includes('://') ? first : `tcp://${first}`).port);
}
