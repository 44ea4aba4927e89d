import { fork } from 'node:child_process';
import { once } from 'node:events';
import { flushCompileCache } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A process that has loaded its program and waits to be let go, so that killing many of them one after the other costs little. */
export interface WarmChild<Message> {
  /** What it last told. */
  told(): Message | undefined;
  /** Lets it begin its work. */
  go(): Promise<void>;
  /** Ends it without a chance to do anything more. */
  kill(): Promise<void>;
}

/** @param settings for the program, as its only argument; it says `ready` when it can go, and begins when it is told `go` */
export function startWarmChild<Message extends object>(program: URL, settings: object): WarmChild<Message> {
  const child = fork(program, [JSON.stringify(settings)], {
    execArgv: ['--disable-warning=TimeoutNegativeWarning'],
    env: { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'annals-test-compiled') },
  });
  const isReady = once(child, 'message');
  let told: Message | undefined;
  child.on('message', (message) => {
    if (typeof message === 'object') told = message as Message;
  });
  return {
    told: () => told,
    async go() {
      await isReady;
      child.send('go');
    },
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** In the child: answers the settings when the parent lets it go. Ends with its parent. */
export async function letGo<Settings>(): Promise<Settings> {
  process.on('disconnect', () => process.exit());
  const going = once(process, 'message');
  // Nothing is compiled anew by the next one; the usual moment, when the process exits, does not come here.
  flushCompileCache();
  process.send?.('ready');
  await going;
  return JSON.parse(process.argv[2] ?? '') as Settings;
}
