import { v7 as uuidv7 } from 'uuid';
import { authorize, type Asker } from '../../src/domain/access/authorize.ts';
import type { Resource } from '../../src/domain/access/resource.ts';
import { benchCredentials } from './credentials.ts';
import { fastestOf } from './fastest-of.ts';
import { figure, type BenchRow } from './row.ts';

const runs = 10;
const decisions = 20_000;
const rules = 1_000;

/** What it costs to know who asks, and to decide whether he may. */
export async function benchAccess(): Promise<readonly BenchRow[]> {
  return [benchAuthorize(), ...(await benchCredentials())];
}

/** Rules of every shape, and calls that some allow and some do not: no two of them in a row are the same. */
function benchAuthorize(): BenchRow {
  const permissions = Array.from({ length: rules }, (_, n) => {
    const shapes = [`mcp:team-${n}:call`, `mcp:team-${n}-*:call:create_*`, `mcp:shared-*:call:tool_${n}_*`];
    return n % 50 === 0 ? `mcp:*-${n}:call` : (shapes[n % shapes.length] ?? '');
  });
  const asker: Asker = { actor: 'user:u1', roles: [], permissions };
  const calls = Array.from({ length: decisions }, (_, n): Resource => {
    const name = n % 2 === 0 ? `team-${n % rules}-a` : `shared-${n}`;
    return {
      kind: 'tool',
      mcp: { id: uuidv7(), name, owner: null },
      tool: n % 3 === 0 ? 'create_issue' : `tool_${n % rules}_x`,
    };
  });
  const names = new Set(permissions);
  let found = 0;
  const floor = fastestOf(runs, () => {
    for (const call of calls) if (call.kind === 'tool' && names.has(`mcp:${call.mcp.name}:call:${call.tool}`)) found++;
  });
  const time = fastestOf(runs, () => {
    for (const call of calls) if (authorize(asker, 'mcp:call', call).allowed) found++;
  });
  if (found === 0) throw new Error('some of the calls were to be allowed');
  const each = (time / decisions) * 1000;
  return {
    what: `a decision with ${figure(rules)} rules`,
    value: `${figure(each)} µs`,
    floor: `${figure((floor / decisions) * 1000)} µs to look up one text among as many`,
    ratio: `${figure(each)} µs`,
    goal: '≤ 5 µs',
    met: each <= 5,
  };
}
