import { onEngine } from '../../support/engines.ts';
import { elasticsearchPlace } from './elasticsearch-place.ts';
import { readStoresContract } from './suite.ts';

onEngine('elasticsearch', (url) => {
  readStoresContract('Elasticsearch', async () => elasticsearchPlace(url), ['search']);
});
