/**
 * `npm run bench [-- name …]`: runs the named benchmarks, or all, and prints a table. A run of all writes it to
 * docs/benchmarks.md, with the machine it ran on.
 */
import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { version } from '../../src/app/version.ts';
import { benchAppend } from './event-append.ts';
import { benchLatency } from './latency.ts';
import { benchList } from './list.ts';
import { benchMemory } from './memory.ts';
import { benchRebuild } from './rebuild.ts';
import type { BenchRow } from './row.ts';
import { benchFeed } from './feed.ts';
import { benchSchemaCheck } from './schema-check.ts';
import { benchStart } from './start.ts';
import { benchSyncCall } from './sync-call.ts';
import { benchVersionDiff } from './version-diff.ts';

const benches: Readonly<Record<string, () => Promise<readonly BenchRow[]>>> = {
  'sync-call': benchSyncCall,
  append: benchAppend,
  rebuild: benchRebuild,
  list: benchList,
  latency: benchLatency,
  'version-diff': benchVersionDiff,
  'schema-check': benchSchemaCheck,
  feed: benchFeed,
  start: benchStart,
  memory: benchMemory,
};

const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !(name in benches));
if (unknown.length > 0) {
  console.error(`no such benchmark: ${unknown.join(', ')}; there are ${Object.keys(benches).join(', ')}`);
  process.exit(2);
}

const rows: BenchRow[] = [];
for (const [name, bench] of Object.entries(benches)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  console.error(`${name} …`);
  rows.push(...(await bench()));
}
const table = tableOf(rows);
console.log(table);
if (chosen.length === 0) writeFileSync(new URL('../../docs/benchmarks.md', import.meta.url), pageOf(table));
process.exit(0);

function tableOf(rows: readonly BenchRow[]): string {
  const lines = rows.map(({ what, value, floor, ratio, goal, met }) => {
    return `| ${what} | ${value} | ${floor} | ${ratio} | ${goal} | ${met ? 'yes' : '**no**'} |`;
  });
  return ['| what | measured | floor | ratio | goal | met |', '|---|---|---|---|---|---|', ...lines].join('\n');
}

function pageOf(table: string): string {
  const [cpu] = cpus();
  const machine = `${cpus().length} × ${cpu?.model.trim() ?? 'unknown CPU'}, ${Math.round(totalmem() / 1024 ** 3)} GiB, Node ${process.versions.node}, Linux`;
  return `# Benchmarks

Written by \`npm run bench\`, Annals ${version}, ${new Date().toISOString().slice(0, 10)}.
Machine: ${machine}. Shared and noisy: read the ratios, not the figures.

Each ratio compares with a floor that was measured in the same run. The floor of calls is
[\`tests/bench/floor-server.ts\`](../tests/bench/floor-server.ts): Express 5, \`express.json\`, an HS256 check, a durable row
before and after the upstream call, a keep-alive agent; no validation, no permissions, no read models. The measured server
and all its threads have one core, what drives it has the other.

${table}

What was found behind these figures is told in [decisions/performance.md](decisions/performance.md).
`;
}
