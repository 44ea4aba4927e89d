import { expect, it, onTestFinished } from 'vitest';
import { giveOAuthGrant, revokeOAuthGrant } from '../../src/commands/oauth.ts';
import { endSession, logIn } from '../../src/commands/sessions.ts';
import { registerUser } from '../../src/commands/users.ts';
import { createPrincipals } from '../../src/http/auth/principals.ts';
import { tellRevocations } from '../../src/http/auth/revocations.ts';
import { createMemoryCoordination } from '../../src/infrastructure/coordination/memory.ts';
import type { Coordination } from '../../src/ports/coordination.ts';
import type { EventStore } from '../../src/ports/event-store.ts';
import { newCommand, openCommandSide } from '../commands/harness.ts';
import { until } from '../contract/coordination/helpers.ts';
import { logLines } from '../support/log-lines.ts';
import { temporaryRedis } from '../contract/coordination/temporary-redis.ts';
import { onEngine } from '../support/engines.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';

const accessTokenTtlMs = 900_000;
const password = 'correct horse battery staple';

/** The same log, whose news never come. */
function deaf(store: EventStore): EventStore {
  return {
    atomicAppendMany: store.atomicAppendMany,
    append: (stream, revision, events) => store.append(stream, revision, events),
    appendMany: (appends) => store.appendMany(appends),
    readStream: (stream, options) => store.readStream(stream, options),
    readAll: (options) => store.readAll(options),
    async *subscribe({ signal }) {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      yield* [];
    },
    head: () => store.head(),
    positionAt: (timeMs) => store.positionAt(timeMs),
    close: () => store.close(),
  };
}

/** A process that ends sessions, and another that hears of it by messages alone. */
async function twoProcesses(here: Coordination, there: Coordination) {
  const side = await openCommandSide();
  const writer = { ...side.deps, store: tellRevocations(side.store, here.channels) };
  const options = { channels: there.channels, accessTokenTtlMs, logger: logLines() };
  const principals = await createPrincipals(side.elsewhere(deaf(side.store)), options);
  onTestFinished(() => principals.close());
  const ada = newCommand();
  await registerUser(writer, ada, { username: 'ada', email: 'ada@example.org', password });
  const open = async () => {
    const { sessionId, userId } = await logIn(writer, newCommand(), 'ada', password);
    expect(await principals.of(sessionId, userId)).toMatchObject({ userId });
    return { sessionId, isOpen: async () => (await principals.of(sessionId, userId)) !== undefined };
  };
  const end = (sessionId: string) => endSession(writer, newCommand(), sessionId, 'logout');
  const letIn = async () => {
    const [grantId, userId] = [newCommand().commandId, ada.commandId];
    const content = { userId, clientId: 'client', resources: {}, rejected: {}, expiresAt: '2099-01-01T00:00:00.000Z' };
    await giveOAuthGrant(writer, newCommand(), grantId, content);
    expect(await principals.ofGrant(grantId, userId)).toMatchObject({ userId });
    return { grantId, isOpen: async () => (await principals.ofGrant(grantId, userId)) !== undefined };
  };
  const takeBack = (grantId: string) => revokeOAuthGrant(writer, newCommand(), grantId);
  return { open, end, letIn, takeBack };
}

function tests(start: () => { readonly here: Coordination; readonly there: Coordination }): void {
  it('an ended session is over in another process at once, before the log brings it there', async () => {
    const { here, there } = start();
    const { open, end } = await twoProcesses(here, there);
    const [ended, kept] = [await open(), await open()];
    await end(ended.sessionId);
    await until(async () => expect(await ended.isOpen()).toBe(false));
    expect(await kept.isOpen()).toBe(true);
  });

  it('so is what a client was let do, when it is taken back', async () => {
    const { here, there } = start();
    const { letIn, takeBack } = await twoProcesses(here, there);
    const [ended, kept] = [await letIn(), await letIn()];
    await takeBack(ended.grantId);
    await until(async () => expect(await ended.isOpen()).toBe(false));
    expect(await kept.isOpen()).toBe(true);
  });

  it('what others say on the channel ends nothing', async () => {
    const { here, there } = start();
    const { open, end } = await twoProcesses(here, there);
    const [ended, kept] = [await open(), await open()];
    for (const text of ['nonsense', '{}', 'null', '{"ended":7}', '{"ended":""}'])
      await here.channels.publish('revocations', text);
    await end(ended.sessionId);
    await until(async () => expect(await ended.isOpen()).toBe(false));
    expect(await kept.isOpen()).toBe(true);
  });
}

tests(() => {
  const alone = createMemoryCoordination({ logger: logLines() });
  onTestFinished(() => alone.close());
  return { here: alone, there: alone };
});

onEngine('redis', (url) => {
  tests(() => {
    const place = temporaryRedis(url);
    onTestFinished(() => place.dispose());
    return { here: place.open().coordination, there: place.open().coordination };
  });

  it('a process that was cut off from Redis looks at the log itself for what it may have missed', async () => {
    const { hostname, port } = new URL(url);
    const proxy = await startTcpProxy({ host: hostname, port: Number(port || 6379) });
    const place = temporaryRedis(url);
    onTestFinished(async () => {
      await place.dispose();
      await proxy.close();
    });
    const far = `redis://${proxy.host}:${proxy.port}`;
    const { open, end } = await twoProcesses(place.open().coordination, place.open({ url: far }).coordination);
    const ended = await open();
    proxy.cut();
    await end(ended.sessionId);
    await until(async () => expect(await ended.isOpen()).toBe(false));
  });
});
