import type { IncomingMessage } from 'node:http';
import { EgressRefused } from '../../ports/egress.ts';
import { UpstreamError } from '../../ports/upstream.ts';
import { ConnectionLost } from './errors.ts';
import { shorten } from './json.ts';

/** What a failed socket means for the call: refused by us, never reached, or lost on the way. */
export function socketFailure(error: Error): UpstreamError {
  if (error instanceof EgressRefused) return new UpstreamError('upstream_refused', error.message, { cause: error });
  if (error instanceof UpstreamError) return error;
  const { code, syscall } = error as NodeJS.ErrnoException;
  const reason = code ?? error.message;
  if (syscall === 'connect' || syscall === 'getaddrinfo' || isTlsFailure(error, code)) {
    return new ConnectionLost('upstream_unavailable', `the server cannot be reached: ${reason}`, { cause: error });
  }
  return new ConnectionLost(
    'upstream_disconnected',
    `the connection ended before the answer (${reason}); the call may have been carried out`,
    { cause: error },
  );
}

function isTlsFailure(error: Error, code: string | undefined): boolean {
  return /^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH|EPROTO)/.test(code ?? '')
    ? true
    : /before secure TLS connection/.test(error.message);
}

/** What a status other than success means. What the body says is not passed on: the caller did not ask that server. */
export function statusFailure(response: IncomingMessage): UpstreamError {
  const status = response.statusCode ?? 0;
  const said = `the server answered HTTP ${status}`;
  if (status >= 300 && status < 400) {
    return new UpstreamError('upstream_protocol_error', `${said}: redirects are not followed`);
  }
  if (status === 401 || status === 403) {
    return new UpstreamError('upstream_unavailable', `${said}: it does not accept the credentials stored for it`);
  }
  if (status === 404 || status === 405) {
    return new UpstreamError('upstream_unavailable', `${said}: there is no MCP endpoint at this URL`);
  }
  if (status === 429 || status >= 500) {
    const retry = response.headers['retry-after'];
    const later = retry === undefined ? '' : `; it asks to try again after ${shorten(retry, 40)}`;
    return new UpstreamError('upstream_unavailable', `${said}${later}`);
  }
  return new UpstreamError('upstream_protocol_error', said);
}
