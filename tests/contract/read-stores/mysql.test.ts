import { onEngine } from '../../support/engines.ts';
import { makeDatabase } from './sql-database.ts';
import { sqlMigrationsContract } from './sql-migrations.ts';
import { sqlOutagesContract } from './sql-outages.ts';
import { sqlRowsContract } from './sql-rows.ts';
import { sqlVersionsContract } from './sql-versions.ts';
import { readStoresContract } from './suite.ts';

onEngine('mysql', (url) => {
  readStoresContract(
    'MySQL',
    async () => {
      const database = await makeDatabase(url);
      return { open: () => database.open({ prefix: 'annals-' }), remove: () => database.remove() };
    },
    ['relational'],
  );
  sqlMigrationsContract(url);
  sqlVersionsContract(url);
  sqlRowsContract(url);
  sqlOutagesContract(url);
});
