import { lockDataDir } from '../../../src/infrastructure/data-dir/lock.ts';

/** Locks a directory, says `locked` or why not, and stays until it is killed. */
const [dir = ''] = process.argv.slice(2);
try {
  lockDataDir(dir);
  process.stdout.write('locked\n');
} catch (error) {
  process.stdout.write(`${String(error)}\n`);
}
setInterval(() => undefined, 60_000);
