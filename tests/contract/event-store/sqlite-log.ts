import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DecodeEventData, EventStore } from '../../../src/ports/event-store.ts';
import { openSqliteEventStore } from '../../../src/infrastructure/event-store/sqlite.ts';
import { decode } from './suite.ts';

export interface TemporaryLog {
  readonly dir: string;
  readonly path: string;
  /** Opens the log; it is closed again by `dispose`. */
  open(options?: { readonly decode?: DecodeEventData; readonly clock?: () => number }): EventStore;
  dispose(): Promise<void>;
}

/** A directory of its own for one test's event log. */
export function temporaryLog(): TemporaryLog {
  const dir = mkdtempSync(join(tmpdir(), 'annals-log-'));
  const path = join(dir, 'events.sqlite');
  const opened: EventStore[] = [];
  return {
    dir,
    path,
    open: (options = {}) => {
      const store = openSqliteEventStore({ path, decode, ...options });
      opened.push(store);
      return store;
    },
    dispose: async () => {
      for (const store of opened) await store.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
