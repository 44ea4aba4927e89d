import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { text } from 'node:stream/consumers';
import { environmentOf, main } from '../../integration/support/server-process.ts';

export interface CommandResult {
  readonly code: number | string;
  readonly out: string;
  readonly error: string;
}

export interface CommandOptions {
  readonly dataDir: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Standard input. */
  readonly input?: string;
  readonly compileCache?: string;
}

/** Starts one command line in a process of its own. */
export function startCommand(args: readonly string[], options: CommandOptions) {
  const child = spawn(process.execPath, [main, ...args], { cwd: tmpdir(), env: environmentOf(options) });
  child.stdin.end(options.input ?? '');
  const ended = Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)]);
  const result = ended.then(([[code, signal], out, error]): CommandResult => ({
    code: (code ?? signal) as number | string,
    out,
    error,
  }));
  return { child, result };
}

/** Runs one command line to its end. */
export function runCommand(args: readonly string[], options: CommandOptions): Promise<CommandResult> {
  return startCommand(args, options).result;
}
