/**
 * `npm run bench [-- name …]`: runs the named benchmarks, or all that need no engine, and prints a table. A run of all
 * writes it to docs/benchmarks.md, with the machine it ran on; `engines` alone, to docs/benchmarks-engines.md.
 */
import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { version } from '../../src/app/version.ts';
import { benchAccess } from './access.ts';
import { benchEngines } from './engines.ts';
import { benchAppend } from './event-append.ts';
import { benchLatency } from './latency.ts';
import { benchLogins } from './logins.ts';
import { benchList } from './list.ts';
import { benchMemory } from './memory.ts';
import { benchRebuild } from './rebuild.ts';
import type { BenchRow } from './row.ts';
import { benchFeed } from './feed.ts';
import { benchSchemaCheck } from './schema-check.ts';
import { benchSealing } from './sealing.ts';
import { benchStart } from './start.ts';
import { benchSyncCall } from './sync-call.ts';
import { benchVersionDiff } from './version-diff.ts';

const embedded: Readonly<Record<string, () => Promise<readonly BenchRow[]>>> = {
  'sync-call': benchSyncCall,
  append: benchAppend,
  rebuild: benchRebuild,
  list: benchList,
  latency: benchLatency,
  'version-diff': benchVersionDiff,
  'schema-check': benchSchemaCheck,
  feed: benchFeed,
  access: benchAccess,
  logins: benchLogins,
  sealing: benchSealing,
  start: benchStart,
  memory: benchMemory,
};
const benches: typeof embedded = { ...embedded, engines: benchEngines };

const named = process.argv.slice(2);
const unknown = named.filter((name) => !(name in benches));
if (unknown.length > 0) {
  console.error(`no such benchmark: ${unknown.join(', ')}; there are ${Object.keys(benches).join(', ')}`);
  process.exit(2);
}

const chosen = named.length > 0 ? named : Object.keys(embedded);
const rows: BenchRow[] = [];
for (const [name, bench] of Object.entries(benches)) {
  if (!chosen.includes(name)) continue;
  console.error(`${name} …`);
  rows.push(...(await bench()));
}
const table = tableOf(rows);
console.log(table);
if (named.length === 0) write('benchmarks.md', pageOf(table));
if (named.length === 1 && named[0] === 'engines') write('benchmarks-engines.md', enginesPageOf(table));
process.exit(0);

function write(page: string, text: string): void {
  writeFileSync(new URL(`../../docs/${page}`, import.meta.url), text);
}

function tableOf(rows: readonly BenchRow[]): string {
  const lines = rows.map(({ what, value, floor, ratio, goal, met }) => {
    return `| ${what} | ${value} | ${floor} | ${ratio} | ${goal} | ${metOf(met)} |`;
  });
  return ['| what | measured | floor | ratio | goal | met |', '|---|---|---|---|---|---|', ...lines].join('\n');
}

function metOf(met: BenchRow['met']): string {
  if (met === 'skipped') return '–';
  return met ? 'yes' : '**no**';
}

/** When and where a page was measured. */
function origin(command: string): string {
  const [cpu] = cpus();
  const machine = `${cpus().length} × ${cpu?.model.trim() ?? 'unknown CPU'}, ${Math.round(totalmem() / 1024 ** 3)} GiB, Node ${process.versions.node}, Linux`;
  return `Written by \`${command}\`, Annals ${version}, ${new Date().toISOString().slice(0, 10)}.
Machine: ${machine}. Shared and noisy: read the ratios, not the figures.`;
}

function enginesPageOf(table: string): string {
  return `# Benchmarks on engines

${origin('npm run bench -- engines')}

The engines run on the same machine as what is measured, each where its \`ANNALS_TEST_…\` variable says. Catch-up: all
models of a store, live, take in a log that was written while they were away; the floor is what the store's own client
loads of the very same rows in bulk, with the same indexes, in lots of 1,000. Rebuild: from asking for it to the last switch,
beside live models. Down means that every connection to Kafka and the read stores is cut and every new one refused.

${table}

What was found behind these figures is told in [decisions/performance.md](decisions/performance.md).
`;
}

function pageOf(table: string): string {
  return `# Benchmarks

${origin('npm run bench')}

Each ratio compares with a floor that was measured in the same run. The floor of calls is
[\`tests/bench/floor-server.ts\`](../tests/bench/floor-server.ts): Express 5, \`express.json\`, an HS256 check, a durable row
before and after the upstream call, a keep-alive agent; no validation, no permissions, no read models. The measured server
and all its threads have one core, what drives it has the other.

${table}

What was found behind these figures is told in [decisions/performance.md](decisions/performance.md).
`;
}
