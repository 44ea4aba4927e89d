import { UpstreamError, type CallOptions } from '../../ports/upstream.ts';
import { cancelled } from './multiplexer.ts';

/** Waits for something shared with a caller's own patience: its timeout and its signal. */
export function waitFor<T>(
  shared: Promise<T>,
  { timeoutMs, signal }: Pick<CallOptions, 'timeoutMs' | 'signal'>,
  what: string,
): Promise<T> {
  if (signal?.aborted === true) return Promise.reject(cancelled());
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
    const onAbort = (): void => {
      stop();
      reject(cancelled());
    };
    const timer = setTimeout(
      () => {
        stop();
        reject(new UpstreamError('execution_timed_out', `${what} took longer than ${Math.round(timeoutMs)} ms`));
      },
      Math.min(timeoutMs, 2 ** 31 - 1),
    );
    signal?.addEventListener('abort', onAbort, { once: true });
    shared.then(resolve, reject).finally(stop);
  });
}
