import { once } from 'node:events';
import { freePort } from '../support/free-port.ts';

/** The inspector of another Node process, for what only a collection can tell. */
export interface HeapInspector {
  /** Arguments that the process is started with, on a port that was free a moment ago. */
  readonly nodeArgs: readonly string[];
  /** MiB in use on the heap of the main thread after a full collection, and in the buffers beside it. */
  liveMiB(): Promise<number>;
}

export async function heapInspector(): Promise<HeapInspector> {
  const port = await freePort();
  return {
    // Published over HTTP only: nothing is printed.
    nodeArgs: [`--inspect=127.0.0.1:${port}`, '--inspect-publish-uid=http'],
    async liveMiB() {
      const targets = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as InspectorTarget[];
      const [target] = targets;
      if (target === undefined) throw new Error('the inspector knows no thread');
      const socket = new WebSocket(target.webSocketDebuggerUrl);
      await once(socket, 'open');
      // What the first collection finalizes, the second frees.
      await ask(socket, 1, 'HeapProfiler.collectGarbage');
      await ask(socket, 2, 'HeapProfiler.collectGarbage');
      const { usedSize, backingStorageSize = 0 } = (await ask(socket, 3, 'Runtime.getHeapUsage')) as HeapUsage;
      socket.close();
      return (usedSize + backingStorageSize) / 1024 ** 2;
    },
  };
}

interface InspectorTarget {
  readonly webSocketDebuggerUrl: string;
}

/** https://chromedevtools.github.io/devtools-protocol/v8/Runtime/#method-getHeapUsage, in bytes. */
interface HeapUsage {
  readonly usedSize: number;
  readonly backingStorageSize?: number;
}

function ask(socket: WebSocket, id: number, method: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const heard = ({ data }: MessageEvent): void => {
      const answer = JSON.parse(String(data)) as {
        readonly id?: number;
        readonly result?: unknown;
        readonly error?: unknown;
      };
      if (answer.id !== id) return;
      socket.removeEventListener('message', heard);
      if (answer.error === undefined) resolve(answer.result);
      else reject(new Error(`${method}: ${JSON.stringify(answer.error)}`));
    };
    socket.addEventListener('message', heard);
    socket.send(JSON.stringify({ id, method }));
  });
}
