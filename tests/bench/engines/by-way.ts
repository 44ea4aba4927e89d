/**
 * Preloaded into a process: leads its connections to one address to another. Kafka's brokers tell clients their own
 * address, so that a proxy alone would be gone around.
 */
import net from 'node:net';

const { BENCH_WAY_FROM = '', BENCH_WAY_TO = '' } = process.env;
const [host, port] = BENCH_WAY_FROM.split(':');
const connect = net.connect;

function connectByWay(...args: readonly unknown[]): net.Socket {
  const [options, ...rest] = args;
  if (isTarget(options)) return Reflect.apply(connect, net, [{ ...options, port: Number(BENCH_WAY_TO) }, ...rest]);
  return Reflect.apply(connect, net, args);
}

function isTarget(options: unknown): options is object {
  if (typeof options !== 'object' || options === null || !('host' in options) || !('port' in options)) return false;
  return options.host === host && String(options.port) === port;
}

Object.assign(net, { connect: connectByWay });
