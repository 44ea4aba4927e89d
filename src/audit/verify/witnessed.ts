import type { Witness } from '../../ports/audit-record.ts';
import type { FirstBad } from '../../ports/audit-seal.ts';
import { parseCheckpoint } from '../checkpoint.ts';

/** What an outside witness says of the checkpoints of a record. */
export interface WitnessFinding {
  /** Checkpoints that the witness has and the record has the same. */
  readonly same: number;
  readonly bad: FirstBad | undefined;
}

/** Compares checkpoints, in order, with those that somebody else has kept. */
export async function compareWithWitness(witness: Pick<Required<Witness>, 'last' | 'read'>): Promise<{
  take(checkpoints: readonly string[]): Promise<WitnessFinding>;
  /** There are no more. */
  end(): WitnessFinding;
}> {
  const last = await witness.last();
  const lastKept = last === 0 ? undefined : checkpointOf((await witness.read(last)) ?? '');
  let same = 0;
  let reached = 0;
  let position = 0;
  let bad: FirstBad | undefined;
  return {
    async take(checkpoints) {
      for (const signed of checkpoints) {
        const found = checkpointOf(signed);
        if (bad !== undefined || found === undefined) continue;
        reached = found.sequence;
        const kept = await witness.read(found.sequence);
        if (kept === signed) same++;
        else if (kept !== undefined) {
          const detail = `checkpoint ${found.sequence} is another than the witness has`;
          bad = { position: position + 1, through: found.position, fault: 'checkpoint', detail };
        }
        position = found.position;
      }
      return { same, bad };
    },
    end() {
      if (bad === undefined && last > reached) {
        const detail = `the record ends at checkpoint ${reached}; the witness has ${last}, up to position ${lastKept?.position ?? 'unknown'}`;
        bad = { position: position + 1, fault: 'truncated', detail };
      }
      return { same, bad };
    },
  };
}

function checkpointOf(signed: string) {
  return parseCheckpoint(signed.slice(0, signed.indexOf('\n\n') + 1));
}
