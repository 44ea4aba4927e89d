import { hash } from 'node:crypto';

/**
 * A name-based UUID (RFC 9562, version 5) of a name in the namespace of another UUID. The `uuid` package computes the same
 * with a hash object for each id; ids of events and of commands that follow from others are made several times for each
 * call, and one-shot hashing takes a third of that time.
 * @param namespace a UUID in lower-case hex with dashes
 */
export function derivedId(name: string, namespace: string): string {
  const bytes = Buffer.from(namespace.replaceAll('-', '') + Buffer.from(name).toString('hex'), 'hex');
  const digest = hash('sha1', bytes, 'hex');
  const variant = ((Number.parseInt(digest.charAt(16), 16) & 0b11) | 0b1000).toString(16);
  return `${digest.slice(0, 8)}-${digest.slice(8, 12)}-5${digest.slice(13, 16)}-${variant}${digest.slice(17, 20)}-${digest.slice(20, 32)}`;
}
