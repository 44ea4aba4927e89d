import { GenericContainer, getContainerRuntimeClient, RandomPortGenerator, Wait } from 'testcontainers';
import type { StartedTestContainer } from 'testcontainers';
import type { EngineName } from './engine-table.ts';

/** An engine in a container of its own. */
export interface EngineContainer {
  /** What the engine's variable says: a URL, or brokers. */
  readonly address: string;
  stop(): Promise<void>;
}

/** A password for servers on loopback that live as long as the tests. */
const password = 'annals-tests';
const startLimitMs = 240_000;

/** Starts an engine and answers when it is ready. @throws what testcontainers says */
export const startEngine: Readonly<Record<EngineName, () => Promise<EngineContainer>>> = {
  async mariadb() {
    const container = new GenericContainer('mariadb:10.11')
      .withEnvironment({ MARIADB_ROOT_PASSWORD: password, MARIADB_DATABASE: 'app' })
      .withCommand(['--innodb-flush-log-at-trx-commit=0']);
    return sqlServer(container);
  },

  async mysql() {
    const container = new GenericContainer('mysql:8.4')
      .withEnvironment({ MYSQL_ROOT_PASSWORD: password, MYSQL_DATABASE: 'app' })
      .withCommand(['--innodb-flush-log-at-trx-commit=0']);
    return sqlServer(container);
  },

  async redis() {
    const started = await new GenericContainer('redis:7.4')
      .withCommand(['redis-server', '--appendonly', 'yes', '--maxmemory', '256mb', '--maxmemory-policy', 'noeviction'])
      .withExposedPorts(6379)
      .withWaitStrategy(Wait.forLogMessage('Ready to accept connections'))
      .withStartupTimeout(startLimitMs)
      .start();
    return running(started, `redis://${endpoint(started, 6379)}`);
  },

  async mongodb() {
    const started = await new GenericContainer('mongo:7.0')
      .withCommand(['mongod', '--replSet', 'rs0', '--bind_ip_all'])
      .withExposedPorts(27017)
      .withWaitStrategy(Wait.forLogMessage('Waiting for connections'))
      .withStartupTimeout(startLimitMs)
      .start();
    const script =
      "rs.initiate({ _id: 'rs0', members: [{ _id: 0, host: 'localhost:27017' }] }); " +
      'while (!db.hello().isWritablePrimary) sleep(50)';
    const { exitCode, output } = await started.exec(['mongosh', '--quiet', '--eval', script]);
    if (exitCode !== 0) {
      await started.stop();
      throw new Error(`the replica set could not be made: ${output}`);
    }
    // The set knows its member by the address inside the container, which only a direct connection gets around.
    return running(started, `mongodb://${endpoint(started, 27017)}/?replicaSet=rs0&directConnection=true`);
  },

  async kafka() {
    // A broker tells its clients where it is, so the port outside has to be known before it starts.
    const [{ info }, port] = await Promise.all([getContainerRuntimeClient(), new RandomPortGenerator().generatePort()]);
    const address = `${info.containerRuntime.host}:${port}`;
    const started = await new GenericContainer('apache/kafka:4.3.1')
      .withEnvironment({
        KAFKA_NODE_ID: '1',
        KAFKA_PROCESS_ROLES: 'broker,controller',
        KAFKA_LISTENERS: 'PLAINTEXT://:9092,CONTROLLER://:9093',
        KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://${address}`,
        KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
        KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
        KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:9093',
        KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
        KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS: '1',
        KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
        KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
        KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
        KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
        KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS: '1000',
        KAFKA_HEAP_OPTS: '-Xmx384m',
      })
      .withExposedPorts({ container: 9092, host: port })
      .withWaitStrategy(Wait.forLogMessage(/Kafka Server started/))
      .withStartupTimeout(startLimitMs)
      .start();
    return running(started, address);
  },

  async elasticsearch() {
    const started = await new GenericContainer('docker.elastic.co/elasticsearch/elasticsearch:9.5.3')
      .withEnvironment({
        'discovery.type': 'single-node',
        'xpack.security.enabled': 'false',
        'cluster.routing.allocation.disk.threshold_enabled': 'false',
        ES_JAVA_OPTS: '-Xms512m -Xmx512m',
      })
      .withExposedPorts(9200)
      .withWaitStrategy(Wait.forHttp('/_cluster/health?wait_for_status=yellow&timeout=30s', 9200).forStatusCode(200))
      .withStartupTimeout(startLimitMs)
      .start();
    return running(started, `http://${endpoint(started, 9200)}`);
  },

  async eventstore() {
    const started = await new GenericContainer('docker.kurrent.io/kurrent-latest/kurrentdb:26.1.1')
      .withEnvironment({ KURRENTDB_INSECURE: 'true', KURRENTDB_MEM_DB: 'true', KURRENTDB_RUN_PROJECTIONS: 'None' })
      .withExposedPorts(2113)
      .withWaitStrategy(Wait.forHttp('/health/live', 2113).forStatusCode(204))
      .withStartupTimeout(startLimitMs)
      .start();
    return running(started, `esdb://${endpoint(started, 2113)}?tls=false`);
  },
};

/** MySQL and MariaDB alike open port 3306 only when what they set up on their first start is done. */
async function sqlServer(container: GenericContainer): Promise<EngineContainer> {
  const started = await container
    .withExposedPorts(3306)
    .withWaitStrategy(Wait.forLogMessage(/port: 3306\b/))
    .withStartupTimeout(startLimitMs)
    .start();
  return running(started, `mysql://root:${password}@${endpoint(started, 3306)}/app`);
}

function endpoint(started: StartedTestContainer, port: number): string {
  return `${started.getHost()}:${started.getMappedPort(port)}`;
}

function running(started: StartedTestContainer, address: string): EngineContainer {
  return {
    address,
    async stop() {
      await started.stop();
    },
  };
}
