import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { runHere } from '../../cli/support/run-here.ts';
import type { CommandResult } from '../../cli/support/annals.ts';

/** The data directory of a platform that has stopped, whose files somebody else can write. */
export interface Place {
  readonly dir: string;
  readonly dataDir: string;
  /** Runs a command line on it. */
  run(...args: readonly string[]): Promise<CommandResult>;
  /** Runs SQL on the log, past the platform. */
  edit(...statements: readonly string[]): void;
  /** A copy of it, of which the original knows nothing. */
  copy(): Place;
  remove(): void;
}

export function newPlace(env: Readonly<Record<string, string>> = {}): Place {
  const dir = mkdtempSync(join(tmpdir(), 'annals-sec23-'));
  const dataDir = join(dir, 'data');
  return {
    dir,
    dataDir,
    run: (...args) => runHere(args, { dataDir, env }),
    edit(...statements) {
      const db = new DatabaseSync(join(dataDir, 'events.sqlite'));
      for (const statement of statements) db.exec(statement);
      db.close();
    },
    copy() {
      const other = newPlace(env);
      cpSync(dataDir, other.dataDir, { recursive: true });
      return other;
    },
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}
