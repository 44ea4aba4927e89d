/** What everything of one installation is called in Kafka. */
export interface KafkaNames {
  /** The topic with the events. */
  readonly events: string;
  /** The topic of one partition with the relay's checkpoint, also the name of the group that elects the relay. */
  readonly relay: string;
  /** The name under which relays fence each other. */
  readonly transactionalId: string;
  /** The group that spreads read models over processes. */
  readonly projectors: string;
  /** What names of the groups of single readers begin with. */
  readonly readers: string;
}

const PREFIX = /^[A-Za-z0-9._-]{0,100}$/;

/** @throws TypeError the prefix has characters that Kafka does not take */
export function kafkaNames(prefix: string): KafkaNames {
  if (!PREFIX.test(prefix)) throw new TypeError('a prefix has up to 100 letters, digits, dots, dashes and underscores');
  return {
    events: `${prefix}events`,
    relay: `${prefix}relay`,
    transactionalId: `${prefix}relay`,
    projectors: `${prefix}projectors`,
    readers: `${prefix}reader-`,
  };
}
