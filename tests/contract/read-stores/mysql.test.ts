import { onEngine } from '../../support/engines.ts';
import { sqlContracts } from './sql-contracts.ts';

onEngine('mysql', (url) => sqlContracts('MySQL', url));
