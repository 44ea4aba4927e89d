import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

export const root = join(import.meta.dirname, '..');

const command = z.union([z.string(), z.array(z.string())]);

const service = z.object({
  image: z.optional(z.string()),
  build: z.optional(z.string()),
  command: z.optional(command),
  entrypoint: z.optional(command),
  environment: z.optional(z.record(z.string(), z.string())),
  healthcheck: z.optional(
    z.object({ test: z.array(z.string()), interval: z.string(), timeout: z.string(), retries: z.int() }),
  ),
  depends_on: z.optional(z.record(z.string(), z.object({ condition: z.string() }))),
  mem_limit: z.optional(z.string()),
  restart: z.optional(z.string()),
  ports: z.optional(z.array(z.string())),
  networks: z.array(z.string()),
  volumes: z.array(z.string()),
  read_only: z.optional(z.boolean()),
  cap_drop: z.optional(z.array(z.string())),
  stop_grace_period: z.optional(z.string()),
});

export type Service = z.output<typeof service>;

const file = z.object({
  services: z.record(z.string(), service),
  networks: z.record(z.string(), z.nullable(z.object({ internal: z.optional(z.boolean()) }))),
  volumes: z.record(z.string(), z.null()),
});

export const composeText = readFileSync(join(root, 'docker-compose.yml'), 'utf8');

/** The file as Compose reads it, before variables take their values. */
export const compose = file.parse(parse(composeText, { merge: true }));

export const services = Object.entries(compose.services);

/** Those that run Annals; the others are engines. */
export const annals = services.filter(([, { build }]) => build !== undefined);

/** A value with its variables filled in, as Compose does it. @throws Error a required one is missing */
export function interpolate(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\$\$|\$\{(\w+)(?::([?-])([^}]*))?\}/g, (whole, name: string | undefined, kind, otherwise) => {
    if (name === undefined) return whole === '$$' ? '$' : whole;
    const value = values[name] ?? '';
    if (value !== '') return value;
    if (kind === '?') throw new Error(`${name}: ${String(otherwise)}`);
    return kind === '-' ? String(otherwise) : '';
  });
}

/** A service of Annals as a process: its arguments and its environment, the variables filled in. */
export interface AnnalsService {
  readonly name: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Milliseconds between being asked to end and being ended. */
  readonly graceMs: number;
  readonly hasPort: boolean;
}

/** @throws Error a required variable is missing */
export function annalsServices(values: Readonly<Record<string, string>>): readonly AnnalsService[] {
  return annals.map(([name, { command = [], environment = {}, stop_grace_period = '10s', ports }]) => ({
    name,
    args: typeof command === 'string' ? command.split(' ') : command,
    environment: Object.fromEntries(
      Object.entries(environment).map(([variable, text]) => [variable, interpolate(text, values)]),
    ),
    graceMs: Number.parseInt(stop_grace_period, 10) * 1000,
    hasPort: ports !== undefined,
  }));
}

/** Arguments of the Node that asks a process how it is, as the image does. */
export function healthCheck(): readonly string[] {
  const [, command = '[]'] = /HEALTHCHECK[^]*?CMD (\[.*\])/.exec(readFileSync(join(root, 'Dockerfile'), 'utf8')) ?? [];
  return (JSON.parse(command) as string[]).slice(1);
}
