import { createHmac, hkdfSync } from 'node:crypto';

/**
 * HMAC-SHA-256 under a key of its own, derived from the master key: the same text always gives the same id, and nobody
 * without the key can tell whether an id stands for a text.
 */
export function createKeyedHash(masterKey: string): (text: string) => string {
  const key = Buffer.from(hkdfSync('sha256', masterKey, '', 'annals reservation ids', 32));
  return (text) => createHmac('sha256', key).update(text).digest('hex');
}
