import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** How every key begins: it can be told from other tokens, and be found where it does not belong. */
export const apiKeyPrefix = 'annals_';

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const [idLength, secretLength, checksumLength] = [22, 43, 6];
const shape = /^annals_([0-9A-Za-z]{22})_([0-9A-Za-z]{43})([0-9A-Za-z]{6})$/;

/**
 * A new key for an id: `annals_<id>_<secret><checksum>`, all in letters and digits (base 62). The secret is 32 random
 * bytes; the checksum is the CRC-32 of what comes before it, so that a mistyped or made-up key is known without asking
 * anybody.
 * @param id UUID
 */
export function newApiKeyText(id: string): string {
  const unchecked = `${apiKeyPrefix}${base62(Buffer.from(id.replaceAll('-', ''), 'hex'), idLength)}_${base62(randomBytes(32), secretLength)}`;
  return unchecked + checksumOf(unchecked);
}

/** The id of a key; undefined when the text cannot be a key. That it is one, only its hash tells. */
export function idOfApiKey(text: string): string | undefined {
  const [, id, , checksum] = shape.exec(text) ?? [];
  if (id === undefined || checksum !== checksumOf(text.slice(0, -checksumLength))) return undefined;
  const hex = valueOf(id).toString(16).padStart(32, '0');
  if (hex.length > 32) return undefined;
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function checksumOf(text: string): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(text));
  return base62(bytes, checksumLength);
}

function base62(bytes: Uint8Array, length: number): string {
  let value = BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
  let text = '';
  while (text.length < length) {
    text = digits.charAt(Number(value % 62n)) + text;
    value /= 62n;
  }
  return text;
}

function valueOf(text: string): bigint {
  let value = 0n;
  for (const digit of text) value = value * 62n + BigInt(digits.indexOf(digit));
  return value;
}
