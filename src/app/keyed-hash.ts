import { createHmac } from 'node:crypto';

/**
 * HMAC-SHA-256 under a key of the keyring, which stays when the master key changes: the same text always gives the same id,
 * and nobody without the key can tell whether an id stands for a text.
 */
export function createKeyedHash(key: Buffer): (text: string) => string {
  return (text) => createHmac('sha256', key).update(text).digest('hex');
}
