import type { SettingValue, Transport } from './definition.ts';

/** Where a transport has settings by name. */
export type SettingKind = 'env' | 'headers';

/** One setting of a transport. */
export interface Setting {
  readonly kind: SettingKind;
  readonly name: string;
  readonly value: SettingValue;
}

/** All settings of a transport. */
export function settingsOf(transport: Transport): readonly Setting[] {
  const kind = transport.type === 'stdio' ? 'env' : 'headers';
  const values = (transport.type === 'stdio' ? transport.env : transport.headers) ?? {};
  return Object.entries(values).map(([name, value]) => ({ kind, name, value }));
}

/** The transport with other values in the place of those that stand under these names. */
export function withSettings(transport: Transport, values: ReadonlyMap<string, SettingValue>): Transport {
  if (values.size === 0) return transport;
  const changed = (all: Readonly<Record<string, SettingValue>>): Record<string, SettingValue> =>
    Object.fromEntries(Object.entries(all).map(([name, value]) => [name, values.get(name) ?? value]));
  if (transport.type === 'stdio') return { ...transport, env: changed(transport.env ?? {}) };
  return { ...transport, headers: changed(transport.headers ?? {}) };
}

const credentialName =
  /auth|cookie|token|secret|key|passw|passphrase|credential|session|signature|private|\bpat\b|_pat\b|dsn/i;

/**
 * Values that are credentials wherever they stand: schemes, the prefixes of well-known ones with as much after them as those
 * have at least (`npm-registry-x` is the name of a package), JWTs, PEM, and passwords in an address.
 */
const credentialValue = new RegExp(
  [
    String.raw`^(bearer|basic|token|digest)\s+\S`,
    String.raw`^(sk|pk|rk)[-_](?=[\w-]*\d)[\w-]{16}`,
    String.raw`^(gh[opsur]|github_pat|hf|npm)_\w{16}|^(glpat|pypi)-[\w-]{16}|^xox[a-z]-\w{8}|^annals_\w{8}`,
    String.raw`^AKIA[0-9A-Z]{12}|^AIza[\w-]{20}`,
    String.raw`^eyJ[\w-]{8,}\.[\w-]+\.|-----BEGIN `,
    String.raw`:\/\/[^/?#@\s:]*:[^/?#@\s]+@`,
  ].join('|'),
  'i',
);

/** Whether a text is a credential by what it looks like. */
export function isCredentialValue(text: string): boolean {
  return credentialValue.test(text);
}

/** Whether a setting that was given in clear is to be kept like a secret: by its name, or by what it looks like. */
export function isCredential({ name, value }: Setting): boolean {
  return typeof value === 'string' && value !== '' && (credentialName.test(name) || credentialValue.test(value));
}

/** Name of the secret that holds a setting of an mcp; no other secret can have a name with slashes. */
export function settingSecretName(mcpId: string, { kind, name }: Pick<Setting, 'kind' | 'name'>): string {
  return `mcp/${mcpId}/${kind}/${name}`;
}
