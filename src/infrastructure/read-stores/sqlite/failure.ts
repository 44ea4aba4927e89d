import { ModelUnusable } from '../../../ports/read-stores.ts';
import { explainFailure } from '../../sqlite/failure.ts';

/** Damaged, cannot be opened, not a database. https://sqlite.org/rescode.html */
const UNUSABLE: ReadonlySet<number> = new Set([11, 14, 26]);

/** StoreUnavailable when SQLite failed because of the disk or the file; any other error comes back unchanged. */
export function writeFailure(name: string, error: unknown): unknown {
  return explainFailure(`the read model ${name} cannot be written`, error);
}

export function readFailure(name: string, error: unknown): unknown {
  return explainFailure(`the read model ${name} cannot be read`, error);
}

/** ModelUnusable when what is wrong lies in the file itself, StoreUnavailable when it lies around it. */
export function openFailure(path: string, error: unknown): unknown {
  if (error instanceof Error && 'errcode' in error && UNUSABLE.has(Number(error.errcode) & 0xff)) {
    return new ModelUnusable(`${path} cannot be used`, { cause: error });
  }
  return explainFailure(`${path} cannot be opened`, error);
}
