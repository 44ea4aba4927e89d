import { pause } from '../../../src/infrastructure/event-bus/kafka/pause.ts';
import { startRelay } from '../../../src/infrastructure/event-bus/kafka.ts';
import type { RelayStatus } from '../../../src/infrastructure/event-bus/kafka.ts';
import { openSqliteEventReader } from '../../../src/infrastructure/event-store/sqlite-reader.ts';
import type { AllSlice, EventStore } from '../../../src/ports/event-store.ts';
import { asStored } from './as-stored.ts';
import { quiet } from './logger.ts';
import { publishUnelected } from './publish-unelected.ts';

/** A relay in a process of its own, told by its parent what to do, telling how it is whenever that changes. */
export interface ChildOptions {
  readonly prefix: string;
  readonly brokers: readonly string[];
  readonly partitions: number;
  readonly logPath: string;
  readonly sessionMs: number;
  /** Publishes at once, as if it had been elected, whoever else does. */
  readonly isUnelected: boolean;
}

const options = JSON.parse(process.argv[2] ?? '') as ChildOptions;
const reader = openSqliteEventReader({ path: options.logPath, decode: asStored });
const log: Pick<EventStore, 'readAll' | 'subscribe' | 'head'> = {
  readAll: (wanted) => reader.readAll(wanted),
  head: () => reader.head(),
  subscribe: ({ after, batchSize = 500, signal }) => poll(after, batchSize, signal),
};
const kafka = { brokers: options.brokers, clientId: 'annals-test' };
// Whoever started this process is gone.
process.on('disconnect', () => process.exit());

if (options.isUnelected) await publishUnelected({ kafka, prefix: options.prefix, log }, tell);
else await takePart();

async function takePart(): Promise<void> {
  const { prefix, partitions, sessionMs } = options;
  const topics = { partitions, replicationFactor: 1 };
  const relay = await startRelay({ kafka, prefix, topics, log, logger: quiet, sessionMs });
  let told = '';
  setInterval(() => {
    const status = relay.status();
    if (JSON.stringify(status) === told) return;
    told = JSON.stringify(status);
    tell(status);
  }, 10);
}

function tell(status: RelayStatus): void {
  process.send?.(status);
}

async function* poll(after: number, limit: number, signal: AbortSignal): AsyncGenerator<AllSlice> {
  for (let position = after; !signal.aborted;) {
    const slice = await reader.readAll({ after: position, limit });
    if (slice.position === position) await pause(5, signal);
    else yield slice;
    position = slice.position;
  }
}
