import { DomainError } from '../domain/error.ts';

/** A query parameter that cannot be served; `code` is stable, `detail` tells what would be right. */
export function invalid(code: string, pointer: string, detail: string): DomainError {
  return new DomainError('invalid', code, `${pointer.slice(1)} ${detail}`, [{ pointer, detail }]);
}
