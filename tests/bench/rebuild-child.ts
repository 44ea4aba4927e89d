import { readFileSync } from 'node:fs';
import { projections } from '../../src/projections/all.ts';
import { openReadSideIn } from './read-side-in.ts';
import { openSealedLogIn } from './sealed-log-in.ts';

/** What one run of rebuilding every model over a log came to. */
export interface RebuildFigures {
  readonly events: number;
  /** From asking for all rebuilds to the last switch. */
  readonly ms: number;
  /** Of the model that was slowest by itself. */
  readonly slowest: { readonly name: string; readonly eventsPerSecond: number };
  /** Peak resident memory of the process and its threads. */
  readonly peakMiB: number;
}

/**
 * Opens a directory as the product does, builds what is missing, then rebuilds every model beside the live ones; prints
 * the figures as JSON. A process of its own, so that its memory is its own.
 */
const [dir = ''] = process.argv.slice(2);
const store = openSealedLogIn(dir);
const side = await openReadSideIn(dir, store);
await side.ready;
const began = performance.now();
const asked = new Set(projections.map(({ name }) => name));
const ended = new Promise<void>((resolve, reject) => {
  side.control.onRebuildChange(({ projection, status, error }) => {
    if (status === 'failed') reject(new Error(`${projection}: ${error ?? ''}`));
    if (status === 'succeeded') asked.delete(projection);
    if (asked.size === 0) resolve();
  });
});
for (const { name } of projections) await side.control.rebuild(name, name);
await ended;
const ms = performance.now() - began;
const statuses = await Promise.all(projections.map(({ name }) => side.control.rebuildStatus(name, name)));
const [slowest] = statuses.sort((a, b) => a.eventsPerSecond - b.eventsPerSecond);
const peakKib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
const figures: RebuildFigures = {
  events: await store.head(),
  ms,
  slowest: { name: slowest?.projection ?? '', eventsPerSecond: slowest?.eventsPerSecond ?? 0 },
  peakMiB: Number(peakKib) / 1024,
};
console.log(JSON.stringify(figures));
await side.close();
await store.close();
