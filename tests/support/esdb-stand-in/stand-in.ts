import { once } from 'node:events';
import { createServer, type AddressInfo, type Server as TcpServer, type Socket } from 'node:net';
import { Server, ServerCredentials, type handleUnaryCall } from '@grpc/grpc-js';
import { GossipService } from '@eventstore/db-client/generated/gossip_grpc_pb.js';
import gossip from '@eventstore/db-client/generated/gossip_pb.js';
import { ServerFeaturesService } from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import features from '@eventstore/db-client/generated/serverfeatures_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import { StreamsService } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import { append, batchAppend } from './append.ts';
import { StandInLog } from './log.ts';
import { read } from './read.ts';
import { traitsOf } from './server-version.ts';
import type { ServiceContext } from './service-context.ts';
import { gate, noSwitches, type Switches } from './switches.ts';
import { tombstone } from './tombstone.ts';

export interface StandInOptions {
  /** 0 takes a free one. */
  readonly port?: number;
  /** What it says it is; it behaves so, as far as it matters. */
  readonly version?: string;
  /** Keeps the log here, so that another process can go on with it after this one. */
  readonly file?: string;
  readonly clock?: () => number;
  /** Answered by gossip; alone by default. */
  readonly members?: readonly { readonly host: string; readonly port: number; readonly leader: boolean }[];
  /** The log of another stand-in: two nodes of a cluster have one. */
  readonly log?: StandInLog;
}

export interface StandIn {
  readonly url: string;
  readonly port: number;
  readonly log: StandInLog;
  readonly switches: Switches;
  /** Cuts all connections and takes new ones. */
  dropConnections(): void;
  /** Nobody is there any more; the log stays. */
  halt(): Promise<void>;
  /** Is there again, on the same port, with the same log. */
  resume(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * A server that speaks EventStoreDB's gRPC protocol (plaintext), as far as the adapter uses it. It stands in for the
 * server and is not one.
 */
export async function startStandIn(options: StandInOptions = {}): Promise<StandIn> {
  const version = options.version ?? '24.10.0';
  const log = options.log ?? new StandInLog(options);
  const switches = noSwitches();
  const sockets = new Set<Socket>();
  const dropConnections = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const context: ServiceContext = { log, switches, traits: traitsOf(version), version, dropConnections };
  const server = new Server({ 'grpc.max_receive_message_length': 32 * 1024 * 1024 });
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  let port = options.port ?? 0;

  server.addService(StreamsService, {
    append: append(context),
    batchAppend: batchAppend(context),
    read: read(context),
    tombstone: tombstone(context),
  });
  server.addService(ServerFeaturesService, {
    getSupportedMethods: unary(() => supportedMethods(context), switches),
  });
  server.addService(GossipService, {
    read: unary(() => clusterInfo(options.members ?? [{ host: '127.0.0.1', port, leader: true }]), switches),
  });

  let listener: TcpServer | undefined;
  const listen = async (): Promise<void> => {
    listener = createServer((socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => undefined);
      injector.injectConnection(socket);
    });
    listener.listen(port, '127.0.0.1');
    await once(listener, 'listening');
    ({ port } = listener.address() as AddressInfo);
  };
  const halt = async (): Promise<void> => {
    const closing = listener;
    listener = undefined;
    if (closing === undefined) return;
    const closed = once(closing, 'close');
    closing.close();
    dropConnections();
    await closed;
  };
  await listen();
  return {
    url: `esdb://127.0.0.1:${port}?tls=false`,
    port,
    log,
    switches,
    dropConnections,
    halt,
    resume: listen,
    stop: async () => {
      await halt();
      injector.destroy();
      server.forceShutdown();
    },
  };
}

function unary<Answer>(answerOf: () => Answer, switches: Switches): handleUnaryCall<unknown, Answer> {
  return (_call, answer) => {
    void gate(switches, false).then((stopped) => {
      if (stopped === 'silence') return;
      if (stopped === undefined) answer(null, answerOf());
      else answer(stopped);
    });
  };
}

function supportedMethods({ version, traits }: ServiceContext): InstanceType<typeof features.SupportedMethods> {
  const methods = new features.SupportedMethods().setEventStoreServerVersion(version);
  for (const name of ['read', 'append', ...(traits.batchAppend ? ['batchappend'] : [])]) {
    const method = new features.SupportedMethod();
    methods.addMethods(method.setServiceName('event_store.client.streams.streams').setMethodName(name));
  }
  return methods;
}

function clusterInfo(members: NonNullable<StandInOptions['members']>): InstanceType<typeof gossip.ClusterInfo> {
  const info = new gossip.ClusterInfo();
  for (const { host, port, leader } of members) {
    const { LEADER, FOLLOWER } = gossip.MemberInfo.VNodeState;
    const member = new gossip.MemberInfo();
    member
      .setInstanceId(new shared.UUID().setString(crypto.randomUUID()))
      .setState(leader ? LEADER : FOLLOWER)
      .setIsAlive(true)
      .setHttpEndPoint(new gossip.EndPoint().setAddress(host).setPort(port));
    info.addMembers(member);
  }
  return info;
}
