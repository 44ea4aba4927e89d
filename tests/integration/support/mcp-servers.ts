import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../support/free-port.ts';

function programOf(name: string): string {
  return fileURLToPath(new URL(`../../../node_modules/@modelcontextprotocol/${name}/dist/index.js`, import.meta.url));
}

const misbehaving = fileURLToPath(new URL('../../fixtures/misbehaving-stdio.ts', import.meta.url));

/** How published servers, and the one that does what it should not, are started over stdio. */
export const stdio = {
  everything: { type: 'stdio', command: 'node', args: [programOf('server-everything'), 'stdio'] },
  filesystem: (dir: string) => ({ type: 'stdio', command: 'node', args: [programOf('server-filesystem'), dir] }),
  memory: (file: string) => ({
    type: 'stdio',
    command: 'node',
    args: [programOf('server-memory')],
    env: { MEMORY_FILE_PATH: file },
  }),
  misbehaving: (mode: string) => ({ type: 'stdio', command: 'node', args: [misbehaving, mode] }),
};

export interface RunningServer {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts server-everything as a web server. */
export async function startEverythingHttp(): Promise<RunningServer> {
  const port = await freePort();
  const child = spawn(process.execPath, [programOf('server-everything'), 'streamableHttp'], {
    env: { ...process.env, PORT: String(port) },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const said: string[] = [];
  for await (const line of createInterface({ input: child.stderr })) {
    said.push(line);
    if (line.includes('listening')) break;
  }
  child.stderr.resume();
  if (child.exitCode !== null) throw new Error(`server-everything did not start:\n${said.join('\n')}`);
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    async stop() {
      if (child.exitCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}
