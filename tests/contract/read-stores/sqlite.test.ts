import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteReadStores } from '../../../src/infrastructure/read-stores/sqlite.ts';
import { readStoresContract } from './suite.ts';

for (const checkpoints of ['inline', 'apart'] as const) {
  readStoresContract(`SQLite, checkpoints ${checkpoints}`, async () => {
    const dir = mkdtempSync(join(tmpdir(), 'annals-read-'));
    return {
      open: () => openSqliteReadStores({ dir: join(dir, 'read'), checkpoints }),
      remove: async () => rmSync(dir, { recursive: true }),
    };
  });
}
