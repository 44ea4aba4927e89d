import kafkajs from 'kafkajs';
import type { Assignment, PartitionAssigner } from 'kafkajs';
import { shareOut } from './share-out.ts';

const { MemberAssignment, MemberMetadata } = kafkajs.AssignerProtocol;

const NAME = 'annals-shares';
const VERSION = 1;

export interface ShareAssignerOptions {
  /** What this process is able to do. */
  readonly able: readonly string[];
  /** What it does now, which it tells when the group is formed anew. */
  readonly owned: () => ReadonlySet<string>;
  /** Partitions that a member reads who owns these names. */
  readonly partitionsOf: (names: readonly string[]) => Assignment;
}

/**
 * Shares out names instead of partitions. The protocol of Kafka's groups leaves both sides of it to the members: what
 * each tells of itself, and what the one that leads hands to each, travel as data that Kafka does not look at.
 */
export function shareAssigner({ able, owned, partitionsOf }: ShareAssignerOptions): PartitionAssigner {
  return () => ({
    name: NAME,
    version: VERSION,
    protocol: ({ topics }) => ({
      name: NAME,
      metadata: MemberMetadata.encode({ version: VERSION, topics, userData: encode({ able, owned: [...owned()] }) }),
    }),
    assign: async ({ members }) => {
      const shares = shareOut(members.map(({ memberId, memberMetadata }) => memberOf(memberId, memberMetadata)));
      return members.map(({ memberId }) => {
        const names = shares.get(memberId) ?? [];
        const assignment = partitionsOf(names);
        const userData = encode({ names });
        return { memberId, memberAssignment: MemberAssignment.encode({ version: VERSION, assignment, userData }) };
      });
    },
  });
}

/** The names in a member's assignment; undefined when there is no assignment yet. */
export function sharesIn(memberAssignment: Buffer): readonly string[] | undefined {
  const userData = MemberAssignment.decode(memberAssignment)?.userData;
  return userData === undefined || userData.length === 0 ? undefined : textsIn(userData, 'names');
}

function memberOf(id: string, metadata: Buffer) {
  const userData = MemberMetadata.decode(metadata)?.userData ?? Buffer.alloc(0);
  return { id, able: textsIn(userData, 'able'), owned: textsIn(userData, 'owned') };
}

function encode(value: Readonly<Record<string, readonly string[]>>): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** Nothing, when the data is of somebody who speaks another language. */
function textsIn(userData: Buffer, field: string): readonly string[] {
  if (userData.length === 0) return [];
  const value = (JSON.parse(userData.toString()) as Readonly<Record<string, unknown>>)[field];
  return Array.isArray(value) ? value.filter((text): text is string => typeof text === 'string') : [];
}
