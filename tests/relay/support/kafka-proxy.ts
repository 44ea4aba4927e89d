import { connect } from 'node:net';
import type { KafkaAccess } from '../../../src/infrastructure/event-bus/kafka.ts';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts';

/** A way to one broker that can be disturbed. */
export interface KafkaProxy extends TcpProxy {
  /** How to reach Kafka only through here: the brokers' own addresses are not used. */
  through(kafka: KafkaAccess): KafkaAccess;
}

/** @param broker as host:port */
export async function startKafkaProxy(broker: string): Promise<KafkaProxy> {
  const [host = '', port] = broker.split(':');
  const proxy = await startTcpProxy({ host, port: Number(port) });
  return {
    ...proxy,
    through: (kafka) => ({
      ...kafka,
      socketFactory: ({ onConnect }) => connect({ host: proxy.host, port: proxy.port }, onConnect),
    }),
  };
}
