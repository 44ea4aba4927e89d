import { createPublicKey, sign as signBytes, verify as verifyBytes, type KeyObject } from 'node:crypto';
import { sha256 } from './hashes.ts';

/** Ed25519 (RFC 8032), as the first byte of a key in a signed note. */
const ED25519 = 1;
const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;

/** Text with one Ed25519 signature, in the format "signed note" (C2SP): other programs read it as well. */
export interface Note {
  /** Lines, each ended by a line feed. */
  readonly text: string;
  readonly keyName: string;
}

export interface PublicKey {
  readonly name: string;
  /** 32 bytes. */
  readonly bytes: Buffer;
}

/** Signs text, whose last character is a line feed. */
export function signNote(text: string, keyName: string, privateKey: KeyObject): string {
  const id = keyId({ name: keyName, bytes: publicBytes(privateKey) });
  const signature = signBytes(null, Buffer.from(text), privateKey);
  return `${text}\n— ${keyName} ${Buffer.concat([id, signature]).toString('base64')}\n`;
}

/** The text of a note that this key has signed; undefined when it has not, or when it is no note. */
export function openNote(note: string, key: PublicKey): Note | undefined {
  const [, text, keyName, encoded] = /^([^]*\n)\n— ([^ \n+]+) ([A-Za-z0-9+/]+={0,2})\n$/.exec(note) ?? [];
  if (text === undefined || keyName === undefined || encoded === undefined || keyName !== key.name) return undefined;
  const bytes = Buffer.from(encoded, 'base64');
  // Base64 has spare bits; only one way of writing a signature is taken.
  if (bytes.length !== 4 + SIGNATURE_BYTES || bytes.toString('base64') !== encoded) return undefined;
  if (!bytes.subarray(0, 4).equals(keyId(key))) return undefined;
  return verifyBytes(null, Buffer.from(text), keyObject(key), bytes.subarray(4)) ? { text, keyName } : undefined;
}

/** `<name>+<key id>+<base64>`: how a key for signed notes is written. */
export function formatKey(key: PublicKey): string {
  const encoded = Buffer.concat([Uint8Array.of(ED25519), key.bytes]).toString('base64');
  return `${key.name}+${keyId(key).toString('hex')}+${encoded}`;
}

/** The key that `formatKey` wrote; undefined when it is none. */
export function parseKey(text: string): PublicKey | undefined {
  const [, name, , encoded] = /^([^ \n+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text) ?? [];
  if (name === undefined || encoded === undefined) return undefined;
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.length !== 1 + KEY_BYTES || bytes[0] !== ED25519) return undefined;
  const key = { name, bytes: bytes.subarray(1) };
  return formatKey(key) === text ? key : undefined;
}

/** The 32 bytes of the public key that belongs to a private one. */
export function publicBytes(privateKey: KeyObject): Buffer {
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
  return Buffer.from(x ?? '', 'base64url');
}

function keyId({ name, bytes }: PublicKey): Buffer {
  return sha256(Buffer.concat([Buffer.from(`${name}\n`), Uint8Array.of(ED25519), bytes])).subarray(0, 4);
}

function keyObject({ bytes }: PublicKey): KeyObject {
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: bytes.toString('base64url') }, format: 'jwk' });
}
