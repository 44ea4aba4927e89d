import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { readFileSync } from 'node:fs';
import { root } from '../../scripts/compose-file.ts';

/** What `deploy/make-env.sh` writes, read as Compose reads it. */
export function madeEnvironment(): Record<string, string> {
  const directory = mkdtempSync(join(tmpdir(), 'annals-deploy-'));
  try {
    const file = join(directory, '.env');
    execFileSync(join(root, 'deploy/make-env.sh'), [file]);
    const values = Object.entries(parseEnv(readFileSync(file, 'utf8')));
    return Object.fromEntries(values.map(([name, value]) => [name, value ?? '']));
  } finally {
    rmSync(directory, { recursive: true });
  }
}
