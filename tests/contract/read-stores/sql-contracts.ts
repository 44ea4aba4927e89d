import { makeDatabase } from './sql-database.ts';
import { sqlMigrationsContract } from './sql-migrations.ts';
import { sqlOutagesContract } from './sql-outages.ts';
import { sqlRowsContract } from './sql-rows.ts';
import { sqlVersionsContract } from './sql-versions.ts';
import { readStoresContract } from './suite.ts';

/** Everything that relational read models ask of a server. */
export function sqlContracts(title: string, url: string): void {
  readStoresContract(title, async () => {
    const database = await makeDatabase(url);
    return { open: () => database.open({ prefix: 'annals-' }), remove: () => database.remove() };
  }, ['relational']);
  sqlMigrationsContract(url);
  sqlVersionsContract(url);
  sqlRowsContract(url);
  sqlOutagesContract(url);
}
