import { request } from 'node:http';

export interface SseEvent {
  readonly id: number;
  readonly type: string;
  readonly data: {
    readonly position: number;
    readonly stream: string;
    readonly type: string;
    readonly metadata: object;
  };
}

export interface SseReader {
  readonly status: number;
  readonly events: readonly SseEvent[];
  /** Everything that came, as it came. */
  readonly text: string;
  readonly ended: boolean;
  /** Stops and starts taking bytes. */
  pause(): void;
  resume(): void;
  close(): void;
}

/** Opens a stream of server-sent events, and answers when the server has begun to answer. */
export function openSse(url: string, headers: Readonly<Record<string, string>>): Promise<SseReader> {
  return new Promise((resolve, reject) => {
    const events: SseEvent[] = [];
    let text = '';
    let rest = '';
    let ended = false;
    const sent = request(url, { headers, agent: false }, (answer) => {
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => {
        text += chunk;
        rest += chunk;
        for (let end = rest.indexOf('\n\n'); end >= 0; end = rest.indexOf('\n\n')) {
          const event = parse(rest.slice(0, end));
          if (event) events.push(event);
          rest = rest.slice(end + 2);
        }
      });
      const over = () => void (ended = true);
      answer.on('end', over).on('close', over).on('error', over);
      resolve({
        status: answer.statusCode ?? 0,
        events,
        get text() {
          return text;
        },
        get ended() {
          return ended;
        },
        pause: () => void answer.pause(),
        resume: () => void answer.resume(),
        close: () => void sent.destroy(),
      });
    });
    sent.on('error', (error) => (ended ? undefined : reject(error)));
    sent.end();
  });
}

function parse(block: string): SseEvent | undefined {
  const fields = new Map(
    block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)] as const),
  );
  const data = fields.get('data');
  if (data === undefined || !fields.has('id')) return undefined;
  return { id: Number(fields.get('id')), type: fields.get('event') ?? '', data: JSON.parse(data) as SseEvent['data'] };
}
