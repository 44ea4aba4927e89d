import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { ConfigError } from './config-error.ts';
import { createPrivateFile } from './private-file.ts';

/**
 * The Ed25519 key that signs checkpoints, from a PEM file that its owner alone may read.
 * @param create make one when there is none, as is right for the data directory and for no file that a setting names
 * @throws ConfigError
 */
export function loadAuditKey(path: string, create: boolean): KeyObject {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined) {
    if (!create) throw problem(path, 'is not there');
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const { privateKey } = generateKeyPairSync('ed25519');
    createPrivateFile(path, privateKey.export({ format: 'pem', type: 'pkcs8' }).toString());
    return loadAuditKey(path, false);
  }
  const mode = status.mode & 0o777;
  if ((mode & 0o077) !== 0) {
    throw problem(path, `can be read by others (mode ${mode.toString(8)}); allow only its owner: chmod 600 ${path}`);
  }
  try {
    const key = createPrivateKey(readFileSync(path));
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch (cause) {
    throw problem(path, 'holds no private key', cause);
  }
  throw problem(path, 'holds a private key that is not Ed25519; make one by: openssl genpkey -algorithm ed25519');
}

/** What stands before the 32 bytes of an Ed25519 private key in PKCS #8 (RFC 8410, section 7). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

/** The key of processes that share a log: each makes the same one of 32 bytes that the log's keyring holds. */
export function auditKeyOf(seed: Buffer): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' });
}

function problem(path: string, detail: string, cause?: unknown): ConfigError {
  return new ConfigError([{ name: path, detail }], ...(cause === undefined ? [] : [{ cause }]));
}
