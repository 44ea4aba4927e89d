/**
 * The import rules of the architecture: for each folder of src, the folders that it may import. A folder may always
 * import itself. Where only the domain's types are free, values may still come from its vocabulary: plain names, the
 * error that the edges translate, and the one function by which every way in decides who may do what.
 */
const may = {
  domain: { folders: [], domain: 'all' },
  ports: { folders: [], domain: 'types' },
  commands: { folders: ['ports'], domain: 'all' },
  audit: { folders: ['ports'], domain: 'types' },
  projections: { folders: ['ports'], domain: 'types' },
  queries: { folders: ['ports', 'projections'], domain: 'all' },
  reactors: { folders: ['commands', 'queries', 'ports', 'mcp'], domain: 'all' },
  mcp: { folders: ['commands', 'queries', 'ports'], domain: 'types' },
  http: { folders: ['commands', 'queries', 'ports'], domain: 'types' },
  infrastructure: { folders: ['ports'], domain: 'types' },
};

const vocabulary =
  '^src/domain/(error|event)\\.ts$|^src/domain/access/(authorize|effective|principal|resource|roles)\\.ts$';

/** The composition root, which may import everything: it alone picks the adapters. */
const root = '^src/(main\\.ts$|app/|cli/)';
const config = '^src/config(\\.ts$|/)';

const layers = Object.keys(may);

const layerRules = layers.map((layer) => ({
  name: `${layer}-imports`,
  comment: `src/${layer} may import: ${[...may[layer].folders, 'domain'].filter((name) => name !== layer).join(', ') || 'nothing else'}`,
  severity: 'error',
  from: { path: `^src/${layer}/` },
  to: { path: '^(src|tests|scripts|bin)/', pathNot: `^src/(${[layer, 'domain', ...may[layer].folders].join('|')})/` },
}));

const domainTypeRules = layers
  .filter((layer) => may[layer].domain === 'types')
  .map((layer) => ({
    name: `${layer}-domain-types-only`,
    comment: `src/${layer} knows the domain's types (import type) and its vocabulary, not its rules`,
    severity: 'error',
    from: { path: `^src/${layer}/` },
    to: { path: '^src/domain/', pathNot: vocabulary, dependencyTypesNot: ['type-only'] },
  }));

/** A library whose use is one folder's business. `modules` and `folders` are alternatives of a regular expression. */
const only = (name, folders, modules) => ({
  name,
  comment: `only ${folders} (and the composition root) use ${modules}`,
  severity: 'error',
  from: { path: '^src/', pathNot: [root, `^src/(${folders})/`] },
  to: { path: `(^|node_modules/)(@types/)?(${modules})($|/)` },
});

export default {
  forbidden: [
    ...layerRules,
    ...domainTypeRules,
    {
      name: 'domain-is-pure',
      comment: 'the domain imports no module of Node and no package',
      severity: 'error',
      from: { path: '^src/domain/' },
      to: { pathNot: '^src/' },
    },
    {
      name: 'ports-are-plain',
      comment: 'a port names the types of others at most; it runs nothing of theirs',
      severity: 'error',
      from: { path: '^src/ports/' },
      to: { pathNot: '^src/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'config-stands-alone',
      comment: 'settings are read before anything is there to be configured',
      severity: 'error',
      from: { path: config },
      to: { path: '^(src|tests|scripts|bin)/', pathNot: config },
    },
    {
      name: 'known-folders-only',
      comment: 'a new folder of src needs a row in this table first',
      severity: 'error',
      from: { path: '^src/', pathNot: [root, config, `^src/(${layers.join('|')})/`] },
      to: {},
    },
    only('sql-stays-in-its-adapters', 'infrastructure', 'node:sqlite|sqlite'),
    only(
      'engine-clients-stay-in-their-adapters',
      'infrastructure',
      'mysql2|mongodb|ioredis|kafkajs|@elastic|@eventstore',
    ),
    only('web-server-stays-at-the-edge', 'http|mcp', 'express|helmet|passport|passport-jwt|ws|swagger-ui-dist|redoc'),
    only('logs-go-through-the-port', 'infrastructure', 'pino|pino-pretty'),
    only('mcp-libraries-stay-in-mcp', 'mcp', '@modelcontextprotocol'),
    only('command-line-stays-in-cli', 'cli', 'commander'),
    {
      name: 'nobody-imports-tests',
      severity: 'error',
      from: { pathNot: '^tests/' },
      to: { path: '^tests/' },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-dead-files',
      comment: 'not reached from the composition root; a worker thread is started by its address and stands as a root',
      severity: 'error',
      from: { path: '^src/main\\.ts$|[./-]worker\\.ts$' },
      to: { path: '^src/', pathNot: '^src/main\\.ts$|[./-]worker\\.ts$', reachable: false },
    },
    {
      name: 'resolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'development-packages-stay-out',
      comment: 'what is installed for development only is missing in production',
      severity: 'error',
      from: { path: '^(src|bin)/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    combinedDependencies: true,
    enhancedResolveOptions: {
      extensions: ['.ts', '.js'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
