#!/usr/bin/env node
// Starts the product under a Node that can run it. Plain JavaScript that any Node from 18 on understands, because it is
// the one file that a machine's own Node may have to read.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The first release whose type stripping and SQLite are more than experiments, and come without a warning. */
const NEEDED = [24, 15];

function isEnough(version) {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  return major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1]);
}

/** The Node that is installed beside the product as an optional dependency, for the platforms that have one. */
function pinnedNode() {
  const require = createRequire(import.meta.url);
  const name = `node-${process.platform}-${process.arch}/package.json`;
  try {
    return isEnough(require(name).version) ? join(dirname(require.resolve(name)), 'bin', 'node') : undefined;
  } catch (error) {
    if (error.code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

function giveUp(reason) {
  process.stderr.write(
    `annals needs Node ${NEEDED.join('.')} or newer, and this is Node ${process.versions.node} (${process.execPath}).\n` +
      `${reason}\n` +
      'Install a newer Node (https://nodejs.org), or run "npm ci" without --omit=optional: on Linux (x64, arm64) it\n' +
      'brings the Node that Annals uses.\n',
  );
  process.exitCode = 1;
}

/** What another Node is started with; by it a process knows that it was started again. */
// The client of Kafka sets timers in the past, of which Node would tell everybody.
// A smaller young generation: some 40 MB less under load, for no time that could be measured (docs/decisions/performance.md).
const flags = ['--max-semi-space-size=8', '--disable-warning=TimeoutNegativeWarning'];

/** Runs this file again under another Node, as if it had been started by it: same streams, signals and exit code. */
function startAgainUnder(node) {
  const child = spawn(node, [...flags, fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  // A terminal sends Ctrl-C to both processes by itself; passing it on would make it two.
  const onTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2']) {
    process.on(signal, () => {
      if (!(onTerminal && (signal === 'SIGINT' || signal === 'SIGQUIT'))) child.kill(signal);
    });
  }
  child.on('error', (error) => giveUp(`The one installed beside it could not be started: ${error.message}.`));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0);
  });
}

if (isEnough(process.versions.node)) {
  await import('../src/main.ts');
} else if (flags.every((flag) => process.execArgv.includes(flag))) {
  // One that is not what it says would be started again without end.
  giveUp('It is the one installed beside it, which is another than its package says.');
} else {
  const node = pinnedNode();
  if (node === undefined) giveUp(`No other Node is installed beside it for ${process.platform}-${process.arch}.`);
  else startAgainUnder(node);
}
