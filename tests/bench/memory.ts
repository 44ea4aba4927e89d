import { startFastServer } from '../fixtures/fast-http-server.ts';
import { heapInspector } from './live-heap.ts';
import { httpRequest, load } from './load.ts';
import { pinSelf } from './pinned.ts';
import { residentMiB } from './process-memory.ts';
import { caughtUp, registerUpstream, startProduct } from './product.ts';
import { figure, type BenchRow } from './row.ts';

const rounds = 20;
const callsPerRound = 10_000;
/** Rounds after which everything is collected: while the caches are full already, and at the end. */
const early = [6, 8, 10];
const late = [16, 18, 20];

/**
 * Memory over 200,000 calls, each figure after a full collection. Between collections the heap is a saw-tooth, and the
 * highest tooth so far stays resident: one figure would say when the collector ran last.
 */
export async function benchMemory(): Promise<readonly BenchRow[]> {
  pinSelf(1);
  const upstream = await startFastServer();
  const heap = await heapInspector();
  const product = await startProduct({ nodeArgs: heap.nodeArgs });
  try {
    const mcpId = await registerUpstream(product, upstream.url);
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${product.token}` };
    const request = (n: number) => {
      const body = { mcpId, tool: 'echo', arguments: { message: `hello ${n}` } };
      return httpRequest('POST', '/api/v1/executions', headers, JSON.stringify(body));
    };
    const collected = new Map<number, Memory>();
    let highest = 0;
    for (let round = 1; round <= rounds; round++) {
      await load({ port: product.port, connections: 32, warmup: 0, calls: callsPerRound, request });
      await caughtUp(product);
      highest = Math.max(highest, residentMiB(product.pid));
      if (!early.includes(round) && !late.includes(round)) continue;
      const live = await heap.liveMiB();
      collected.set(round, { live, resident: residentMiB(product.pid) });
    }
    const over = `over ${figure(rounds * callsPerRound)} calls, after full collections`;
    const row = (what: string, most: number, measure: (memory: Memory) => number, note = ''): BenchRow => {
      const before = medianOf(early, collected, measure);
      const after = medianOf(late, collected, measure);
      const growth = after / before;
      return {
        what: `${what} ${over}`,
        value: `${figure(after)} MiB, ${range(late)}${note}`,
        floor: `${figure(before)} MiB, ${range(early)}`,
        ratio: figure(growth),
        goal: `flat: ≤ ${most}`,
        met: growth <= most,
      };
    };
    return [
      row('resident memory', 1.15, ({ resident }) => resident, `; ${figure(highest)} at most between`),
      row('live heap', 1.1, ({ live }) => live),
    ];
  } finally {
    await product.stop();
    await upstream.close();
  }
}

interface Memory {
  /** MiB. */
  readonly live: number;
  readonly resident: number;
}

function medianOf(
  when: readonly number[],
  collected: ReadonlyMap<number, Memory>,
  measure: (memory: Memory) => number,
): number {
  const values = when.map((round) => {
    const memory = collected.get(round);
    if (memory === undefined) throw new Error(`nothing was measured after round ${round}`);
    return measure(memory);
  });
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

/** The calls between the first and the last of these rounds. */
function range(when: readonly number[]): string {
  return `${figure(Math.min(...when) * callsPerRound)} – ${figure(Math.max(...when) * callsPerRound)}`;
}
