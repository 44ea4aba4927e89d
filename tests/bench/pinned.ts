import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';

export interface Pinned {
  readonly child: ChildProcess;
  /** The first line of standard output that matched. */
  readonly ready: RegExpExecArray;
  stop(): Promise<void>;
}

/**
 * Starts a node program on one core and waits for the line that says it is ready. The measured server has core 0, what
 * drives it the other: so the figure is what one core can do, whatever the number of threads.
 */
export async function startPinned(
  core: number,
  args: readonly string[],
  ready: RegExp,
  env: Readonly<Record<string, string>> = {},
): Promise<Pinned> {
  const cores = availableParallelism();
  const child = spawn('taskset', ['-c', String(core % cores), process.execPath, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
  const lines = createInterface({ input: child.stdout });
  const match = await new Promise<RegExpExecArray>((resolve, reject) => {
    lines.on('line', (line) => {
      const found = ready.exec(line);
      if (found) resolve(found);
    });
    child.once('exit', (code) => reject(new Error(`${args[0] ?? ''} ended with ${code} before it was ready`)));
  });
  return {
    child,
    ready: match,
    async stop() {
      if (child.exitCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

/** Keeps this process on a core of its own, away from what it measures. */
export function pinSelf(core: number): void {
  spawn('taskset', ['-cp', String(core % availableParallelism()), String(process.pid)], { stdio: 'ignore' });
}
