import { lockDataDir } from '../../../src/infrastructure/data-dir/lock.ts';

/** Locks a directory, says `locked` or why not, and stays until it is killed. */
const [dir = ''] = process.argv.slice(2);
try {
  const lock = lockDataDir(dir);
  // Somebody has to hold it: a lock that nobody can release may be collected, and is open then.
  process.on('exit', () => lock.release());
  process.stdout.write('locked\n');
} catch (error) {
  process.stdout.write(`${String(error)}\n`);
}
setInterval(() => undefined, 60_000);
