import { vi } from 'vitest';
import { runCli } from '../../../src/cli/program.ts';
import { environmentOf } from '../../integration/support/server-process.ts';
import type { CommandOptions, CommandResult } from './annals.ts';

/**
 * Runs a command line in this process: one of its own would take most of the time. `code` is the exit code that the
 * process would have. Not for commands that read standard input or go on until they are interrupted.
 */
export async function runHere(
  args: readonly string[],
  options: Pick<CommandOptions, 'dataDir' | 'env'>,
): Promise<CommandResult> {
  const said: Record<'out' | 'error', Buffer[]> = { out: [], error: [] };
  const keep = (stream: keyof typeof said, end: string) => (chunk: unknown) => {
    said[stream].push(chunk instanceof Uint8Array ? Buffer.from(chunk) : Buffer.from(`${String(chunk)}${end}`));
    return true;
  };
  const streams = [
    vi.spyOn(process.stdout, 'write').mockImplementation(keep('out', '')),
    vi.spyOn(process.stderr, 'write').mockImplementation(keep('error', '')),
    vi.spyOn(console, 'log').mockImplementation(keep('out', '\n')),
    vi.spyOn(console, 'error').mockImplementation(keep('error', '\n')),
  ];
  const own = process.env;
  process.env = environmentOf(options);
  try {
    const code = (await runCli(['node', 'annals', ...args])) ?? 'running';
    return { code, out: Buffer.concat(said.out).toString(), error: Buffer.concat(said.error).toString() };
  } finally {
    process.env = own;
    for (const stream of streams) stream.mockRestore();
  }
}
