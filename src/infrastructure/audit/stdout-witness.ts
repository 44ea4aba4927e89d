import type { Witness } from '../../ports/audit-record.ts';

/** A JSON line on standard output for each checkpoint: for whoever collects the output. It cannot be asked. */
export function openStdoutWitness(write: (line: string) => unknown = (line) => process.stdout.write(line)): Witness {
  return {
    async write(sequence, checkpoint) {
      write(`${JSON.stringify({ audit: 'checkpoint', sequence, checkpoint })}\n`);
      return 'written';
    },
  };
}
