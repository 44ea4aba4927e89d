import { closeSync, fsyncSync, openSync } from 'node:fs';

/** Makes the names in a directory durable: a new or renamed file survives power loss only after this. */
export function syncDirectory(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
