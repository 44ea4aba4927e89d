import { HASH_BYTES, sha256 } from './hashes.ts';

/** What the platform states about its log at one moment. */
export interface Checkpoint {
  /** Which log: `annals/` and the beginning of the hash of its first event. */
  readonly origin: string;
  /** Events sealed. */
  readonly size: number;
  /** Root of the Merkle tree over them. */
  readonly root: Uint8Array;
  /** From 1, one more each time. */
  readonly sequence: number;
  /** Position of the last event sealed. */
  readonly position: number;
  /** The chain over all entries. */
  readonly chain: Uint8Array;
  /** Hash of the signed checkpoint before, zeros before the first. */
  readonly previous: Uint8Array;
  /** RFC 3339, UTC. */
  readonly time: string;
  /** The log that this one was copied from, and the hash of its last signed checkpoint. */
  readonly continues?: { readonly origin: string; readonly checkpoint: Uint8Array };
}

/** The name of a log whose first event has this leaf hash. */
export function originOf(firstLeafHash: Uint8Array): string {
  return `annals/${Buffer.from(firstLeafHash).toString('hex').slice(0, 32)}`;
}

/** The text that is signed: a tlog-checkpoint (C2SP) whose further lines are ours. */
export function formatCheckpoint(checkpoint: Checkpoint): string {
  const { origin, size, root, sequence, position, chain, previous, time, continues } = checkpoint;
  return [
    origin,
    size,
    Buffer.from(root).toString('base64'),
    `sequence ${sequence}`,
    `position ${position}`,
    `chain ${hex(chain)}`,
    `previous ${hex(previous)}`,
    `time ${time}`,
    ...(continues === undefined ? [] : [`continues ${continues.origin} ${hex(continues.checkpoint)}`]),
    '',
  ].join('\n');
}

const line = new RegExp(
  [
    '^(annals/[0-9a-f]{32})',
    '(\\d{1,16})',
    '([A-Za-z0-9+/]{43}=)',
    'sequence (\\d{1,16})',
    'position (-?\\d{1,16})',
    'chain ([0-9a-f]{64})',
    'previous ([0-9a-f]{64})',
    'time (\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z)',
    '(?:continues (annals/[0-9a-f]{32}) ([0-9a-f]{64})\n)?$',
  ].join('\n'),
);

/** The checkpoint that a text states; undefined when it is not exactly one. */
export function parseCheckpoint(text: string): Checkpoint | undefined {
  const match = line.exec(text);
  if (match === null) return undefined;
  const [, origin = '', size, root = '', sequence, position, chain = '', previous = '', time = '', older, last] = match;
  const checkpoint: Checkpoint = {
    origin,
    size: Number(size),
    root: Buffer.from(root, 'base64'),
    sequence: Number(sequence),
    position: Number(position),
    chain: Buffer.from(chain, 'hex'),
    previous: Buffer.from(previous, 'hex'),
    time,
    ...(older === undefined || last === undefined
      ? {}
      : { continues: { origin: older, checkpoint: Buffer.from(last, 'hex') } }),
  };
  // Numbers with zeros before them, and base64 with spare bits set, are other ways to write the same: not taken.
  return checkpoint.root.length === HASH_BYTES && formatCheckpoint(checkpoint) === text ? checkpoint : undefined;
}

/** What the next checkpoint calls `previous`. */
export function checkpointHash(signed: string): Buffer {
  return sha256(signed);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
