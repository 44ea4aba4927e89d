import type { Config } from '../config.ts';
import { ConfigError, type ConfigProblem } from '../config/config-error.ts';
import type { HttpServer } from '../http/server.ts';

/** Opens the server's socket and answers its port. @throws ConfigError the address cannot be listened on */
export async function listen(http: HttpServer, { host, port }: Config): Promise<number> {
  try {
    return await http.listen();
  } catch (cause) {
    const problem = problemOf(cause instanceof Error && 'code' in cause ? cause.code : undefined, host, port);
    throw problem ? new ConfigError([problem], { cause }) : cause;
  }
}

function problemOf(code: unknown, host: string, port: number): ConfigProblem | undefined {
  const example = 'PORT=8080';
  switch (code) {
    case 'EADDRINUSE':
      return {
        name: 'PORT',
        detail: `${port} is in use on ${host}: stop what listens there, or take another`,
        example,
      };
    case 'EACCES':
      return { name: 'PORT', detail: `${port} is not open to this user: take one from 1024 on`, example };
    case 'EADDRNOTAVAIL':
      return { name: 'ANNALS_HOST', detail: `${host} is no address of this machine`, example: 'ANNALS_HOST=0.0.0.0' };
    default:
      return undefined;
  }
}
