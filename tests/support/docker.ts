import { existsSync } from 'node:fs';
import { request } from 'node:http';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';

/** How long a Docker that is there may take to say so, in milliseconds. */
const answerLimitMs = 2_000;

/**
 * Whether a Docker daemon can be used. Looks where testcontainers looks, and loads nothing for it: without Docker it
 * costs a few look-ups of files. A daemon that the environment names by another way than a socket is taken at its word.
 */
export async function dockerAnswers(env: Readonly<Record<string, string | undefined>>): Promise<boolean> {
  const named = env['DOCKER_HOST'] ?? '';
  if (named !== '' && !named.startsWith('unix://')) return true;
  const places = named === '' ? usualPlaces(env['XDG_RUNTIME_DIR']) : [named.replace('unix://', '')];
  const answers = await Promise.all(places.filter((path) => existsSync(path)).map(answersOn));
  return answers.includes(true);
}

function usualPlaces(runtimeDir = join('/run', 'user', String(userInfo().uid))): readonly string[] {
  const inHome = join(homedir(), '.docker');
  return [
    '/var/run/docker.sock',
    join(runtimeDir, 'docker.sock'),
    join(inHome, 'run', 'docker.sock'),
    join(inHome, 'desktop', 'docker.sock'),
  ];
}

function answersOn(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const ping = request({ socketPath, path: '/_ping', timeout: answerLimitMs }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    ping.on('timeout', () => ping.destroy());
    // Whatever it is that fails, there is no Docker to be used there.
    ping.on('error', () => resolve(false));
    ping.end();
  });
}
