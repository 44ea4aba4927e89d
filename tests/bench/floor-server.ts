/**
 * The floor of the benchmarks: the least that a REST server which calls tools and keeps two rows for each call can do.
 * Express 5, `express.json`, an HS256 check, a durable row before and after the upstream call (group commit by
 * `setImmediate`), and a keep-alive agent. It validates nothing, authorises nothing and has no read models.
 */
import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import express from 'express';
import jwt from 'jsonwebtoken';

const [path = '', upstream = '', secret = '', constant = '2'] = process.argv.slice(2);

const database = new DatabaseSync(path);
database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
database.exec('CREATE TABLE calls (id INTEGER PRIMARY KEY, call TEXT, at TEXT, data TEXT)');
const insert = database.prepare('INSERT INTO calls (call, at, data) VALUES (?, ?, ?)');

let queue: { row: [string, string, string]; done: () => void }[] = [];

function keep(call: string, data: unknown): Promise<void> {
  return new Promise((done) => {
    queue.push({ row: [call, new Date().toISOString(), JSON.stringify(data)], done });
    if (queue.length === 1) setImmediate(commit);
  });
}

function commit(): void {
  const group = queue;
  queue = [];
  database.exec('BEGIN');
  for (const { row } of group) insert.run(...row);
  database.exec('COMMIT');
  for (const { done } of group) done();
}

const agent = new Agent({ keepAlive: true, maxSockets: 64 });
let rpc = 0;

function call(name: string, args: unknown): Promise<unknown> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: ++rpc, method: 'tools/call', params: { name, arguments: args } });
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'content-length': Buffer.byteLength(body),
  };
  return new Promise((resolve, reject) => {
    const sent = request(upstream, { method: 'POST', agent, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => {
        resolve((JSON.parse(Buffer.concat(chunks).toString()) as { result: unknown }).result);
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

const app = express();
app.use(express.json());
app.post('/call', async (req, res) => {
  jwt.verify((req.headers.authorization ?? '').slice(7), secret, { algorithms: ['HS256'] });
  const id = randomUUID();
  const { tool, arguments: args } = req.body as { tool: string; arguments: unknown };
  await keep(id, { tool, arguments: args });
  const result = await call(tool, args);
  await keep(id, { result });
  res.json({ id, tool, arguments: args, result, status: 'succeeded' });
});
const answer = 'x'.repeat(Number(constant) - 2);
app.get('/constant', (_req, res) => {
  res.type('json').send(JSON.stringify(answer));
});

const server = app.listen(0, '127.0.0.1', () => {
  console.log((server.address() as AddressInfo).port);
});
