import './app/v8-flags.ts';
import { runCli } from './cli/program.ts';

const exitCode = await runCli(process.argv);
// A server goes on; a command is done, and must not wait for connections that idle.
if (exitCode !== undefined) process.exit(exitCode);
