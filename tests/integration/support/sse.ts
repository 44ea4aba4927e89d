import type { Api } from './api.ts';

/** One server-sent event. */
export interface Frame {
  readonly id: string | undefined;
  readonly event: string;
  readonly data: unknown;
}

export interface OpenFeed {
  readonly status: number;
  /** Frames as they come, until the server ends the feed. */
  frames(): AsyncGenerator<Frame>;
  /** Every comment so far. */
  readonly comments: readonly string[];
  close(): void;
}

/** Opens a feed as the administrator. */
export async function openFeed(api: Api, path: string, headers: Record<string, string> = {}): Promise<OpenFeed> {
  const leaving = new AbortController();
  const answer = await fetch(`${api.url}${path}`, {
    headers: { Authorization: `Bearer ${api.adminToken}`, ...headers },
    signal: leaving.signal,
  });
  const comments: string[] = [];
  return {
    status: answer.status,
    comments,
    async *frames() {
      if (!answer.body) return;
      let rest = '';
      for await (const text of answer.body.pipeThrough(new TextDecoderStream())) {
        const blocks = (rest + text).split('\n\n');
        rest = blocks.pop() ?? '';
        for (const block of blocks) {
          const frame = frameOf(block, comments);
          if (frame) yield frame;
        }
      }
    },
    close: () => leaving.abort(),
  };
}

function frameOf(block: string, comments: string[]): Frame | undefined {
  const fields = new Map<string, string>();
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':');
    const value = line.slice(colon + 1).trimStart();
    if (colon === 0) comments.push(value);
    else fields.set(line.slice(0, colon), value);
  }
  const data = fields.get('data');
  if (data === undefined) return undefined;
  return { id: fields.get('id'), event: fields.get('event') ?? 'message', data: JSON.parse(data) };
}
