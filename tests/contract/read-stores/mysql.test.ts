import { onEngine } from '../../support/engines.ts';
import { makeDatabase } from './sql-database.ts';
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
});
