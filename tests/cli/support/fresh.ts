import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand, type CommandResult } from './annals.ts';
import { runHere } from './run-here.ts';

/** A directory for the files of one test, with a data directory that does not exist yet. */
export interface Fresh {
  readonly dir: string;
  readonly dataDir: string;
  readonly compileCache: string;
  /** Runs a command line in this process. */
  run(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<CommandResult>;
  /** Runs it in a process of its own. */
  spawn(
    args: readonly string[],
    options?: { env?: Readonly<Record<string, string>>; input?: string },
  ): Promise<CommandResult>;
  remove(): void;
}

export function fresh(): Fresh {
  const dir = mkdtempSync(join(tmpdir(), 'annals-cli-'));
  const [dataDir, compileCache] = [join(dir, 'data'), join(dir, 'compiled')];
  return {
    dir,
    dataDir,
    compileCache,
    run: (args, env = {}) => runHere(args, { dataDir, env }),
    spawn: (args, options = {}) => runCommand(args, { dataDir, compileCache, ...options }),
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}
