import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteReadStores } from '../../../src/infrastructure/read-stores/sqlite.ts';
import { readStoresContract } from './suite.ts';

readStoresContract('SQLite', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'annals-read-'));
  return {
    open: () => openSqliteReadStores({ dir: join(dir, 'read') }),
    remove: async () => rmSync(dir, { recursive: true }),
  };
});
