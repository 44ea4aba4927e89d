import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const schema = z.object({ url: z.string(), pid: z.int() });

/** Says in the data directory which server works on it, so that commands find it. @returns takes the word back */
export function announceServer(dataDir: string, url: string): () => void {
  const file = fileOf(dataDir);
  writeFileSync(`${file}.tmp`, `${JSON.stringify({ url, pid: process.pid })}\n`, { mode: 0o600 });
  renameSync(`${file}.tmp`, file);
  return () => rmSync(file, { force: true });
}

/** Address of the server that works on the data directory now; undefined when there is none. */
export function findServer(dataDir: string): string | undefined {
  let text: string;
  try {
    text = readFileSync(fileOf(dataDir), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  const { url, pid } = schema.parse(JSON.parse(text));
  return isAlive(pid) ? url : undefined;
}

function fileOf(dataDir: string): string {
  return join(dataDir, 'server.json');
}

/** A killed server leaves its word behind. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
