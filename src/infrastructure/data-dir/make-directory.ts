import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileErrorCode } from './file-failure.ts';
import { syncDirectory } from './sync-directory.ts';

/**
 * Creates a directory that only this user may enter (mode 0700), and its parents, where they are missing, durably.
 * Fails with the error of the directory that could not be created: the recursive `mkdir` of Node says "no such file"
 * on a read-only file system.
 */
export function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    const code = fileErrorCode(error);
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
    makeDirectory(dirname(path));
    mkdirSync(path, { mode: 0o700 });
  }
  syncDirectory(dirname(path));
}
