import { WebSocket } from 'ws';
import type { TestApp } from '../../http/support/app.ts';

interface Message {
  readonly subscribed?: { readonly topic: string };
  readonly error?: { readonly code: string };
}

/** Subscribes to a topic over a WebSocket of its own, which then ends. @returns the code of the refusal, if it is one */
export function subscribe(
  app: TestApp,
  credential: string,
  topic: string,
  correlationId: string,
): Promise<string | undefined> {
  const headers = { Authorization: `Bearer ${credential}`, 'X-Correlation-Id': correlationId };
  const socket = new WebSocket(`${app.url.replace('http', 'ws')}/ws`, { headers });
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('close', (code) => reject(new Error(`closed with ${code} before an answer came`)));
    socket.on('open', () => socket.send(JSON.stringify({ subscribe: { topic } })));
    socket.on('message', (data: Buffer) => {
      const { subscribed, error } = JSON.parse(data.toString()) as Message;
      if (!subscribed && !error) return;
      resolve(error?.code);
      socket.close();
    });
  });
}
