import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { healthCheck } from '../../scripts/compose-file.ts';

async function exitCodeOn(port: number): Promise<unknown> {
  const child = spawn(process.execPath, [...healthCheck()], { env: { PORT: String(port) }, stdio: 'ignore' });
  const [code] = (await once(child, 'exit')) as unknown[];
  return code;
}

describe('the health check of the image', () => {
  it('tells a ready server from one that is not ready, and from none', async () => {
    let status = 200;
    const asked: unknown[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url);
      response.writeHead(status).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    expect(await exitCodeOn(port)).toBe(0);
    status = 503;
    expect(await exitCodeOn(port)).toBe(1);
    server.close();
    await once(server, 'close');
    expect(await exitCodeOn(port)).toBe(1);
    expect(asked).toEqual(['/health/ready', '/health/ready']);
  });
});
