import { spawn } from 'node:child_process';
import { onTestFinished } from 'vitest';
import { referenceServer, until } from './support.ts';
import { freePort } from '../support/free-port.ts';

/** Starts server-everything on a free port; answers its URL when it listens. It ends with the test. */
export async function startEverythingOverHttp(mode: 'streamableHttp' | 'sse'): Promise<string> {
  const port = await freePort();
  const child = spawn(process.execPath, [referenceServer('everything'), mode], {
    env: { PATH: process.env['PATH'], PORT: String(port) },
    stdio: 'ignore',
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const url = `http://127.0.0.1:${port}/${mode === 'sse' ? 'sse' : 'mcp'}`;
  const listens = () =>
    fetch(`http://127.0.0.1:${port}/`).then(
      () => true,
      () => false,
    );
  await until(listens, `${mode} listens`);
  return url;
}
