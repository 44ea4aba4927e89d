import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand, type CommandResult } from './annals.ts';

/** A directory for the files of one test, with a data directory that does not exist yet. */
export interface Fresh {
  readonly dir: string;
  readonly dataDir: string;
  readonly compileCache: string;
  run(
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
    run: (args, options = {}) => runCommand(args, { dataDir, compileCache, ...options }),
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}
