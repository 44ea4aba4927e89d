import { vi } from 'vitest';
import { runCli } from '../../../src/cli/program.ts';
import type { CommandResult } from './annals.ts';

/**
 * Runs a command line in this process, for those that start no server: a process of its own would cost most of the time.
 * `code` is the exit code that the process would have.
 */
export async function runHere(args: readonly string[]): Promise<CommandResult> {
  const said = { out: '', error: '' };
  const keep = (stream: keyof typeof said, end: string) => (text: unknown) => {
    said[stream] += `${String(text)}${end}`;
    return true;
  };
  const streams = [
    vi.spyOn(process.stdout, 'write').mockImplementation(keep('out', '')),
    vi.spyOn(process.stderr, 'write').mockImplementation(keep('error', '')),
    vi.spyOn(console, 'log').mockImplementation(keep('out', '\n')),
    vi.spyOn(console, 'error').mockImplementation(keep('error', '\n')),
  ];
  try {
    return { code: (await runCli(['node', 'annals', ...args])) ?? 'running', ...said };
  } finally {
    for (const stream of streams) stream.mockRestore();
  }
}
