import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import type { JSONRPCMessage } from '@modelcontextprotocol/client';
import { UpstreamError } from '../../ports/upstream.ts';
import { ConnectionLost } from './errors.ts';
import { shorten } from './json.ts';
import { MessageLines } from './message-lines.ts';
import type { Launch } from './stdio-launch.ts';
import { TextLines } from './text-lines.ts';
import { CLOSED, deliver, type Note, type Wire } from './wire.ts';

/** A child process that can be ended without ceremony, with all it started. */
export interface RunningProcess {
  kill(): void;
}

export interface StdioWireOptions {
  readonly launch: Launch;
  readonly maxResultBytes: number;
  /** Milliseconds between asking the process group to end and ending it. */
  readonly killGraceMs: number;
  /** The wire stands in here as long as its process runs. */
  readonly running: Set<RunningProcess>;
  /** Takes secrets out of what the process writes. */
  readonly redact: (text: string) => string;
  readonly log: (line: string) => void;
  readonly note: Note;
}

/** Bytes waiting to be read by a server before it counts as deaf. */
const MAX_UNREAD = 64 * 1024 * 1024;
/** Milliseconds that output of a dead process may still be under way; a grandchild can hold the pipe open for ever. */
const DRAIN_MS = 200;
/** Milliseconds for a server to end by itself when its input is closed (MCP, stdio transport, shutdown). */
const LEAVE_MS = 500;

/**
 * A child process that speaks MCP over its standard streams. It leads a process group of its own, so that what it started
 * ends with it.
 */
export class StdioWire implements Wire, RunningProcess {
  onmessage?: Wire['onmessage'];
  onclose?: Wire['onclose'];
  onerror?: Wire['onerror'];
  onvalue?: Wire['onvalue'];
  onunreadable?: Wire['onunreadable'];
  readonly #options: StdioWireOptions;
  readonly #lines: MessageLines;
  readonly #stderr: TextLines;
  #child: ChildProcessWithoutNullStreams | undefined;
  #closed: Promise<void> | undefined;
  #exited = false;
  #lastWords = '';
  ended = false;
  endReason = 'the server process has not been started';

  constructor(options: StdioWireOptions) {
    this.#options = options;
    this.#stderr = new TextLines((line) => {
      const clean = options.redact(line);
      if (clean.trim() !== '') this.#lastWords = clean;
      options.log(clean);
    });
    this.#lines = new MessageLines({
      maxBytes: options.maxResultBytes,
      onLine: (line) => this.#receive(line),
      onTooLong: (id) => this.#tooLong(id),
      onEndless: () => this.#end('it printed a line without end'),
    });
  }

  /** Starts the process; answers once it runs. @throws UpstreamError `upstream_unavailable` */
  start(): Promise<void> {
    const { command, args, cwd, env } = this.#options.launch;
    return new Promise((resolve, reject) => {
      const child = spawn(command, args, { cwd, env, detached: true, shell: false, stdio: ['pipe', 'pipe', 'pipe'] });
      this.#child = child;
      child.once('spawn', () => {
        this.#options.running.add(this);
        resolve();
      });
      child.once('error', (error) => {
        this.#finish(`"${shorten(command, 200)}" cannot be started: ${error.message}`);
        reject(new UpstreamError('upstream_unavailable', this.endReason, { cause: error }));
      });
      child.stdout.on('data', (chunk: Buffer) => this.#lines.feed(chunk));
      child.stdout.once('end', () => this.#end('it closed its standard output'));
      child.stderr.on('data', (chunk: Buffer) => this.#stderr.feed(chunk));
      for (const stream of [child.stdin, child.stdout, child.stderr]) {
        stream.on('error', (error) => this.#options.note('stream_error', error.message));
      }
      child.once('exit', (code, signal) => this.#exit(child, code, signal));
    });
  }

  send(message: JSONRPCMessage): Promise<void> {
    const stdin = this.#child?.stdin;
    if (this.ended || stdin === undefined) {
      return Promise.reject(new ConnectionLost('upstream_disconnected', this.endReason));
    }
    if (stdin.writableLength > MAX_UNREAD) {
      return Promise.reject(new UpstreamError('upstream_unavailable', 'the server does not read its input'));
    }
    stdin.write(`${JSON.stringify(message)}\n`);
    return Promise.resolve();
  }

  /** Closes the input, then asks the group to end, then ends it. Answers when the process is gone. */
  close(): Promise<void> {
    this.#finish(CLOSED);
    return this.#leave();
  }

  kill(): void {
    if (!this.#exited) this.#signal('SIGKILL');
  }

  /** Before anybody waits for answers, only the handshake can have been meant. */
  #tooLong(id: number | undefined): void {
    if (this.onunreadable === undefined) this.#end('it printed a line that is too long');
    else this.onunreadable(id, tooLarge(this.#options.maxResultBytes));
  }

  #receive(line: string): void {
    const text = line.trim();
    if (text === '') return;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      this.#options.log(`[stdout] ${shorten(this.#options.redact(text), 1000)}`);
      this.#options.note('not_json', 'the server printed a line to its standard output that is not JSON');
      return;
    }
    deliver(this, value, this.#options.note);
  }

  #exit(child: ChildProcessWithoutNullStreams, code: number | null, signal: NodeJS.Signals | null): void {
    this.#exited = true;
    this.#options.running.delete(this);
    this.#signal('SIGKILL');
    const how = signal === null ? `exit code ${code ?? 'unknown'}` : `signal ${signal}`;
    const finish = (): void => {
      clearTimeout(timer);
      this.#stderr.end();
      const words = this.#lastWords === '' ? '' : `; it said: ${shorten(this.#lastWords, 500)}`;
      this.#finish(`the server process ended (${how})${words}`);
    };
    const timer = setTimeout(finish, DRAIN_MS);
    child.once('close', finish);
  }

  /** The server is of no more use: tells so and lets it go. */
  #end(reason: string): void {
    if (this.#exited || this.ended) return;
    // A process that closed its output is usually about to exit, which tells more.
    setTimeout(() => {
      if (this.#exited || this.ended) return;
      this.#finish(`the server was ended: ${reason}`);
      this.#leave().catch((error: unknown) =>
        this.onerror?.(error instanceof Error ? error : new Error(String(error))),
      );
    }, DRAIN_MS);
  }

  #finish(reason: string): void {
    if (this.ended) return;
    this.ended = true;
    this.endReason = reason;
    this.onclose?.();
  }

  #leave(): Promise<void> {
    const child = this.#child;
    if (child?.pid === undefined || this.#exited) return Promise.resolve();
    this.#closed ??= new Promise((resolve) => {
      const asking = setTimeout(() => this.#signal('SIGTERM'), LEAVE_MS);
      const ending = setTimeout(() => this.#signal('SIGKILL'), LEAVE_MS + this.#options.killGraceMs);
      child.once('exit', () => {
        clearTimeout(asking);
        clearTimeout(ending);
        resolve();
      });
      child.stdin.end();
      child.stdout.resume();
    });
    return this.#closed;
  }

  /** Signals the whole group; that it is gone already is what was wanted. */
  #signal(signal: NodeJS.Signals): void {
    const pid = this.#child?.pid;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) {
        this.#options.note('signal_failed', `${signal} could not be sent: ${String(error)}`);
      }
    }
  }
}

export function tooLarge(limit: number): UpstreamError {
  return new UpstreamError('result_too_large', `the answer is larger than ${limit} bytes`);
}
