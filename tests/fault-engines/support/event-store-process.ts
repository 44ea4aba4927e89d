import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Stoppable } from './stoppable.ts';

const program = fileURLToPath(new URL('../../support/esdb-stand-in/main.ts', import.meta.url));

/** A stand-in for EventStoreDB (not the server) in a process of its own, which keeps its log in a file. */
export interface EventStoreProcess extends Stoppable {
  readonly url: string;
}

/** @param file keeps the log, so that a process that takes the place of one that is gone has it all */
export async function startEventStore(file: string): Promise<EventStoreProcess> {
  const first = await launch(file, '0');
  const { url } = first;
  const { port } = new URL(url);
  let child: ChildProcess | undefined = first.child;

  async function end(signal: NodeJS.Signals): Promise<void> {
    const ending = child;
    child = undefined;
    if (ending === undefined) return;
    const exited = once(ending, 'exit');
    ending.kill(signal);
    await exited;
  }

  return {
    url,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    async start() {
      child ??= (await launch(file, port)).child;
    },
    silence: () => void child?.kill('SIGSTOP'),
    goOn: () => void child?.kill('SIGCONT'),
  };
}

async function launch(file: string, port: string): Promise<{ readonly child: ChildProcess; readonly url: string }> {
  const child = spawn(process.execPath, [program, '--port', port, '--file', file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const url = / at (esdb:\S+)/.exec(line)?.[1];
    if (url !== undefined) return { child, url };
  }
  throw new Error('the stand-in for EventStoreDB did not start');
}
