import { DomainError, type InputFault } from '../error.ts';
import { parsePermission, permissionText } from './permission-grammar.ts';

/** Rules of one role or key. */
const mostPermissions = 1000;

/**
 * The permissions of a list in the one way in which they are written, each once.
 * @param pointer where the list stands in what was sent
 * @throws DomainError `invalid_permission` naming each that is none
 */
export function parsePermissions(list: readonly string[], pointer: string): readonly string[] {
  if (list.length > mostPermissions) {
    const detail = `must be ${mostPermissions} at most`;
    throw new DomainError('invalid', 'invalid_permission', 'there are too many permissions', [{ pointer, detail }]);
  }
  const faults: InputFault[] = [];
  const texts = new Set<string>();
  for (const [index, text] of list.entries()) {
    const grant = parsePermission(text);
    if (typeof grant === 'string') faults.push({ pointer: `${pointer}/${index}`, detail: grant });
    else texts.add(permissionText(grant));
  }
  if (faults.length > 0) {
    throw new DomainError('invalid', 'invalid_permission', 'not all of these are permissions', faults);
  }
  return [...texts];
}
