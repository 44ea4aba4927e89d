import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projections } from '../../src/projections/all.ts';
import type { ProjectingFigures } from './projecting-child.ts';
import type { RebuildFigures } from './rebuild-child.ts';
import { figure, type BenchRow } from './row.ts';
import { seedLog } from './seed.ts';

const run = promisify(execFile);

const EVENTS = 300_000;
const SMALL = 10_000;
const LARGE = 1_000_000;

/** Goal for one event and all models together, in microseconds of processor time: what is left of a call's budget. */
const MICROS_PER_EVENT = 25;

/**
 * Rebuilding every read model over logs of three lengths, beside live ones, and following a log live. Goals are
 * absolute, so there is no floor; the growth compares the two ends.
 */
export async function benchRebuild({ large = LARGE }: { readonly large?: number } = {}): Promise<BenchRow[]> {
  const usual = await rebuildOver(EVENTS);
  const small = await rebuildOver(SMALL);
  const largest = await rebuildOver(large);
  const live = JSON.parse(await output('projecting-child.ts')) as ProjectingFigures;
  const together = usual.events / (usual.ms / 1000);
  const growth = largest.ms / largest.events / (usual.ms / usual.events);
  return [
    {
      what: `rebuild of all ${projections.length} read models, ${figure(usual.events)} events: events/s for each`,
      value: `${figure(together)} all at once; ${figure(usual.slowest.eventsPerSecond)} ${usual.slowest.name}, the slowest, itself`,
      floor: '–',
      ratio: '–',
      goal: '≥ 33,000',
      met: together >= 33_000,
    },
    {
      what: `the same: peak memory of the process`,
      value: `${figure(usual.peakMiB)} MiB (${figure(largest.peakMiB)} over ${figure(largest.events)})`,
      floor: '–',
      ratio: '–',
      goal: '≤ 400 MiB',
      met: usual.peakMiB <= 400 && largest.peakMiB <= 400,
    },
    {
      what: `the same: time from ${figure(small.events)} to ${figure(largest.events)} events`,
      value: `${figure(small.ms / 1000)} s, ${figure(usual.ms / 1000)} s, ${figure(largest.ms / 1000)} s`,
      floor: '–',
      ratio: `${figure(growth)} × per event, ${figure(largest.events)} against ${figure(usual.events)}`,
      goal: 'linear: ≤ 1.3 ×',
      met: growth <= 1.3,
    },
    {
      what: `projecting live into ${projections.length} read models: processor time for each event`,
      value: `${figure(live.microsPerEvent)} µs; the thread held for ${figure(live.longestMs)} ms at most, commits included`,
      floor: '–',
      ratio: '–',
      goal: `≤ ${MICROS_PER_EVENT} µs`,
      met: live.microsPerEvent <= MICROS_PER_EVENT,
    },
    {
      what: 'a caller waiting to read its own write, median',
      value: `${figure(live.waitMs)} ms`,
      floor: '–',
      ratio: '–',
      goal: '< 1 ms',
      met: live.waitMs < 1,
    },
  ];
}

async function rebuildOver(events: number): Promise<RebuildFigures> {
  const dir = mkdtempSync(join(tmpdir(), 'annals-bench-'));
  try {
    await seedLog(dir, events);
    return JSON.parse(await output('rebuild-child.ts', dir)) as RebuildFigures;
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** What a program of this folder prints, in a process of its own. */
async function output(program: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await run(process.execPath, [join(import.meta.dirname, program), ...args]);
  return stdout;
}
