import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { RelayStatus } from '../../../src/infrastructure/event-bus/kafka.ts';
import { PARTITIONS } from './installation.ts';
import type { Installation } from './installation.ts';
import type { ChildOptions } from './relay-child.ts';

/** A relay in a process of its own. */
export interface RelayProcess {
  /** What it last told. */
  status(): RelayStatus;
  /** Ends it without a chance to do anything more. */
  kill(): Promise<void>;
  stop(): void;
  goOn(): void;
}

const nobody: RelayStatus = { isHolder: false, position: undefined, published: 0 };

export function startRelayProcess(
  { prefix, kafka, logPath }: Installation,
  { sessionMs = 1_500, isUnelected = false }: { readonly sessionMs?: number; readonly isUnelected?: boolean } = {},
): RelayProcess {
  const { brokers } = kafka;
  const options: ChildOptions = { prefix, brokers, partitions: PARTITIONS, logPath, sessionMs, isUnelected };
  const path = fileURLToPath(new URL('relay-child.ts', import.meta.url));
  const child = fork(path, [JSON.stringify(options)], { execArgv: ['--disable-warning=TimeoutNegativeWarning'] });
  let status = nobody;
  child.on('message', (message) => {
    status = message as RelayStatus;
  });
  return {
    status: () => status,
    async kill() {
      status = nobody;
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
    stop: () => void child.kill('SIGSTOP'),
    goOn: () => void child.kill('SIGCONT'),
  };
}
