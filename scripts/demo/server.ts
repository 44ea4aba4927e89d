import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface DemoServer {
  readonly url: string;
  /** What it printed until it was ready. */
  readonly banner: string;
  stop(): Promise<void>;
}

const program = fileURLToPath(new URL('../../bin/annals.js', import.meta.url));

/** Starts the platform as its users do, on a free port. */
export async function startServer(dataDir: string, adminPassword: string): Promise<DemoServer> {
  const child = spawn(process.execPath, [program, 'serve'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      PORT: '0',
      ANNALS_DATA_DIR: dataDir,
      ANNALS_ADMIN_PASSWORD: adminPassword,
      ANNALS_LOG_LEVEL: 'error',
    },
  });
  const lines: string[] = [];
  let url: string | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    url ??= /address +(http\S+)/.exec(line)?.[1];
    if (line.includes('/api/docs')) break;
  }
  child.stdout.resume();
  if (url === undefined) throw new Error(`the platform did not start:\n${lines.join('\n')}`);
  return {
    url,
    banner: lines.join('\n'),
    async stop() {
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}
