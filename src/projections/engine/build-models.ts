import type { Position } from '../../ports/event-store.ts';
import type { ModelBuild } from '../../ports/read-stores.ts';
import type { AnyProjection } from '../projection.ts';
import { advance, fixedBatchSize, type ReadLog } from './advance.ts';
import { unhurried } from './pace.ts';
import { Projector } from './projector.ts';
import type { BuildTask, RebuildParts } from './rebuild-parts.ts';

/** Events in one transaction: enough to write each row and each index page once for many of its events. */
const BATCH = 2_500;

/** Told of each task by its place in the list. */
export interface BuildReport {
  progress(index: number, position: Position, events: number): void;
  done(index: number): void;
  failed(index: number, error: unknown): void;
}

/** A version that is being filled. */
interface Filling {
  readonly index: number;
  readonly task: BuildTask;
  readonly projection: AnyProjection;
  readonly projector: Projector;
  readonly build: ModelBuild;
}

/**
 * Fills versions of models from the log up to its end and leaves them closed, durable and ready to be opened. The log
 * is read once for all of them; one that fails, fails alone. Holds its thread while it works.
 */
export async function buildModels(
  parts: RebuildParts,
  tasks: readonly BuildTask[],
  report: BuildReport,
): Promise<void> {
  const begun: Filling[] = [];
  for (const [index, task] of tasks.entries()) {
    await attempt(report, index, async () => void begun.push(await begin(parts, task, index)));
  }
  const { filled, events } = await fillTogether(parts, begun, report);
  for (const filling of filled) {
    const { index, task, projection } = filling;
    await attempt(report, index, async () => {
      await filling.projector.record();
      await filling.build.finish();
      // That took a while: what the log has gained meanwhile is less work here than for the thread that serves.
      await catchUp(parts, projection, task, (position, more) => report.progress(index, position, events + more));
      report.done(index);
    });
  }
}

/** Brings a version that is there up to the end of the log, and leaves it closed. */
export async function catchUp(
  { log, stores }: RebuildParts,
  projection: AnyProjection,
  { version, onPoison }: Pick<BuildTask, 'version' | 'onPoison'>,
  onProgress: (position: Position, events: number) => void,
): Promise<void> {
  const read = counted(readFor({ log }, [projection]));
  const { store } = await stores.open(projection, version);
  try {
    const projector = await Projector.open({ projection, store, onPoison, clock: Date.now });
    await advance(projector, read, {
      pace: unhurried,
      batch: fixedBatchSize(BATCH),
      until: () => {
        onProgress(projector.position, read.events());
        return false;
      },
    });
    await projector.record();
    onProgress(projector.position, read.events());
  } finally {
    await store.close();
  }
}

export function projectionOf({ projections }: RebuildParts, { projection: name }: BuildTask): AnyProjection {
  const projection = projections.find((each) => each.name === name);
  if (projection === undefined) throw new Error(`there is no projection ${name}`);
  return projection;
}

async function begin(parts: RebuildParts, task: BuildTask, index: number): Promise<Filling> {
  const projection = projectionOf(parts, task);
  const build = await parts.stores.build(projection, task.version);
  const projector = await Projector.open({
    projection,
    store: build.store,
    onPoison: task.onPoison,
    clock: Date.now,
  });
  return { index, task, projection, projector, build };
}

/** Answers those that have taken in the whole log, and how many events that was. */
async function fillTogether(
  parts: RebuildParts,
  begun: readonly Filling[],
  report: BuildReport,
): Promise<{ readonly filled: readonly Filling[]; readonly events: number }> {
  let filling = begun;
  let after: Position = 0;
  const read = counted(
    readFor(
      parts,
      begun.map(({ projection }) => projection),
    ),
  );
  for (const { index } of filling) report.progress(index, after, 0);
  while (filling.length > 0) {
    const slice = await read(after, BATCH);
    after = slice.position;
    const good: Filling[] = [];
    for (const each of filling) {
      const taken = await attempt(report, each.index, async () => {
        await each.projector.take(slice);
        if (each.projector.position !== after) throw new Error(`somebody else writes to ${each.projection.name}`);
        report.progress(each.index, after, read.events());
      });
      if (taken) good.push(each);
      else await each.build.store.close();
    }
    filling = good;
    if (slice.end) break;
  }
  return { filled: filling, events: read.events() };
}

function counted(read: ReadLog): ReadLog & { readonly events: () => number } {
  let events = 0;
  const counting: ReadLog = async (after, limit) => {
    const slice = await read(after, limit);
    events += slice.events.length;
    return slice;
  };
  return Object.assign(counting, { events: () => events });
}

/** Reads the events that any of the projections reads. */
function readFor({ log }: Pick<RebuildParts, 'log'>, projections: readonly AnyProjection[]): ReadLog {
  const all = projections.some(({ types }) => types === undefined);
  const types = [...new Set(projections.flatMap((projection) => projection.types ?? []))];
  return (after, limit) => log.readAll({ after, limit, ...(!all && { filter: { types } }) });
}

/** Whether the work was done; what it threw is reported. */
async function attempt(report: BuildReport, index: number, work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    report.failed(index, error);
    return false;
  }
}
