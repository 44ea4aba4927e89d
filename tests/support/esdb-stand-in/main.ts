import { parseArgs } from 'node:util';
import { startStandIn } from './stand-in.ts';

/** Runs the stand-in as a process of its own: `node tests/support/esdb-stand-in/main.ts --port 2113 --file log.jsonl`. */
const { values } = parseArgs({
  options: { port: { type: 'string' }, version: { type: 'string' }, file: { type: 'string' } },
});
const standIn = await startStandIn({
  port: Number(values.port ?? 2113),
  ...(values.version === undefined ? {} : { version: values.version }),
  ...(values.file === undefined ? {} : { file: values.file }),
});
console.log(`a stand-in for EventStoreDB (not the server) at ${standIn.url}`);
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void standIn.stop());
