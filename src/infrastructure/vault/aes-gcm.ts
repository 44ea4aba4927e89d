import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { VaultDamaged, type Place } from '../../ports/vault.ts';

const [nonceLength, tagLength] = [12, 16];
const format = 'v1.';

/**
 * AES-256-GCM (NIST SP 800-38D) with a random nonce of 96 bits: `v1.` and base64url of nonce, ciphertext and tag.
 * @param key 32 bytes
 * @param place goes into the tag: what is moved elsewhere does not open
 */
export function encrypt(key: Buffer, plain: Buffer, place: Place): string {
  const nonce = randomBytes(nonceLength);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagLength });
  cipher.setAAD(Buffer.from(JSON.stringify(place)));
  const bytes = Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  return format + bytes.toString('base64url');
}

/** @throws VaultDamaged it was not encrypted with this key for this place */
export function decrypt(key: Buffer, text: string, place: Place): Buffer {
  const bytes = Buffer.from(text.slice(format.length), 'base64url');
  if (!text.startsWith(format) || bytes.length < nonceLength + tagLength) {
    throw new VaultDamaged('this is no sealed text');
  }
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceLength), { authTagLength: tagLength });
  decipher.setAAD(Buffer.from(JSON.stringify(place)));
  decipher.setAuthTag(bytes.subarray(-tagLength));
  const plain = decipher.update(bytes.subarray(nonceLength, -tagLength));
  try {
    return Buffer.concat([plain, decipher.final()]);
  } catch (cause) {
    throw new VaultDamaged('a sealed text does not open: it was changed, or belongs elsewhere', { cause });
  }
}
