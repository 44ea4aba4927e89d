import type { InputFault } from '../error.ts';
import { isCredentialValue } from './credentials.ts';
import type { Transport } from './definition.ts';

/** Options and parameters by which credentials are given: `--token`, `--api-key`, `access_token`, `apiKey`. */
const credentialOption =
  /(^|[-_.])(token|secret|passwd|password|passphrase|credentials?|bearer|pat|api[-_]?key|access[-_]?key|private[-_]?key|auth[-_]?key|client[-_]?secret)$/i;
const credentialParameter = /^(key|sig|signature|auth|authorization|session)$/i;

/** A header in an argument, as proxies take it: `Authorization: Bearer …`. */
const headerInArgument = /^[\w-]*(authorization|cookie|token|key|secret)[\w-]*:\s*\S/i;

/** A variable that the program puts in by itself is the right way. */
const variable = /\$\{?\w+\}?/;

/**
 * Credentials where they cannot be kept from being read: a command line is seen by every process of the machine, and
 * addresses are written into the logs of whoever they pass. One fault for each, never with the value.
 */
export function misplacedCredentials(transport: Transport): readonly InputFault[] {
  if (transport.type !== 'stdio') return inAddress(transport.url);
  const faults: InputFault[] = [];
  const args = transport.args ?? [];
  args.forEach((arg, index) => {
    if (!isCredentialArgument(arg, args[index - 1])) return;
    const detail =
      'looks like a credential, and command lines can be read by other programs: give it by a variable in env, ' +
      'as {"secret": "name"}';
    faults.push({ pointer: `/transport/args/${index}`, detail });
  });
  return faults;
}

function isCredentialArgument(arg: string, before: string | undefined): boolean {
  if (variable.test(arg)) return false;
  if (isCredentialValue(arg) || headerInArgument.test(arg)) return true;
  const [, option, value = ''] = /^-{1,2}([\w.-]+)=(.*)$/s.exec(arg) ?? [];
  if (option !== undefined) {
    return (credentialOption.test(option) && value !== '') || isCredentialValue(value) || headerInArgument.test(value);
  }
  // Of `--token x`, the value; a flag that follows is another option.
  return before !== undefined && /^--?\w/.test(before) && !arg.startsWith('-') && credentialOption.test(nameOf(before));
}

function nameOf(option: string): string {
  return option.includes('=') ? '' : option.replace(/^-+/, '');
}

function inAddress(url: string): readonly InputFault[] {
  if (!URL.canParse(url)) return [];
  const { username, password, searchParams } = new URL(url);
  const names = [...searchParams]
    .filter(([name, value]) => {
      if (value === '') return false;
      return credentialOption.test(name) || credentialParameter.test(name) || isCredentialValue(value);
    })
    .map(([name]) => name);
  const where = [...(username !== '' || password !== '' ? ['user and password'] : []), ...names];
  if (where.length === 0) return [];
  const detail = `must not carry credentials (${where.join(', ')}): use headers, with {"secret": "name"} as the value`;
  return [{ pointer: '/transport/url', detail }];
}
