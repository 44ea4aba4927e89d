import { onEngine } from '../../support/engines.ts';
import { sqlContracts } from './sql-contracts.ts';

onEngine('mariadb', (url) => sqlContracts('MariaDB', url));
